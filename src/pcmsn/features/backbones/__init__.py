"""Feature extractors: networks from files, folders and the hub, and what is made of them."""
