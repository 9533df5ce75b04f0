"""The cross-modal Euclidean term (eq. 12), which draws the two retrieval features of a pair together."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def cross_modal_euclidean_loss(sketch: Tensor, photo: Tensor) -> Tensor:
    """Mean squared difference of same-class retrieval features (eq. 12), two (B, dim) tensors, as a scalar.

    The mean is over pairs and elements. Summed over the elements of a pair instead, at the paper's weight, the term
    outweighs classification and draws all classes to one point (``benchmarks/cross_modal_scale.py`` shows it).
    """
    return F.mse_loss(sketch, photo)
