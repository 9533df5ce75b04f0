"""Expected scores over ties against every order there is, and thresholds against scikit-learn."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from pcmsn.evaluation.families import NEUTRAL, SEM_PCYC
from pcmsn.evaluation.metrics import average_precision, precision_in_list
from pcmsn.evaluation.places import RelevantPlaces
from pcmsn.evaluation.ranking import Ranking
from pcmsn.evaluation.tie_groups import TieGroups, expected_average_precision, expected_hits, groups_of_lists

short_lists = st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=7)


def every_order(relevance, distance):
    """(orders, N) relevance of all lists in which photos at equal distances are exchanged, as often as they occur."""
    return np.array(
        [
            [relevance[place] for place in order]
            for order in permutations(range(len(relevance)))
            if all(distance[a] <= distance[b] for a, b in pairwise(order))
        ]
    )


@given(short_lists, st.integers(1, 8))
@settings(max_examples=120, deadline=None)
def test_the_expectation_is_the_mean_over_every_order(pairs, k):
    distance, relevance = (np.array(column) for column in zip(*sorted(pairs, key=lambda pair: pair[0]), strict=True))
    orders = every_order(relevance, distance)
    groups = groups_of_lists(relevance[None], distance[None])
    depth = min(k, len(relevance))
    assert_allclose(expected_average_precision(groups, depth), average_precision(orders, k=k).mean(), atol=1e-12)
    assert_allclose(expected_hits(groups, depth) / depth, precision_in_list(orders, k).mean(), atol=1e-12)


def test_a_case_worked_by_hand():
    """Two photos tied in front, one of them right, then a right one: AP is (1 + 2/3) / 2 or (1/2 + 2/3) / 2."""
    ranking = Ranking(np.array([[1, 1, 2]]), np.array([[True, False, True]]))
    assert NEUTRAL.average_precision(ranking)[0] == pytest.approx(((1 + 1 / 2) / 2 + 2 / 3) / 2)
    assert NEUTRAL.average_precision(ranking, 1)[0] == pytest.approx(0.5)  # one hit in the cut, or none
    assert NEUTRAL.precision(ranking, 1)[0] == pytest.approx(0.5)
    assert SEM_PCYC.average_precision(ranking)[0] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_large_groups_agree_with_drawn_orders():
    random = np.random.default_rng(0)
    size, hits = np.array([[40, 300, 60]]), np.array([[5, 90, 3]])
    groups = TieGroups(np.cumsum(size, axis=1) - size, size, hits, 400)
    lists = np.concatenate(
        [random.permuted(np.tile(np.arange(n) < r, (4000, 1)), axis=1) for n, r in zip(size[0], hits[0], strict=True)],
        axis=1,
    )
    for k in (10, 40, 100, 200, 400):
        drawn = average_precision(lists, k=k)
        error = 5 * drawn.std() / np.sqrt(len(drawn)) + 1e-12
        assert abs(expected_average_precision(groups, k)[0] - drawn.mean()) < error, k
        assert abs(expected_hits(groups, k)[0] / k - lists[:, :k].mean()) < 0.01, k


def test_one_group_of_the_whole_gallery_scores_a_little_above_the_share_of_the_class():
    groups = TieGroups(np.array([[0]]), np.array([[50_000]]), np.array([[500]]), 50_000)
    # A random order: share + (1 - share) (H(n) / n) to first order.
    assert expected_average_precision(groups, 50_000)[0] == pytest.approx(0.0102, abs=2e-4)
    assert expected_hits(groups, 100)[0] == pytest.approx(1.0)


def test_the_order_of_the_gallery_does_not_move_the_expectation_and_moves_sort_order():
    distance = np.zeros((1, 6))
    front, back = (Ranking(distance, np.arange(6)[None] < 2), Ranking(distance, np.arange(6)[None] >= 4))
    assert NEUTRAL.average_precision(front, 3) == NEUTRAL.average_precision(back, 3)
    assert SEM_PCYC.average_precision(front, 3) != SEM_PCYC.average_precision(back, 3)


def test_the_groups_of_places_are_those_of_the_lists():
    distance = np.array([[0, 1, 1, 1, 2, 3, 3]])
    relevance = np.array([[True, False, True, True, False, False, True]])
    of_places = RelevantPlaces(np.array([[0, 2, 3, 6]]), np.array([[0, 1, 1, 5]]), np.array([[1, 4, 4, 7]]), 7)
    groups = of_places.groups()
    filled = groups.size[0] > 0
    assert groups.first[0, filled].tolist() == [0, 1, 5]
    assert groups.size[0, filled].tolist() == [1, 3, 2]
    assert groups.hits[0, filled].tolist() == [1, 2, 1]
    for k in (1, 2, 3, 6, 7):
        expected = expected_average_precision(groups_of_lists(relevance, distance), k)
        assert_allclose(expected_average_precision(groups, k), expected, atol=1e-14)


def test_a_list_without_a_relevant_photo_is_zero():
    groups = groups_of_lists(np.zeros((2, 5), dtype=bool), np.zeros((2, 5)))
    assert expected_average_precision(groups, 3).tolist() == [0, 0]
    assert expected_hits(groups, 3).tolist() == [0, 0]
