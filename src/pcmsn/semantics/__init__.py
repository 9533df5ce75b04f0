"""Side information: class vectors from files, and is-a hierarchies with similarity measures."""
