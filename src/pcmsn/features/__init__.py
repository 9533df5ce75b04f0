"""Features of pictures: the networks that give them, their extraction, and where they are kept."""
