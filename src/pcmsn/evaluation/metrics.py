"""Average precision and precision at k of many queries at once, as pure functions of ranked relevance.

Every function takes the photos of each query nearest first. Which photo comes first among equally distant ones is
settled by the ranking (``pcmsn.evaluation.ranking``: by place in the gallery); a function that treats ties in another
way says so and takes the distances too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError


def average_precision(
    relevance: NDArray[np.bool_], distance: NDArray[np.number] | None = None, k: int | None = None
) -> NDArray[np.float64]:
    """(Q,) non-interpolated average precision of the lists cut at ``k``, in 0..1.

    Divisor: the relevant photos inside the cut; a query with none there has 0.
    Ties: with ``distance``, photos at an equal distance form one threshold, and each relevant one of them counts with
    the precision at the end of its group, which is what scikit-learn's ``average_precision_score`` does; the cut itself
    falls in the list as ranked. Without ``distance``, the order of the list decides.

    ``relevance`` is (Q, N) and ``distance`` (Q, N), nearest first; ``k`` None takes the whole list.
    Raises EvaluationError when k is below 1 or the shapes differ.
    """
    _check_shapes(relevance, distance)
    cut = relevance[:, : _length(relevance, k)]
    hits = np.cumsum(cut, axis=1)
    query, place = np.nonzero(cut)
    if distance is not None:
        place = _end_of_ties(distance[:, : cut.shape[1]])[query, place]
    total = np.bincount(query, weights=hits[query, place] / (place + 1), minlength=len(cut))
    return _ratio(total, cut.sum(axis=1))


def interpolated_average_precision(relevance: NDArray[np.bool_], k: int | None = None) -> NDArray[np.float64]:
    """(Q,) VOC-interpolated average precision of the lists cut at ``k``, in 0..1.

    The precision at each relevant photo is raised to the best precision at or after it inside the cut.
    Divisor: min(k, R), R the relevant photos of the whole list; a query with R = 0 has 0.
    Ties: the order of the list decides.

    ``relevance`` is (Q, N) bool, nearest first, the whole gallery; ``k`` None takes the whole list.
    Raises EvaluationError when k is below 1.
    """
    _check_shapes(relevance)
    length = _length(relevance, k)
    cut = relevance[:, :length]
    query, place = np.nonzero(cut)
    nth_hit = np.cumsum(cut, axis=1)[query, place]
    precision = np.zeros((len(cut), int(nth_hit.max(initial=0))))
    precision[query, nth_hit - 1] = nth_hit / (place + 1)
    raised = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1][query, nth_hit - 1]
    # bincount adds hit by hit, so the sum is the same to the bit whatever the other queries of the block are.
    total = np.bincount(query, weights=raised, minlength=len(cut))
    return _ratio(total, np.minimum(length, relevance.sum(axis=1)))


def precision_in_list(relevance: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """(Q,) share of relevant photos among the first k, in 0..1.

    Divisor: min(k, N), N the length of the list. Ties: the order of the list decides.
    ``relevance`` is (Q, N) bool, nearest first. Raises EvaluationError when k is below 1.
    """
    _check_shapes(relevance)
    length = _length(relevance, k)
    return _ratio(relevance[:, :length].sum(axis=1), np.full(len(relevance), length))


def precision_in_relevant(relevance: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """(Q,) share of relevant photos among the first min(k, R), in 0..1.

    Divisor: min(k, R), R the relevant photos of the whole list, which is also where the list is cut: a class with 15
    photos is judged on the first 15. A query with R = 0 has 0. Ties: the order of the list decides.

    ``relevance`` is (Q, N) bool, nearest first, the whole gallery. Raises EvaluationError when k is below 1.
    """
    _check_shapes(relevance)
    depth = np.minimum(_length(relevance, k), relevance.sum(axis=1))
    deepest = int(depth.max(initial=0))
    counted = relevance[:, :deepest] & (np.arange(deepest) < depth[:, None])
    return _ratio(counted.sum(axis=1), depth)


def _end_of_ties(distance: NDArray[np.number]) -> NDArray[np.int64]:
    """(Q, N) place of the last photo that is as far away as the one at each place."""
    place = np.broadcast_to(np.arange(distance.shape[1]), distance.shape)
    tied_with_next = distance[:, :-1] == distance[:, 1:]
    if not tied_with_next.any():
        return place
    end = place.copy()
    end[:, :-1][tied_with_next] = distance.shape[1]
    return np.minimum.accumulate(end[:, ::-1], axis=1)[:, ::-1]


def _ratio(part: NDArray[np.number], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """(Q,) part / whole, 0 where whole is 0."""
    ratio = np.zeros(len(part))
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def checked_depth(k: int | None, length: int) -> int:
    """min(k, length), or length for None. Raises EvaluationError when k is below 1."""
    if k is not None and k < 1:
        raise EvaluationError(f"a list can be cut at k >= 1, got k={k}; leave k out to take the whole list")
    return length if k is None else min(k, length)


def _length(relevance: NDArray[np.bool_], k: int | None) -> int:
    return checked_depth(k, int(relevance.shape[1]))


def _check_shapes(relevance: NDArray[np.bool_], distance: NDArray[np.number] | None = None) -> None:
    if relevance.ndim != 2 or relevance.dtype != np.bool_:
        got = f"{relevance.dtype} of shape {relevance.shape}"
        raise EvaluationError(f"relevance must be a (queries, photos) array of bool, got {got}")
    if distance is not None and distance.shape != relevance.shape:
        raise EvaluationError(f"distances of shape {distance.shape} do not fit relevance of shape {relevance.shape}")
