"""Curves and confusions from whole rankings, block of queries by block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.confusions import classes_of_first, confusion_shares, most_confused
from pcmsn.evaluation.precision_recall import interpolated_precision, precision_at, shown_depths
from pcmsn.evaluation.ranking import Distance, Ranking, map_blocks, nearest_first, pair_distances
from pcmsn.hashing.hamming import hamming_distances, pack_codes
from pcmsn.report.contents import Confusions, Curve

MOST_PAIRS = 5 * 10**8
"""Query-photo pairs that are sorted at most; beyond that evenly spaced queries stand for all."""

PAIRS_SHOWN = 15
"""Confused pairs of classes that are listed."""

Found = TypeVar("Found")
Integers = NDArray[np.int64]
DistancesOf = Callable[[Integers], NDArray[np.number]]
"""(B, N) distances of the queries at B positions to the whole gallery."""


@dataclass(frozen=True, eq=False)
class Lists:
    """What can be ranked: queries and a gallery with labels over the same classes, and their distances."""

    sketch_label: Integers
    """(Q,) classes of the queries."""
    photo_label: Integers
    """(N,) classes of the gallery's photos."""
    distances: DistancesOf
    """(B, N) distances of the queries at B positions."""

    @property
    def chosen(self) -> Integers:
        """Positions of the queries that curves are means over: all, or evenly spaced ones."""
        most = max(1, MOST_PAIRS // max(len(self.photo_label), 1))
        queries = len(self.sketch_label)
        return np.unique(np.linspace(0, queries - 1, min(queries, most)).round().astype(np.int64))


def embedding_lists(
    sketch: NDArray[np.float32], sketch_label: Integers, photo: NDArray[np.float32], photo_label: Integers, by: Distance
) -> Lists:
    """Lists of (Q, D) and (N, D) embeddings, ranked by distances in float64."""
    return Lists(sketch_label, photo_label, lambda queries: pair_distances(sketch[queries], photo, by))


def code_lists(
    sketch: NDArray[np.bool_], sketch_label: Integers, photo: NDArray[np.bool_], photo_label: Integers
) -> Lists:
    """Lists of (Q, bits) and (N, bits) codes, ranked by Hamming distance."""
    sketch_bytes, photo_bytes = pack_codes(sketch), pack_codes(photo)
    return Lists(sketch_label, photo_label, lambda queries: hamming_distances(sketch_bytes[queries], photo_bytes))


def curve_of(lists: Lists, label: str) -> Curve:
    """The mean curves of the chosen queries; depths are ``shown_depths`` of the gallery."""
    depths = shown_depths(len(lists.photo_label))

    def sums(queries: Integers, order: Integers, distance: NDArray[np.number]) -> tuple[NDArray[np.float64], ...]:
        relevance = lists.photo_label[order] == lists.sketch_label[queries, None]
        ranking = Ranking(distance, relevance)
        return interpolated_precision(ranking).sum(axis=0), precision_at(ranking, depths).sum(axis=0)

    recall, depth = (np.sum(parts, axis=0) / len(lists.chosen) for parts in zip(*_ranked(lists, sums), strict=True))
    return Curve(label, recall, depth)


def confusions_of(lists: Lists, classes: tuple[str, ...]) -> Confusions:
    """The classes of the first R photos of the chosen queries, R being the number of photos of the query's class."""
    relevant = np.bincount(lists.photo_label, minlength=len(classes))

    def counts(queries: Integers, order: Integers, _: NDArray[np.number]) -> Integers:
        depth = relevant[lists.sketch_label[queries]]
        return classes_of_first(lists.photo_label[order], depth, len(classes))

    found: Integers = np.concatenate(_ranked(lists, counts))
    shares = confusion_shares(found, lists.sketch_label[lists.chosen])
    return Confusions(classes, shares, most_confused(shares, PAIRS_SHOWN))


def _ranked(lists: Lists, function: Callable[[Integers, Integers, NDArray[np.number]], Found]) -> list[Found]:
    """``function(queries, order, distances)`` of every block of the chosen queries."""
    chosen = lists.chosen

    def ranked(block: slice) -> Found:
        queries = chosen[block]
        return function(queries, *nearest_first(lists.distances(queries)))

    return list(map_blocks(ranked, len(chosen), len(lists.photo_label)))
