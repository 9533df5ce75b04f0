"""The classification term (eq. 9) on retrieval features of seen classes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def classification_loss(sketch_logits: Tensor, photo_logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of both modalities added up (eq. 9), a scalar.

    ``sketch_logits`` and ``photo_logits`` are (B, classes), the classifier's outputs for the two retrieval features of
    each pair; ``labels`` (B,) are the pairs' classes, 0 to classes - 1.
    """
    return F.cross_entropy(sketch_logits, labels) + F.cross_entropy(photo_logits, labels)
