"""The bound on AP of photos in two classes against every ranking there is, scored by the SEM-PCYC metric itself."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from pcmsn.data.checking.effects import best_average_precision


def best_by_trying(clean: int, pairs: int, wrong: int) -> float:
    """The best AP over all orders of relevant photos, tied pairs of a relevant and another one, and wrong ones."""
    best = 0.0
    items = ["clean"] * clean + ["pair"] * pairs + ["wrong"] * wrong
    for order in set(permutations(items)):
        relevance: list[int] = []
        score: list[float] = []
        for rank, item in enumerate(order):
            relevance += {"clean": [1], "pair": [1, 0], "wrong": [0]}[item]
            score += [-rank] * (2 if item == "pair" else 1)
        best = max(best, float(average_precision_score(relevance, score)))
    return best


@pytest.mark.parametrize(("clean", "pairs", "wrong"), [(3, 1, 1), (1, 3, 0), (2, 2, 2), (0, 2, 1), (4, 0, 1)])
def test_no_ranking_beats_the_bound_and_the_best_reaches_it(clean: int, pairs: int, wrong: int) -> None:
    assert best_average_precision(clean + pairs, pairs) == pytest.approx(best_by_trying(clean, pairs, wrong), abs=1e-12)


def test_the_bound_agrees_with_cases_worked_by_hand() -> None:
    assert best_average_precision(2, 1) == pytest.approx((1 + 2 / 3) / 2)
    assert best_average_precision(5, 0) == 1.0
    assert np.isclose(best_average_precision(1, 1), 0.5)
