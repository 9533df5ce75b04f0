"""Two branches with the supervised contrastive loss (Khosla et al., NeurIPS 2020) over both modalities as one set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from pcmsn.losses.contrastive import supervised_contrastive_loss
from pcmsn.training.methods.fitting.checks import check_positive
from pcmsn.training.methods.fitting.learning import learn
from pcmsn.training.methods.fitting.task import Fitted, Task
from pcmsn.training.methods.fitting.two_branches import TwoBranchLearner


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
        return learn(lambda: TwoBranchLearner(task, self._loss, self.learning_rate), task)

    def _loss(self, sketches: Tensor, photos: Tensor, labels: Tensor) -> Tensor:
        """See ``PairLoss``."""
        embeddings = torch.cat([sketches, photos])
        return supervised_contrastive_loss(embeddings, torch.cat([labels, labels]), self.temperature)


METHOD = SupervisedContrastive()
