"""A trained run as a folder for others: safetensors, ONNX, and a card that says what it is."""
