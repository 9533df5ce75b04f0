"""Unpacking archives that nobody vouches for: .zip, .tar and .7z."""
