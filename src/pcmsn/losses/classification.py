"""The classification term (eq. 9) on retrieval features of seen classes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def classification_loss(sketch_logits: Tensor, photo_logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of both modalities added up, a scalar; logits are (B, classes), ``labels`` (B,) integers."""
    return F.cross_entropy(sketch_logits, labels) + F.cross_entropy(photo_logits, labels)
