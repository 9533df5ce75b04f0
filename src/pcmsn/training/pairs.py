"""Class-balanced pairs: every class is drawn equally often, then a sketch and a photo of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import DataError

Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Positions of B same-class pairs."""

    sketches: Labels
    """(B,) rows of the sketch table."""
    photos: Labels
    """(B,) rows of the photo table."""
    labels: Labels
    """(B,) their classes."""


class PairSampler:
    """Draws pairs like the released weighted sampler does, without listing a class's sketches times photos first.

    There every pair of a class weighs 1 / (pairs of the class); drawing a class, then a sketch and a photo of it, each
    uniformly, gives every pair the same probability.
    """

    def __init__(self, sketch_labels: Labels, photo_labels: Labels, classes: int) -> None:
        self.classes = classes
        self._sketches = _RowsByClass(sketch_labels, classes)
        self._photos = _RowsByClass(photo_labels, classes)
        for name, rows in (("sketches", self._sketches), ("photos", self._photos)):
            empty = np.flatnonzero(rows.counts == 0)
            if len(empty):
                raise DataError(f"class number {empty[0]} has no {name} to draw pairs from")

    def batches(
        self, count: int, size: int, generator: np.random.Generator, pairs_per_class: int = 0
    ) -> Iterator[PairBatch]:
        """``count`` batches of ``size`` pairs each, with replacement.

        With ``pairs_per_class`` so many pairs of a class stand one after the other, and the size / pairs_per_class
        classes of a batch differ; where there are not so many classes, a batch is smaller.
        """
        for _ in range(count):
            labels = self._labels(size, pairs_per_class, generator)
            yield PairBatch(self._sketches.draw(labels, generator), self._photos.draw(labels, generator), labels)

    def _labels(self, size: int, pairs_per_class: int, generator: np.random.Generator) -> Labels:
        if not pairs_per_class:
            return generator.integers(0, self.classes, size=size)
        different = min(self.classes, max(1, size // pairs_per_class))
        return np.repeat(generator.choice(self.classes, different, replace=False), pairs_per_class)


class _RowsByClass:
    def __init__(self, labels: Labels, classes: int) -> None:
        self.rows = np.argsort(labels, kind="stable")
        self.counts = np.bincount(labels, minlength=classes)
        self.starts = np.cumsum(self.counts) - self.counts

    def draw(self, labels: Labels, generator: np.random.Generator) -> Labels:
        within: Labels = generator.integers(0, self.counts[labels])
        drawn: Labels = self.rows[self.starts[labels] + within]
        return drawn
