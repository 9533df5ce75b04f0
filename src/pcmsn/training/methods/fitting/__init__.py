"""What all methods share: the task, the loop over batches and epochs, networks and losses of more than one method."""
