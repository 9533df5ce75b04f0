"""Class-balanced pairs: every class is drawn equally often, then a sketch and a photo of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import DataError

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Positions of B same-class pairs."""

    sketches: Integers
    """(B,) rows of the sketch table."""
    photos: Integers
    """(B,) rows of the photo table."""
    labels: Integers
    """(B,) their classes."""


class PairSampler:
    """Draws pairs with the probabilities of the released code's weighted sampler, without listing all pairs.

    There each pair weighs 1 / (number of pairs of its class). Drawing a class, then a sketch and a photo of it, each
    uniformly, gives every pair the same probability. Raises DataError for a class without sketches or photos.
    """

    def __init__(self, sketch_labels: Integers, photo_labels: Integers, classes: int) -> None:
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

        With ``pairs_per_class`` a batch holds so many pairs of each of size / pairs_per_class different classes, one
        class after the other; where there are fewer classes, the batch is smaller.
        """
        for _ in range(count):
            labels = self._labels(size, pairs_per_class, generator)
            yield PairBatch(self._sketches.draw(labels, generator), self._photos.draw(labels, generator), labels)

    def _labels(self, size: int, pairs_per_class: int, generator: np.random.Generator) -> Integers:
        if not pairs_per_class:
            return generator.integers(0, self.classes, size=size)
        different = min(self.classes, max(1, size // pairs_per_class))
        return np.repeat(generator.choice(self.classes, different, replace=False), pairs_per_class)


class _RowsByClass:
    """The rows of one modality's table, grouped by class, to draw from."""

    def __init__(self, labels: Integers, classes: int) -> None:
        self.rows = np.argsort(labels, kind="stable")
        self.counts = np.bincount(labels, minlength=classes)
        self.starts = np.cumsum(self.counts) - self.counts

    def draw(self, labels: Integers, generator: np.random.Generator) -> Integers:
        """For each of (B,) labels a row of that class."""
        within: Integers = generator.integers(0, self.counts[labels])
        drawn: Integers = self.rows[self.starts[labels] + within]
        return drawn
