"""Pictures to vectors without torch: exported models, and the one that is packaged."""
