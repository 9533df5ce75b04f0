"""Ranking, the metric families of the field, and the reports made from them."""
