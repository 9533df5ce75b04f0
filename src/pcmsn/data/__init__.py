"""Pictures and their classes: records, folder layouts, splits, decoding, and the drawn toy world."""
