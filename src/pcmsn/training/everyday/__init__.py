"""How the packaged model `everyday` is made: drawings and photos of many sources to two networks in one space."""
