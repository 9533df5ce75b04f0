"""Configuration, presets, the training loop and what it saves."""
