"""Class vectors as prototypes: what an embedding says of the semantics must be nearest to its own class."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def prototype_loss(semantic: Tensor, prototypes: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of cosines to the prototypes, divided by ``temperature``; a scalar.

    ``semantic`` is (..., N, S), what N embeddings were projected to, ``prototypes`` (classes, S) with rows of length 1,
    ``labels`` (N,) positions of the right ones.
    """
    logits = F.normalize(semantic, dim=-1) @ prototypes.T / temperature
    return F.cross_entropy(logits.flatten(0, -2), labels.expand(logits.shape[:-1]).flatten())
