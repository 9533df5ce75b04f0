"""The vectorised metrics against slow loops written from the definitions, scikit-learn, and hand-worked cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from sklearn.metrics import average_precision_score

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.metrics import (
    average_precision,
    interpolated_average_precision,
    precision_in_list,
    precision_in_relevant,
)

depths = st.one_of(st.none(), st.integers(1, 40))


def ranked_lists():
    """(relevance, ascending distances) of a few short lists; few distinct distances, so that most are tied."""

    def both(shape):
        distances = arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0]))
        return st.tuples(arrays(np.bool_, shape), distances.map(lambda values: np.sort(values, axis=1)))

    return st.tuples(st.integers(1, 4), st.integers(1, 30)).flatmap(both)


def scikit_learn_average_precision(relevance, distance, k):
    cut, thresholds = relevance[:k], -distance[:k]
    return average_precision_score(cut, thresholds) if cut.any() else 0.0


def slow_average_precision(relevance, k):
    cut = list(relevance[:k])
    precisions = [sum(cut[: place + 1]) / (place + 1) for place, hit in enumerate(cut) if hit]
    return sum(precisions) / len(precisions) if precisions else 0.0


def slow_interpolated(relevance, k):
    length = len(relevance) if k is None else min(k, len(relevance))
    cut = list(relevance[:length])
    precision = [sum(cut[: place + 1]) / (place + 1) for place in range(length)]
    raised = [max(precision[place:]) for place, hit in enumerate(cut) if hit]
    divisor = min(length, int(sum(relevance)))
    return sum(raised) / divisor if divisor else 0.0


def slow_precision_in_relevant(relevance, k):
    depth = min(k, int(sum(relevance)))
    return sum(relevance[:depth]) / depth if depth else 0.0


@given(ranked_lists(), depths)
@settings(max_examples=150, deadline=None)
def test_tied_distances_form_one_threshold_as_in_scikit_learn(lists, k):
    relevance, distance = lists
    expected = [scikit_learn_average_precision(*row, k) for row in zip(relevance, distance, strict=True)]
    assert_allclose(average_precision(relevance, distance, k), expected, atol=1e-12)


@given(ranked_lists(), depths)
@settings(max_examples=100, deadline=None)
def test_without_distances_the_order_of_the_list_decides(lists, k):
    relevance, _ = lists
    assert_allclose(average_precision(relevance, None, k), [slow_average_precision(row, k) for row in relevance])


@given(ranked_lists(), depths)
@settings(max_examples=100, deadline=None)
def test_interpolated_average_precision_equals_the_slow_loop(lists, k):
    relevance, _ = lists
    assert_allclose(interpolated_average_precision(relevance, k), [slow_interpolated(row, k) for row in relevance])


@given(ranked_lists(), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_precisions_equal_the_slow_loops(lists, k):
    relevance, _ = lists
    assert_allclose(precision_in_list(relevance, k), [sum(row[:k]) / min(k, len(row)) for row in relevance])
    assert_allclose(precision_in_relevant(relevance, k), [slow_precision_in_relevant(row, k) for row in relevance])


def test_a_case_worked_by_hand():
    relevance = np.array([[True, False, False, True, True]])
    assert_allclose(average_precision(relevance), [(1 + 2 / 4 + 3 / 5) / 3])
    # The precision at the second hit, 2/4, is raised to the better 3/5 that follows.
    assert_allclose(interpolated_average_precision(relevance), [(1 + 3 / 5 + 3 / 5) / 3])
    assert_allclose(average_precision(relevance, k=4), [(1 + 2 / 4) / 2])
    assert_allclose(interpolated_average_precision(relevance, 4), [(1 + 2 / 4) / 3])
    assert_allclose(precision_in_list(relevance, 2), [1 / 2])
    assert_allclose(precision_in_list(relevance, 100), [3 / 5])
    assert_allclose(precision_in_relevant(relevance, 100), [1 / 3])


def test_tied_photos_count_with_the_precision_at_the_end_of_their_group():
    relevance = np.array([[True, False, True, False]])
    distance = np.array([[1.0, 1.0, 1.0, 2.0]])
    assert_allclose(average_precision(relevance, distance), [2 / 3])
    assert_allclose(average_precision(relevance, distance, k=2), [1 / 2])


def test_a_class_with_one_photo_has_the_inverse_of_its_rank():
    relevance = np.eye(4, dtype=bool)
    assert_allclose(average_precision(relevance), [1, 1 / 2, 1 / 3, 1 / 4])
    assert_allclose(interpolated_average_precision(relevance), [1, 1 / 2, 1 / 3, 1 / 4])
    assert_allclose(precision_in_relevant(relevance, 3), [1, 0, 0, 0])


def test_a_query_without_a_relevant_photo_has_zero_everywhere():
    relevance = np.array([[False, False, False], [True, False, False]])
    for values in (
        average_precision(relevance, np.zeros((2, 3)) + np.arange(3)),
        average_precision(relevance),
        interpolated_average_precision(relevance),
        precision_in_list(relevance, 1),
        precision_in_relevant(relevance, 2),
    ):
        assert_allclose(values, [0.0, 1.0])


def test_no_hit_inside_the_cut_is_zero():
    relevance = np.array([[False, False, True]])
    assert average_precision(relevance, k=2)[0] == 0
    assert interpolated_average_precision(relevance, 2)[0] == 0


def test_no_queries_give_no_values():
    nothing = np.zeros((0, 5), dtype=bool)
    assert average_precision(nothing, np.zeros((0, 5))).shape == (0,)
    assert interpolated_average_precision(nothing).shape == (0,)
    assert precision_in_relevant(nothing, 3).shape == (0,)


@pytest.mark.parametrize("metric", [precision_in_list, precision_in_relevant, interpolated_average_precision])
def test_k_below_one_is_refused(metric):
    with pytest.raises(EvaluationError, match=r"cut at k >= 1, got k=0; leave k out to take the whole list"):
        metric(np.ones((1, 3), dtype=bool), 0)


def test_relevance_that_is_not_a_table_of_bool_is_refused():
    with pytest.raises(EvaluationError, match=r"\(queries, photos\) array of bool, got int64 of shape \(1, 3\)"):
        average_precision(np.ones((1, 3), dtype=np.int64))
    with pytest.raises(EvaluationError, match=r"distances of shape \(1, 2\) do not fit relevance of shape \(1, 3\)"):
        average_precision(np.ones((1, 3), dtype=bool), np.zeros((1, 2)))
