"""The loss terms, one concept a file, each a pure function of tensors: the paper's, and those of preset ``best``."""
