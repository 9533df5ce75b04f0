"""Where the relevant photos of each query stand in its list, and the metrics that need nothing else.

A query's scores depend on its list only through the places of its relevant photos, thirty times fewer numbers than the
list has where there are thirty classes. ``pcmsn.evaluation.metrics`` has the same definitions on whole lists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.tie_groups import TieGroups

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RelevantPlaces:
    """The relevant photos of B queries that have R >= 1 relevant photos each, nearest first."""

    place: Integers
    """(B, R) photos in front of each in the sorted list, equal distances in gallery order; ascending, from 0."""
    first: Integers
    """(B, R) photos strictly nearer than each."""
    last: Integers
    """(B, R) photos at most as far as each, itself among them."""
    gallery: int
    """Number of photos N in the list."""

    @property
    def relevant(self) -> int:
        """Number of relevant photos R of each query."""
        return int(self.place.shape[1])

    @property
    def has_ties(self) -> bool:
        """Whether any relevant photo is as far as another photo."""
        return bool((self.last - self.first > 1).any())

    def hits(self, depth: int) -> Integers:
        """(B,) relevant photos among the first ``depth`` of the list."""
        hits: Integers = (self.place[:, :depth] < depth).sum(axis=1)
        return hits

    def head(self, depth: int) -> RelevantPlaces:
        """The first ``depth`` of the relevant photos: all that can be in a list cut there."""
        if depth >= self.relevant:
            return self
        return RelevantPlaces(self.place[:, :depth], self.first[:, :depth], self.last[:, :depth], self.gallery)

    def groups(self) -> TieGroups:
        """The tie groups that hold relevant photos; R columns, of which some may be empty."""
        starts = _starts_of_runs(self.first)
        following = np.where(starts, np.arange(self.relevant), self.relevant)
        following = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
        after = np.concatenate([following[:, 1:], np.full((len(starts), 1), self.relevant)], axis=1)
        hits = np.where(starts, after - np.arange(self.relevant), 0)
        return TieGroups(self.first, np.where(starts, self.last - self.first, 0), hits, self.gallery)


def order_average_precision(places: RelevantPlaces, depth: int) -> Floats:
    """(B,) AP of the lists cut at ``depth`` in sort order, also among ties; divisor: hits inside the cut."""
    places = places.head(depth)
    precision = np.arange(1, places.relevant + 1) / (places.place + 1)
    return _over_hits(np.where(places.place < depth, precision, 0.0), places.hits(depth))


def grouped_average_precision(places: RelevantPlaces, depth: int) -> Floats:
    """(B,) AP of the lists cut at ``depth``, each hit with the precision at the end of its tie group inside the cut.

    Divisor: hits inside the cut. Ties that the cut divides end at the cut, in the order of the list.
    """
    places = places.head(depth)
    inside = places.place < depth
    end = np.minimum(places.last, depth)
    hits = np.broadcast_to(np.arange(1, places.relevant + 1), inside.shape)
    tied = places.first[:, 1:] == places.first[:, :-1]
    if tied.any():
        ends_here = np.ones_like(inside)
        ends_here[:, :-1] = ~tied | ~inside[:, 1:]
        hits = np.minimum.accumulate(np.where(ends_here, hits, places.relevant)[:, ::-1], axis=1)[:, ::-1]
    return _over_hits(np.where(inside, hits / end, 0.0), places.hits(depth))


def interpolated_average_precision(places: RelevantPlaces, depth: int) -> Floats:
    """(B,) VOC-interpolated AP of the lists cut at ``depth``, in sort order; divisor: min(depth, N, R)."""
    divisor = min(depth, places.gallery, places.relevant)
    places = places.head(depth)
    precision = np.arange(1, places.relevant + 1) / (places.place + 1)
    inside = np.where(places.place < depth, precision, 0.0)
    raised = np.maximum.accumulate(inside[:, ::-1], axis=1)[:, ::-1]
    total: Floats = np.where(inside > 0, raised, 0.0).sum(axis=1)
    return total / divisor


def _starts_of_runs(first: Integers) -> NDArray[np.bool_]:
    """(B, R) whether a photo is the first of its tie group."""
    starts = np.ones(first.shape, dtype=np.bool_)
    starts[:, 1:] = first[:, 1:] != first[:, :-1]
    return starts


def _over_hits(precision: Floats, hits: Integers) -> Floats:
    """(B,) sum of the precisions over the hits, 0 without a hit."""
    return np.asarray(precision.sum(axis=1) / np.maximum(hits, 1))
