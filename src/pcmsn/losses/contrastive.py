"""The supervised contrastive term (Khosla et al., NeurIPS 2020) over sketches and photos as one set."""

from __future__ import annotations

from torch import Tensor


def supervised_contrastive_loss(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """The mean over N embeddings of -log of the share that the others of its class have, averaged over them; a scalar.

    The share of one is exp(cosine / temperature) over the sum of that for all other embeddings. ``embeddings`` are
    (N, dim) of any length, ``labels`` (N,); who has no other of its class does not count. From
    pytorch-metric-learning.
    """
    from pytorch_metric_learning.losses import SupConLoss  # type: ignore[import-untyped]

    loss: Tensor = SupConLoss(temperature=temperature)(embeddings, labels)
    return loss
