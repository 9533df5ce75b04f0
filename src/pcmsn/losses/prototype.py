"""The prototype term: an embedding, projected to the semantic space, must be nearest to its own class's vector."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def prototype_loss(semantic: Tensor, prototypes: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of cosines to all class vectors, divided by ``temperature``, averaged to a scalar.

    ``semantic`` is (..., N, S), the projections of N embeddings, ``prototypes`` (classes, S) the class vectors scaled
    to length 1, ``labels`` (N,) the embeddings' classes as rows of ``prototypes``.
    """
    logits = F.normalize(semantic, dim=-1) @ prototypes.T / temperature  # (..., N, classes)
    return F.cross_entropy(logits.flatten(0, -2), labels.expand(logits.shape[:-1]).flatten())
