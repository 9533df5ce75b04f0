"""Fetching data sets from the known locations."""
