"""One HTML file that says what a run is worth: computed here from a run folder, laid out by ``page``."""
