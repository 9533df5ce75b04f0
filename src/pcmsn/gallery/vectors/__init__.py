"""Vectors and codes in memory, and the ways to search them."""
