"""The web page of a gallery: an HTTP server that is safe by default, and the page itself."""
