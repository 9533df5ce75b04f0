"""The adversarial term (eq. 1): semantic features of both modalities against the class vectors, in two forms."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from pcmsn.losses.weights import GanForm

REAL_LABELS = (0.7, 1.0)
FAKE_LABELS = (0.0, 0.3)


def discriminator_loss(
    real: Tensor, sketch: Tensor, photo: Tensor, *, form: GanForm, generator: torch.Generator
) -> Tensor:
    """What the discriminator minimises, a scalar.

    ``real``, ``sketch`` and ``photo`` are its raw outputs (B,) for class vectors and for the semantic features of the
    two modalities. ``log`` is eq. 1 with its sign turned, where D is the sigmoid of the output. ``least-squares`` is
    the released form: squared distance to soft labels, real ones drawn from U[0.7, 1] and fake ones from U[0, 0.3];
    there the two fakes together weigh as much as the real term.
    """
    if form == "log":
        return 2 * F.softplus(-real).mean() + F.softplus(sketch).mean() + F.softplus(photo).mean()
    fake = _distance(sketch, FAKE_LABELS, generator) + _distance(photo, FAKE_LABELS, generator)
    return _distance(real, REAL_LABELS, generator) + fake / 2


def generator_loss(sketch: Tensor, photo: Tensor, *, form: GanForm, generator: torch.Generator) -> Tensor:
    """What the two generators minimise, a scalar: both modalities' semantic features are to pass for class vectors.

    ``log`` is the non-saturating form -E log D(z): its optimum is that of eq. 1, and its gradient does not vanish
    while the discriminator wins. ``least-squares`` is the released form with soft labels.
    """
    if form == "log":
        return F.softplus(-sketch).mean() + F.softplus(-photo).mean()
    return _distance(sketch, REAL_LABELS, generator) + _distance(photo, REAL_LABELS, generator)


def _distance(output: Tensor, labels: tuple[float, float], generator: torch.Generator) -> Tensor:
    low, high = labels
    soft = low + (high - low) * torch.rand(output.shape, generator=generator)
    return F.mse_loss(output, soft.to(output.device))
