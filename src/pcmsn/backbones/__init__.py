"""Feature extractors (picture to vector) and the cache that keeps each picture's features."""
