"""Curves over a list: interpolated precision at eleven recalls, and precision at any depth, whatever the ties.

Both are defined so that no order among equally distant photos can change them: recall and precision are taken where a
group of equal distances ends, as in scikit-learn's ``precision_recall_curve``, and precision at k is the mean over all
orders of the group that k falls into, as in the family ``NEUTRAL``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.ranking import Ranking

Floats = NDArray[np.float64]
RECALLS = tuple(tenth / 10 for tenth in range(11))
"""The recalls of the 11-point curve."""


def interpolated_precision(ranking: Ranking) -> Floats:
    """(B, 11) the best precision at any threshold whose recall is at least 0, 0.1, ..., 1, of each of B lists.

    A threshold takes all photos up to a distance. Divisor of precision: the photos taken; of recall: R, all relevant
    photos of the list. A query without a relevant photo has 0 everywhere. The mean over queries is the 11-point
    interpolated curve of TREC.
    """
    queries, gallery = ranking.relevance.shape
    hits = np.cumsum(ranking.relevance, axis=1)
    last_of_group = np.ones((queries, gallery), dtype=np.bool_)
    last_of_group[:, :-1] = ranking.distance[:, 1:] != ranking.distance[:, :-1]
    precision = np.where(last_of_group, hits / np.arange(1, gallery + 1), 0.0)
    best_from = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    relevant = hits[:, -1]
    curve = np.zeros((queries, len(RECALLS)))
    for column in range(len(RECALLS)):
        # Whole numbers, so that a recall of 0.3 with R = 10 asks for 3 photos and not for 4.
        needed = np.maximum(-(-column * relevant // 10), 1)
        place = (hits < needed[:, None]).sum(axis=1)
        found = place < gallery
        curve[found, column] = best_from[found, place[found]]
    return curve


def precision_at(ranking: Ranking, depths: Sequence[int]) -> Floats:
    """(B, K) share of relevant photos among the first k of each of B lists, for every k of ``depths``.

    Divisor: min(k, N), N the length of the list. Ties: the mean over all orders of equally distant photos.
    Raises EvaluationError for a depth below 1.
    """
    if any(depth < 1 for depth in depths):
        raise EvaluationError(f"a list can be cut at k >= 1, got k={min(depths)}")
    gallery = ranking.relevance.shape[1]
    hits = np.concatenate([np.zeros((len(ranking.relevance), 1), np.int64), np.cumsum(ranking.relevance, axis=1)], 1)
    curve = np.zeros((len(hits), len(depths)))
    for column, depth in enumerate(depths):
        k = min(depth, gallery)
        at_cut = ranking.distance[:, k - 1, None]
        # The group of equal distances that the cut falls into: the places first to end - 1.
        first, end = (ranking.distance < at_cut).sum(axis=1), (ranking.distance <= at_cut).sum(axis=1)
        before, through = (np.take_along_axis(hits, place[:, None], axis=1)[:, 0] for place in (first, end))
        curve[:, column] = (before + (through - before) * (k - first) / (end - first)) / k
    return curve


def shown_depths(gallery: int) -> tuple[int, ...]:
    """1, 2, 5, 10, 20, 50, ... up to the size of the gallery, which is the last one."""
    depths = [step * 10**power for power in range(len(str(gallery))) for step in (1, 2, 5)]
    return (*(depth for depth in depths if depth < gallery), gallery)
