"""Galleries: photos with their retrieval features, stored, kept up to date and searched by sketches."""
