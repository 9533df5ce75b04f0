"""Which pictures a network learns from, which are held out, and in which order they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.records import Pictures
from pcmsn.errors import DataError, enumerate_names
from pcmsn.seeding import numpy_generator

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Division:
    """One modality's pictures of some classes, and what each is for."""

    pictures: Pictures
    """All of them, in an order that depends on their names alone."""
    training: Positions
    """(N,) positions of those that the network learns from, ascending; none where the classes stay unseen."""
    held_out: Positions
    """(M,) positions of those that it is measured on, ascending."""

    @property
    def classes_without_held_out(self) -> tuple[str, ...]:
        """Classes of which no picture could be held out."""
        counts = np.bincount(self.pictures.labels[self.held_out], minlength=len(self.pictures.classes))
        return tuple(name for name, count in zip(self.pictures.classes, counts, strict=True) if count == 0)


def divide(pictures: Pictures, classes: Iterable[str], share: float, seed: int) -> Division:
    """The pictures of ``classes`` with a ``share`` of each class held out, at least one of a class with two.

    Which ones depends on the seed and the names alone, not on their order. Pictures of other classes are left out.
    Raises DataError for a class without pictures.
    """
    pictures = _by_name(pictures, classes)
    held_out = np.zeros(len(pictures), dtype=bool)
    for label, name in enumerate(pictures.classes):
        members = np.flatnonzero(pictures.labels == label)
        count = min(max(1, round(share * len(members))), len(members) - 1) if share > 0 else 0
        held_out[numpy_generator(seed, "held out", pictures.modality, name).permutation(members)[:count]] = True
    return Division(pictures, training=np.flatnonzero(~held_out), held_out=np.flatnonzero(held_out))


def unlearned(pictures: Pictures, classes: Iterable[str]) -> Division:
    """The pictures of ``classes`` that nothing is learned from, all held out. Raises DataError as ``divide`` does."""
    pictures = _by_name(pictures, classes)
    return Division(pictures, training=np.arange(0), held_out=np.arange(len(pictures)))


def _by_name(pictures: Pictures, classes: Iterable[str]) -> Pictures:
    """The pictures of some classes in the order of classes and names."""
    pictures = pictures.of_classes(sorted(classes))
    empty = [name for name, count in pictures.counts().items() if count == 0]
    if empty:
        raise DataError(f"no {pictures.modality} of the class {enumerate_names(empty)} in {pictures.folder}")
    return pictures.select(np.lexsort((np.array(pictures.names), pictures.labels)))


class BalancedOrder:
    """Draws pictures: every class equally often, and all pictures of a class once before any of them comes again."""

    def __init__(self, division: Division) -> None:
        labels = division.pictures.labels[division.training]
        self._members = [division.training[labels == label] for label in range(len(division.pictures.classes))]

    def draw(self, count: int, generator: np.random.Generator) -> Positions:
        """(count,) positions of training pictures; how often two classes come differs by one at most."""
        classes = len(self._members)
        rounds = -(-count // classes)
        order = generator.permuted(np.tile(np.arange(classes), (rounds, 1)), axis=1).reshape(-1)[:count]
        positions = np.empty(count, dtype=np.int64)
        for label, members in enumerate(self._members):
            places = np.flatnonzero(order == label)
            cycles = -(-len(places) // len(members))
            drawn = [generator.permutation(members) for _ in range(cycles)]
            if drawn:
                positions[places] = np.concatenate(drawn)[: len(places)]
        return positions
