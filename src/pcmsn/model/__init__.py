"""The networks, PCMSN's and those of preset ``best``, and what they return."""
