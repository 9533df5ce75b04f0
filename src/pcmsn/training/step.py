"""What one batch does to a model, whichever model it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from pcmsn.errors import TrainingError
from pcmsn.losses.weights import LossConfig


@dataclass(frozen=True)
class LossTerms:
    """The unweighted terms of one batch, or their means over an epoch; ``total`` is what was minimised."""

    total: float
    parts: Mapping[str, float]
    """Terms by the names of their weights, and ``discriminator``, where there is one."""

    @staticmethod
    def mean(batches: list[LossTerms]) -> LossTerms:
        """Term by term over the batches of an epoch, at least one."""
        count = len(batches)
        parts = {name: sum(batch.parts[name] for batch in batches) / count for name in batches[0].parts}
        return LossTerms(sum(batch.total for batch in batches) / count, parts)

    def as_dict(self) -> dict[str, float]:
        """Term names to values, the total first."""
        return {"total": self.total, **self.parts}


class Step(Protocol):
    """A model's losses with the optimizers that minimise them."""

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimizers by their names in a saved state."""

    def __call__(self, sketches: Tensor, photos: Tensor, semantic: Tensor, labels: Tensor) -> LossTerms:
        """Update on B same-class pairs and give the loss terms before the update.

        ``sketches`` (B, sketch_dim) and ``photos`` (B, photo_dim) are raw visual features, ``semantic``
        (B, semantic_dim) the vectors of their classes, ``labels`` (B,) their classes. Raises TrainingError where the
        loss is not a finite number.
        """


def weighted_sum(terms: Mapping[str, Tensor], weights: LossConfig) -> tuple[Tensor, LossTerms]:
    """The total loss (eq. 13), a scalar for its gradient, and the values of all terms, named after their weights.

    Raises TrainingError unless the total is a finite number.
    """
    total = sum((getattr(weights, name) * term for name, term in terms.items()), torch.zeros(()))
    values = LossTerms(total.item(), {name: term.item() for name, term in terms.items()})
    if not torch.isfinite(total):
        raise TrainingError(
            f"the loss is no longer a finite number ({values.as_dict()}); the last good epoch is kept. "
            "Lower --learning-rate, or look for extreme values in the features or class vectors"
        )
    return total, values
