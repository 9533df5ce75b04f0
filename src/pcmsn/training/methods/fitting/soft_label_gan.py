"""Least-squares GAN terms with soft labels, for discriminators that see one generated set, or several."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from pcmsn.losses.adversarial import FAKE_LABELS, REAL_LABELS


def passes_as_real_loss(output: Tensor, generator: torch.Generator) -> Tensor:
    """Mean squared distance of (B,) discriminator outputs to labels drawn from U[0.7, 1], a scalar.

    A discriminator minimises it on real vectors, a generator on its own.
    """
    return _distance(output, REAL_LABELS, generator)


def passes_as_generated_loss(output: Tensor, generator: torch.Generator) -> Tensor:
    """Mean squared distance of (B,) discriminator outputs to labels drawn from U[0, 0.3], a scalar."""
    return _distance(output, FAKE_LABELS, generator)


def _distance(output: Tensor, labels: tuple[float, float], generator: torch.Generator) -> Tensor:
    low, high = labels
    soft = low + (high - low) * torch.rand(output.shape, generator=generator)
    return F.mse_loss(output, soft.to(output.device))
