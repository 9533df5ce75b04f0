"""What a method is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.scoring import mean_average_precision
from pcmsn.features.tables import FeatureTables
from pcmsn.training.config import RunConfig
from pcmsn.training.loop import TrainingData
from pcmsn.training.run_folder import RunRecord

Embeddings = tuple[NDArray[np.float32], NDArray[np.float32]]
Embed = Callable[[FeatureTables], Embeddings]
"""From feature tables to (Q, d) sketch and (N, d) photo embeddings, each row alone."""


@dataclass(frozen=True, eq=False)
class Task:
    """The seen classes to learn from, the validation classes to choose on, and nothing of the test classes."""

    data: TrainingData
    config: RunConfig
    """``training`` says how long and from which seed, ``model.dim`` how long an embedding is."""
    record: RunRecord
    """Where the features come from."""
    folder: Path
    """A folder of this method and seed alone, made when it is written to."""
    device: str = "cpu"

    @property
    def seed(self) -> int:
        """The seed of this run."""
        return self.config.training.seed


@dataclass(frozen=True, eq=False)
class Fitted:
    """A method after training, at its best epoch."""

    embed: Embed
    validation_map: float
    """mAP@all on the validation classes."""
    best_epoch: int = 0
    """Counted from 1; 0 for a method without epochs."""
    epochs_done: int = 0


class Method(Protocol):
    """A way to bring sketches and photos into one space. Its instances are frozen dataclasses of its settings."""

    title: ClassVar[str]
    """For tables."""
    uses_class_vectors: ClassVar[bool]
    """Whether it learns from side information; where no method does, none has to be there."""

    def fit(self, task: Task) -> Fitted:
        """The method trained on the seen classes, at the epoch or setting that is best on the validation classes."""


def validation_map(embed: Embed, val: FeatureTables) -> float:
    """mAP@all with the validation classes' sketches as queries and their photos as gallery: what choices go by."""
    sketches, photos = embed(val)
    return mean_average_precision(sketches, val.sketches.labels, photos, val.photos.labels)


def unit_rows(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, d) rows scaled to length 1, so that their Euclidean order is the cosine order; a zero row stays."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1), dtype=np.float32)
