"""Confusions of a ranking by hand, by a slow count, and of nothing."""

from __future__ import annotations

import numpy as np
import pytest

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.confusions import classes_of_first, confusion_shares, most_confused


def test_shares_and_pairs_worked_by_hand() -> None:
    """Two queries of class 0 (R = 2), one of class 1 (R = 3), class 2 has no query."""
    ordered = np.array([[0, 1, 1, 1, 0], [1, 0, 1, 1, 0], [0, 0, 1, 1, 1]])
    counts = classes_of_first(ordered, np.array([2, 2, 3]), 3)
    assert counts.tolist() == [[1, 1, 0], [1, 1, 0], [2, 1, 0]]
    shares = confusion_shares(counts, np.array([0, 0, 1]))
    assert shares == pytest.approx(np.array([[1 / 2, 1 / 2, 0], [2 / 3, 1 / 3, 0], [0, 0, 0]]))
    first, second = most_confused(shares, 5)
    assert (first.query, first.photo, first.share, first.share_of_wrong) == pytest.approx((1, 0, 2 / 3, 1))
    assert (second.query, second.photo, second.share) == pytest.approx((0, 1, 0.5))
    assert len(most_confused(shares, 1)) == 1


def test_shares_are_those_of_a_slow_count() -> None:
    random = np.random.default_rng(0)
    photo, sketch = random.integers(0, 4, 30), random.integers(0, 4, 12)
    orders = np.array([random.permutation(30) for _ in sketch])
    depth = np.bincount(photo, minlength=4)[sketch]
    shares = confusion_shares(classes_of_first(photo[orders], depth, 4), sketch)
    for i in range(4):
        for j in range(4):
            firsts = [
                photo[place] for q in np.flatnonzero(sketch == i) for place in orders[q][: int((photo == i).sum())]
            ]
            assert shares[i, j] == pytest.approx(np.mean([label == j for label in firsts]))


def test_the_share_of_the_wrong_photos_leaves_the_right_ones_out() -> None:
    (pair, other) = most_confused(np.array([[0.7, 0.2, 0.1], [0, 1, 0], [0, 0, 1]]), 9)
    assert (pair.photo, pair.share, pair.share_of_wrong) == pytest.approx((1, 0.2, 2 / 3))
    assert other.share_of_wrong == pytest.approx(1 / 3)


def test_nothing_asked_is_nothing_confused() -> None:
    counts = classes_of_first(np.zeros((0, 3), np.int64), np.zeros(0, np.int64), 2)
    assert counts.shape == (0, 2)
    shares = confusion_shares(counts, np.zeros(0, np.int64))
    assert shares.tolist() == [[0, 0], [0, 0]]
    assert most_confused(shares, 3) == ()
    assert most_confused(np.eye(3), 3) == ()


def test_a_depth_beyond_the_list_is_refused() -> None:
    with pytest.raises(EvaluationError, match=r"depths must be in 0..3, got 4..4"):
        classes_of_first(np.zeros((1, 3), np.int64), np.array([4]), 2)
