"""Methods side by side on the same features, run against run on the same queries, and what was published."""
