"""Two branches with the supervised contrastive loss (Khosla et al., NeurIPS 2020) over both modalities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from pcmsn.training.methods.fitting.learning import learn
from pcmsn.training.methods.fitting.task import Fitted, Task
from pcmsn.training.methods.fitting.two_branches import PairLoss, TwoBranchLearner, check_positive


@dataclass(frozen=True, kw_only=True)
class SupervisedContrastive:
    """Sketches and photos of a batch are one set, in which those of a class belong together."""

    title: ClassVar[str] = "two branches, supervised contrastive loss"
    uses_class_vectors: ClassVar[bool] = False

    temperature: float = 0.1
    """Divides the cosines."""
    learning_rate: float = 1e-3
    """Of Adam."""

    def __post_init__(self) -> None:
        check_positive("supcon", temperature=self.temperature, learning_rate=self.learning_rate)

    def fit(self, task: Task) -> Fitted:
        """Two branches, trained."""
        return learn(
            lambda: TwoBranchLearner(task, supervised_contrastive_loss(self.temperature), self.learning_rate), task
        )


def supervised_contrastive_loss(temperature: float) -> PairLoss:
    """The mean over all 2 B embeddings of -log of the share that the others of its class have, averaged over them.

    The share of one is exp(cosine / temperature) over the sum of that for all other embeddings of the batch. From
    pytorch-metric-learning.
    """
    from pytorch_metric_learning.losses import SupConLoss  # type: ignore[import-untyped]

    loss = SupConLoss(temperature=temperature)

    def of_batch(sketches: Tensor, photos: Tensor, labels: Tensor) -> Tensor:
        found: Tensor = loss(torch.cat([sketches, photos]), torch.cat([labels, labels]))
        return found

    return of_batch


METHOD = SupervisedContrastive()
