"""Settings of extractors that need no network to be named."""

from __future__ import annotations

from typing import Literal

Resize = Literal["squash", "model"]
"""``squash`` brings the whole picture to the network's input size, as every code of this field does; ``model`` follows
the model's own image processor, which may cut the border away."""

Layers = Literal["last", "several"]
"""Whether a feature is what the network was made to give (``last``), or that with summaries of earlier layers."""

Precision = Literal["32", "bf16", "16"]
"""How a network computes: in float32, or where that loses little in bfloat16 or float16."""
