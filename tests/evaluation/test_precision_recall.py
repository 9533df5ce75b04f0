"""The curves against hand-worked cases, scikit-learn and the neutral family."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.families import NEUTRAL
from pcmsn.evaluation.precision_recall import RECALLS, interpolated_precision, precision_at, shown_depths
from pcmsn.evaluation.ranking import Ranking, rank


def random_ranking(seed: int, distances: int | None = None) -> Ranking:
    random = np.random.default_rng(seed)
    distance = random.random((7, 40)) if distances is None else random.integers(0, distances, (7, 40)).astype(float)
    return rank(distance, random.random((7, 40)) < 0.25)


def test_the_eleven_points_of_a_list_worked_by_hand() -> None:
    """Right photos at places 1, 3 and 4 of 5: precisions 1, 2/3, 3/4 at recalls 1/3, 2/3, 1."""
    relevance = np.array([[True, False, True, True, False]])
    curve = interpolated_precision(Ranking(np.arange(5.0)[None], relevance))
    assert curve[0] == pytest.approx([1, 1, 1, 1] + [0.75] * 7)


def test_a_recall_that_is_met_exactly_asks_for_no_further_photo() -> None:
    relevance = np.array([[True] * 3 + [False] * 20 + [True] * 7])
    curve = interpolated_precision(Ranking(np.arange(30.0)[None], relevance))
    assert curve[0, 3] == 1.0
    assert curve[0, 4] < 0.5


@pytest.mark.parametrize("distances", [None, 3, 8])
def test_the_curve_is_that_of_scikit_learns_thresholds(distances: int | None) -> None:
    ranking = random_ranking(1, distances)
    curve = interpolated_precision(ranking)
    for query, (distance, relevance) in enumerate(zip(ranking.distance, ranking.relevance, strict=True)):
        precision, recall, _ = precision_recall_curve(relevance, -distance)
        precision, recall = precision[:-1], recall[:-1]  # its last point, (1, 0), is no threshold
        expected = [precision[recall >= level - 1e-12].max() for level in RECALLS]
        assert curve[query] == pytest.approx(expected)


def test_the_order_of_equally_distant_photos_changes_no_curve() -> None:
    ranking = random_ranking(2, 4)
    random = np.random.default_rng(0)
    shuffled = []
    for distance, relevance in zip(ranking.distance, ranking.relevance, strict=True):
        order = np.lexsort((random.random(len(distance)), distance))
        shuffled.append(relevance[order])
    other = Ranking(ranking.distance, np.array(shuffled))
    assert (other.relevance != ranking.relevance).any()
    assert interpolated_precision(other) == pytest.approx(interpolated_precision(ranking))
    assert precision_at(other, (1, 5, 20)) == pytest.approx(precision_at(ranking, (1, 5, 20)))


def test_precision_at_a_depth_worked_by_hand() -> None:
    """The cut at 2 falls into a group of three with one right photo: 1 + 1/3 of 2."""
    ranking = Ranking(np.array([[0.0, 1, 1, 1]]), np.array([[True, False, True, False]]))
    assert precision_at(ranking, (1, 2, 4, 9))[0] == pytest.approx([1, (1 + 1 / 3) / 2, 0.5, 0.5])


@pytest.mark.parametrize("distances", [None, 5])
def test_precision_is_that_of_the_neutral_family(distances: int | None) -> None:
    ranking = random_ranking(3, distances)
    for column, depth in enumerate((1, 7, 40, 100)):
        expected = NEUTRAL.precision(ranking, depth)
        assert precision_at(ranking, (1, 7, 40, 100))[:, column] == pytest.approx(expected)


def test_a_query_without_relevant_photos_has_zeros_and_no_queries_have_no_rows() -> None:
    ranking = Ranking(np.arange(4.0)[None], np.zeros((1, 4), np.bool_))
    assert not interpolated_precision(ranking).any()
    assert not precision_at(ranking, (1, 2)).any()
    nothing = Ranking(np.zeros((0, 4)), np.zeros((0, 4), np.bool_))
    assert interpolated_precision(nothing).shape == (0, 11)
    assert precision_at(nothing, (1, 2)).shape == (0, 2)


def test_a_depth_below_one_is_refused() -> None:
    with pytest.raises(EvaluationError, match="k >= 1, got k=0"):
        precision_at(random_ranking(0), (5, 0))


def test_shown_depths_end_with_the_gallery() -> None:
    assert shown_depths(1) == (1,)
    assert shown_depths(10) == (1, 2, 5, 10)
    assert shown_depths(230) == (1, 2, 5, 10, 20, 50, 100, 200, 230)
