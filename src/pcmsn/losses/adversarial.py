"""The adversarial term (eq. 1): semantic features of both modalities against the class vectors, in two forms."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from pcmsn.losses.weights import GanForm

REAL_LABELS = (0.7, 1.0)
"""The range that the released code draws soft labels of real vectors from, uniformly."""
FAKE_LABELS = (0.0, 0.3)
"""The same for generated vectors."""


def discriminator_loss(
    real: Tensor, sketch: Tensor, photo: Tensor, *, form: GanForm, generator: torch.Generator
) -> Tensor:
    """What the discriminator minimises (eq. 1), a scalar.

    ``real``, ``sketch`` and ``photo`` are its raw outputs (B,) for class vectors and for the semantic features of the
    two modalities. ``log`` is eq. 1 with its sign turned, where D is the sigmoid of the output. ``least-squares`` is
    the released form: squared distance to soft labels that ``generator`` draws, real ones from U[0.7, 1] and fake ones
    from U[0, 0.3]; there the two fakes together weigh as much as the real term.
    """
    if form == "log":
        return 2 * F.softplus(-real).mean() + F.softplus(sketch).mean() + F.softplus(photo).mean()
    fake = passes_as_fake_loss(sketch, generator) + passes_as_fake_loss(photo, generator)
    return passes_as_real_loss(real, generator) + fake / 2


def generator_loss(sketch: Tensor, photo: Tensor, *, form: GanForm, generator: torch.Generator) -> Tensor:
    """What the two generators minimise (eq. 1), a scalar: both modalities' semantic features should pass as real.

    ``sketch`` and ``photo`` are the discriminator's raw outputs (B,) for them. ``log`` is the non-saturating form
    -E log D(z): its optimum is that of eq. 1, and its gradient does not vanish while the discriminator wins.
    ``least-squares`` is the released form with soft labels that ``generator`` draws.
    """
    if form == "log":
        return F.softplus(-sketch).mean() + F.softplus(-photo).mean()
    return passes_as_real_loss(sketch, generator) + passes_as_real_loss(photo, generator)


def passes_as_real_loss(output: Tensor, generator: torch.Generator) -> Tensor:
    """Mean squared distance of raw outputs (B,) to soft labels drawn from ``REAL_LABELS``, a scalar.

    A discriminator minimises it on real vectors, a generator on what it generates.
    """
    return _distance(output, REAL_LABELS, generator)


def passes_as_fake_loss(output: Tensor, generator: torch.Generator) -> Tensor:
    """Mean squared distance of raw outputs (B,) to soft labels drawn from ``FAKE_LABELS``, a scalar.

    A discriminator minimises it on generated vectors.
    """
    return _distance(output, FAKE_LABELS, generator)


def _distance(output: Tensor, labels: tuple[float, float], generator: torch.Generator) -> Tensor:
    low, high = labels
    soft = low + (high - low) * torch.rand(output.shape, generator=generator)
    return F.mse_loss(output, soft.to(output.device))
