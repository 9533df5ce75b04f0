"""The scores of every query by binary codes: counting photos at each Hamming distance instead of sorting them.

Codes of 64 bits have 65 distances, so a list is 65 groups of equally distant photos. Their sizes settle all but two
things, which need the order of the gallery: which photos of a group stand before a cut, looked up in that group alone,
and the places that families by sort order ask for, from one stable sort of small whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.families import MetricFamily
from pcmsn.evaluation.places import RelevantPlaces
from pcmsn.evaluation.streaming import QueryScores
from pcmsn.evaluation.threads import in_threads
from pcmsn.evaluation.tie_groups import TieGroups
from pcmsn.hashing.hamming import distance_histograms, hamming_distances

Integers = NDArray[np.int64]
Packed = NDArray[np.uint8]

PAIRS_AT_ONCE = 2**18
"""Query-photo pairs that are compared at once: few enough for the processor's cache."""


def measure_codes(
    sketch: Packed,
    sketch_label: Integers,
    photo: Packed,
    photo_label: Integers,
    bits: int,
    families: Sequence[MetricFamily],
) -> list[QueryScores]:
    """The scores of all queries under each family, from packed codes of ``bits`` bits and their labels.

    ``sketch`` is (Q, bytes) and ``photo`` (N, bytes) as ``pack_codes`` gives them; the labels are (Q,) and (N,).
    """
    by_class = np.argsort(sketch_label, kind="stable")
    values = [np.zeros((4, len(sketch))) for _ in families]
    seconds = 0.0

    def scores_of(queries: Integers) -> tuple[Integers, list[NDArray[np.float64]], float]:
        start = perf_counter()
        distance = hamming_distances(sketch[queries], photo)
        lists = CodeLists(distance, photo_label == sketch_label[queries[0]], bits)
        groups = lists.groups()
        places = lists.places(groups) if any(family.ties == "sort order" for family in families) else None
        spent = perf_counter() - start
        hits = lists.hits_by(groups) if places is None else places.hits
        scores = [
            family.measure_places(places)
            if places is not None and family.ties == "sort order"
            else family.measure_groups(groups, lists.relevant, hits)
            for family in families
        ]
        return queries, scores, spent

    for queries, scores, spent in in_threads(scores_of, _blocks(by_class, sketch_label, photo_label)):
        for target, part in zip(values, scores, strict=True):
            target[:, queries] = part
        seconds += spent
    return [QueryScores(target, seconds) for target in values]


@dataclass(frozen=True, eq=False)
class CodeLists:
    """Hamming distances of B queries of one class to the whole gallery."""

    distance: NDArray[np.uint16]
    """(B, N) in gallery order."""
    relevance: NDArray[np.bool_]
    """(N,) which photos have the queries' class; at least one."""
    bits: int

    @property
    def relevant(self) -> int:
        """Number of relevant photos."""
        return int(np.count_nonzero(self.relevance))

    def groups(self) -> TieGroups:
        """One group a distance, 0 to ``bits``; empty ones among them."""
        size = distance_histograms(self.distance, self.bits)
        hits = distance_histograms(self.distance[:, self.relevance], self.bits)
        return TieGroups(np.cumsum(size, axis=1) - size, size, hits, len(self.relevance))

    def hits_by(self, groups: TieGroups) -> Callable[[int], Integers]:
        """The function from a depth to the (B,) relevant photos among the first so many, ties in gallery order."""

        @cache
        def hits(depth: int) -> Integers:
            found: Integers = np.where(groups.first + groups.size <= depth, groups.hits, 0).sum(axis=1)
            divided = (groups.first < depth) & (groups.first + groups.size > depth) & (groups.hits > 0)
            for query, distance in zip(*np.nonzero(divided), strict=True):
                tied = np.flatnonzero(self.distance[query] == distance)
                found[query] += np.count_nonzero(self.relevance[tied[: depth - groups.first[query, distance]]])
            return found

        return hits

    def places(self, groups: TieGroups) -> RelevantPlaces:
        """Where each relevant photo stands, ties in gallery order."""
        queries, gallery = self.distance.shape
        # NumPy sorts 16-bit integers stably by their bytes: several times faster than a sort that compares.
        order = np.argsort(self.distance, axis=1, kind="stable")
        at = np.flatnonzero(self.relevance.take(order)).reshape(queries, -1)
        distance = np.take_along_axis(self.distance, order.reshape(-1).take(at), axis=1).astype(np.int64)
        first = np.take_along_axis(groups.first, distance, axis=1)
        last = first + np.take_along_axis(groups.size, distance, axis=1)
        return RelevantPlaces(at - np.arange(queries)[:, None] * gallery, first, last, gallery)


def _blocks(by_class: Integers, sketch_label: Integers, photo_label: Integers) -> list[Integers]:
    """Positions of queries, block by block; the queries of a block are of one class, and that class has photos."""
    size = max(1, PAIRS_AT_ONCE // len(photo_label))
    blocks = []
    for queries in np.split(by_class, np.flatnonzero(np.diff(sketch_label[by_class])) + 1):
        if np.isin(sketch_label[queries[0]], photo_label):
            blocks += np.array_split(queries, -(-len(queries) // size))
    return blocks
