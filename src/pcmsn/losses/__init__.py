"""The loss terms of the paper, one a file, each a pure function of tensors."""
