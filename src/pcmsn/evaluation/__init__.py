"""Ranking, the metric families of the field, scores with intervals and tests, and pictures of results."""
