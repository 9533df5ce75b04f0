"""The nearest of many vectors by Euclidean distance, found with FAISS and exact to the last digit.

FAISS computes in float32, and for many queries at once as |a|² - 2ab + |b|², which cancels for vectors that are nearly
the same. So it only proposes candidates, a few more than wanted. Their distances are computed again in float64 from the
differences, and from a bound on FAISS' error follows whether a vector that was not proposed could belong among the
nearest; where it could, more are asked for. The result does not depend on the other queries of a call, nor on the
machine's way of multiplying.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pcmsn.gallery.vectors.faiss_library import threads_for
from pcmsn.gallery.vectors.rounding import largest_float32_square
from pcmsn.gallery.vectors.stored_rows import Slots

Floats = NDArray[np.float32]

LARGEST_NORM = 1e18
"""Length of the longest vector whose float32 distances cannot overflow."""

_EXTRA_CANDIDATES = 16
_WIDENING = 8
_CANDIDATES_AT_ONCE = 2**22
_PAIRS_AT_ONCE = 2**15


def nearest_vectors(vectors: Floats, queries: Floats, k: int, subset: Slots | None = None) -> tuple[Floats, Slots]:
    """The min(k, n) nearest of n vectors to each query: (Q, min(k, n)) distances and positions in ``vectors``.

    ``vectors`` is (N, dim), ``queries`` (Q, dim), both C-contiguous and of lengths up to ``LARGEST_NORM``. ``subset``
    holds the n different positions that are compared; None compares all. Ordered by distance rounded to float32, equal
    ones by position.
    """
    count = len(vectors) if subset is None else len(subset)
    k = min(k, count)
    distances = np.empty((len(queries), k), dtype=np.float32)
    positions = np.empty((len(queries), k), dtype=np.int64)
    pending, fetch = np.arange(len(queries)), min(count, k + _EXTRA_CANDIDATES)
    while k and len(pending):
        unsettled = []
        step = max(1, _CANDIDATES_AT_ONCE // fetch)
        for start in range(0, len(pending), step):
            some = pending[start : start + step]
            found = _nearest_of_candidates(vectors, queries[some], k, fetch, subset)
            distances[some], positions[some], settled = found
            unsettled.append(some[~settled])
        pending, fetch = np.concatenate(unsettled), min(count, fetch * _WIDENING)
    return distances, positions


def _nearest_of_candidates(
    vectors: Floats, queries: Floats, k: int, fetch: int, subset: Slots | None
) -> tuple[Floats, Slots, NDArray[np.bool_]]:
    """(Q, k) distances and positions out of ``fetch`` candidates a query; (Q,) whether no other can belong there."""
    proposed, candidates = _candidates(vectors, queries, fetch, subset)
    exact = _distances(vectors, queries, candidates)
    order = np.lexsort((candidates, exact))[:, :k]
    nearest = np.take_along_axis(exact, order, axis=1)
    everything = fetch == (len(vectors) if subset is None else len(subset))
    settled = np.full(len(queries), True) if everything else _settled(queries, nearest[:, -1], proposed[:, -1])
    return nearest, np.take_along_axis(candidates, order, axis=1), settled


def _settled(queries: Floats, last: Floats, proposed: Floats) -> NDArray[np.bool_]:
    """(Q,) whether all vectors as near as the (Q,) last distances are among the candidates.

    ``proposed`` are FAISS' largest squared distances of the candidates; it gives every other vector at least that.
    """
    norm = np.linalg.norm(queries.astype(np.float64), axis=1)
    return np.asarray(largest_float32_square(last.astype(np.float64), norm, queries.shape[1]) < proposed)


def _candidates(vectors: Floats, queries: Floats, fetch: int, subset: Slots | None) -> tuple[Floats, Slots]:
    """(Q, fetch) squared distances as FAISS has them, and positions; the largest distance last."""
    with threads_for(len(queries)) as faiss:
        if subset is None:
            found: tuple[Floats, Slots] = faiss.knn(queries, vectors, fetch)
            return found
        squared = np.empty((len(queries), fetch), dtype=np.float32)
        positions = np.empty((len(queries), fetch), dtype=np.int64)
        arrays = [faiss.swig_ptr(array) for array in (queries, vectors, subset)]
        sizes = (queries.shape[1], len(queries), len(vectors), len(subset), fetch)
        # A leading dimension of 0 lets all queries share one list of positions.
        faiss.knn_L2sqr_by_idx(*arrays, *sizes, faiss.swig_ptr(squared), faiss.swig_ptr(positions), 0)
        return squared, positions


def _distances(vectors: Floats, queries: Floats, positions: Slots) -> Floats:
    """(Q, n) distances of each query to the vectors at its (Q, n) positions."""
    flat = positions.reshape(-1)
    squared = np.empty(len(flat), dtype=np.float64)
    for start in range(0, len(flat), _PAIRS_AT_ONCE):
        pairs = slice(start, start + _PAIRS_AT_ONCE)
        asking = np.arange(start, min(start + _PAIRS_AT_ONCE, len(flat))) // positions.shape[1]
        difference = vectors[flat[pairs]] - queries[asking].astype(np.float64)
        squared[pairs] = np.einsum("ij,ij->i", difference, difference)
    return np.sqrt(squared).astype(np.float32).reshape(positions.shape)
