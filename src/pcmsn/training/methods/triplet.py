"""Two branches with a triplet loss: a photo of the sketch's class must be nearer than one of another class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from pcmsn.training.methods.fitting.checks import check_positive
from pcmsn.training.methods.fitting.learning import learn
from pcmsn.training.methods.fitting.task import Fitted, Task
from pcmsn.training.methods.fitting.two_branches import PairLoss, TwoBranchLearner


@dataclass(frozen=True, kw_only=True)
class Triplet:
    """Every triplet of a batch that breaks the margin counts the same."""

    title: ClassVar[str] = "two branches, triplet loss"
    uses_class_vectors: ClassVar[bool] = False

    margin: float = 0.2
    """By how much the photo of another class must be farther, in Euclidean distance of embeddings of length 1."""
    learning_rate: float = 1e-3
    """Of Adam."""

    def __post_init__(self) -> None:
        check_positive("triplet", margin=self.margin, learning_rate=self.learning_rate)

    def fit(self, task: Task) -> Fitted:
        """Two branches, trained."""
        return learn(lambda: TwoBranchLearner(task, triplet_loss(self.margin), self.learning_rate), task)


def triplet_loss(margin: float) -> PairLoss:
    """The mean of max(0, margin + |sketch - photo| - |sketch - other photo|) over the triplets where it is not 0.

    The sketch is the anchor; the photo is any of its class in the batch, the other photo any of another class. Computed
    by pytorch-metric-learning.
    """
    from pytorch_metric_learning.losses import TripletMarginLoss  # slow to import

    loss = TripletMarginLoss(margin=margin)

    def of_batch(sketches: Tensor, photos: Tensor, labels: Tensor) -> Tensor:
        # A copy of the labels: given the very same tensor, the library takes both sides for one and drops the pairs.
        value: Tensor = loss(sketches, labels, ref_emb=photos, ref_labels=labels.clone())
        return value

    return of_batch


METHOD = Triplet()
