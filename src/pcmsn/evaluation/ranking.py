"""Photos nearest first, for blocks of queries, so that memory does not grow with queries × photos.

Order is deterministic: photos at an equal distance stand in gallery order. Each distance is computed from its own pair
of vectors in float64, never by a matrix product over the batch, so a query has the same ranks alone and in a batch and
identical photos are at identical distances. Distances themselves are ranked, not exp(-distance), which underflows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.threads import Result, in_threads

Distance = Literal["euclidean", "cosine"]

PAIRS_PER_BLOCK = 2**20
"""Query-photo pairs that are ranked at once: about 50 MB a thread, and few enough for the processor's cache."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """The gallery as a block of queries sees it: (B, N) arrays, nearest photo first."""

    distance: NDArray[np.number]
    """(B, N) distances, ascending."""
    relevance: NDArray[np.bool_]
    """(B, N) whether the photo at each place has the query's class."""


def pair_distances(
    sketch: NDArray[np.floating], photo: NDArray[np.floating], distance: Distance
) -> NDArray[np.float64]:
    """(B, N) float64 distances of (B, D) sketch and (N, D) photo embeddings.

    Cosine is 1 - cosine, in 0..2; a zero vector, which has no direction, is at 1 from everything.
    """
    # Slow to import, and only needed here.
    from scipy.spatial.distance import cdist

    with np.errstate(invalid="ignore", divide="ignore"):
        values: NDArray[np.float64] = cdist(sketch, photo, distance)
    if distance == "cosine":
        values[np.isnan(values)] = 1.0
    return values


def nearest_first(distance: NDArray[np.number]) -> tuple[NDArray[np.int64], NDArray[np.number]]:
    """(B, N) gallery positions nearest first, and the (B, N) distances in that order; ties in gallery order."""
    small = np.issubdtype(distance.dtype, np.integer) and distance.dtype.itemsize <= 2
    # NumPy's stable sort is a radix sort for 16-bit integers, and for floats about four times slower than its unstable
    # one: there, only the queries that have ties are sorted again.
    order = np.argsort(distance, axis=1, kind="stable" if small else None)
    ordered = np.take_along_axis(distance, order, axis=1)
    if not small:
        tied = (ordered[:, :-1] == ordered[:, 1:]).any(axis=1)
        order[tied] = np.argsort(distance[tied], axis=1, kind="stable")
    return order, ordered


def rank(distance: NDArray[np.number], relevance: NDArray[np.bool_]) -> Ranking:
    """The ranking of one block, from (B, N) distances and relevance in gallery order."""
    order, ordered = nearest_first(distance)
    return Ranking(ordered, np.take_along_axis(relevance, order, axis=1))


def nearest_photos(
    sketch: NDArray[np.floating], photo: NDArray[np.floating], k: int, distance: Distance = "euclidean"
) -> NDArray[np.int64]:
    """(Q, min(k, N)) gallery positions of the nearest photos of each of (Q, D) sketches, nearest first.

    Raises EvaluationError when k is below 1.
    """
    if k < 1:
        raise EvaluationError(f"the number of photos to show must be at least 1, got {k}")

    def nearest(block: slice) -> NDArray[np.int64]:
        return nearest_first(pair_distances(sketch[block], photo, distance))[0][:, :k]

    return np.concatenate(list(map_blocks(nearest, len(sketch), len(photo))))


def query_blocks(queries: int, gallery: int) -> list[slice]:
    """Slices that cover the queries, each of at most ``PAIRS_PER_BLOCK`` query-photo pairs or of one query."""
    size = max(1, PAIRS_PER_BLOCK // max(gallery, 1))
    return [slice(start, min(start + size, queries)) for start in range(0, queries, size)]


def map_blocks(function: Callable[[slice], Result], queries: int, gallery: int) -> Iterator[Result]:
    """``function`` of every block of queries, in order, on several threads; see ``in_threads``."""
    return in_threads(function, query_blocks(queries, gallery))
