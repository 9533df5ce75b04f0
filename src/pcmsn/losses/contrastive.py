"""The supervised contrastive term (Khosla et al., NeurIPS 2020) over sketches and photos as one set."""

from __future__ import annotations

from torch import Tensor


def supervised_contrastive_loss(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """How little each embedding singles out the others of its class, a scalar (eq. 2 of Khosla et al.).

    ``embeddings`` are (N, dim), of any length, ``labels`` (N,) their classes. An embedding gives each of the others a
    share: exp(cosine / temperature) over the sum of that for all others. The loss is the mean of -log(share) over the
    others of its class, and then over all embeddings that have such others. Computed by pytorch-metric-learning.
    """
    from pytorch_metric_learning.losses import SupConLoss  # slow to import

    loss: Tensor = SupConLoss(temperature=temperature)(embeddings, labels)
    return loss
