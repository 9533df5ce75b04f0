"""Example queries: which are chosen, and what is said of the photos that they found."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.data.records import Pictures
from pcmsn.errors import EvaluationError
from pcmsn.evaluation.examples import QueryResult, choose_queries, query_results


def test_results_are_taken_from_the_pictures():
    folder, classes = Path("data"), ("cup", "ox")
    sketches = Pictures("sketch", folder, ("s0.png", "s1.png"), np.array([0, 1]), classes)
    photos = Pictures("photo", folder, ("p0.jpg", "p1.jpg", "p2.jpg", "p3.jpg"), np.array([0, 1, 0, 1]), classes)
    results = query_results(sketches, photos, np.array([1, 0]), np.array([[3, 0, 1], [0, 2, 1]]))
    assert [(result.sketch.name, result.class_name) for result in results] == [("s1.png", "ox"), ("s0.png", "cup")]
    assert [photo.path.name for photo in results[0].photos] == ["p3.jpg", "p0.jpg", "p1.jpg"]
    assert [photo.is_right for photo in results[1].photos] == [True, True, False]
    assert [result.precision for result in results] == [pytest.approx(2 / 3)] * 2


def test_a_query_without_photos_has_precision_zero():
    assert QueryResult(Path("s0.png"), "cup", ()).precision == 0.0


def test_the_median_query_of_each_class_is_shown_best_class_first():
    precision = np.array([0.1, 0.2, 0.9, 0.5, 0.6, 0.7, 0.0, 1.0])
    labels = np.array(["low", "low", "low", "mid", "mid", "mid", "two", "two"])
    assert choose_queries(precision, labels, 3).tolist() == [4, 6, 1]


def test_classes_are_spread_from_the_best_to_the_worst():
    labels = np.arange(10)
    assert choose_queries(1 - labels / 10, labels, 3).tolist() == [1, 5, 8]


def test_more_queries_than_classes_show_quantiles_of_a_class():
    precision = np.linspace(1, 0, 9)
    assert choose_queries(precision, np.zeros(9, dtype=int), 3).tolist() == [1, 4, 7]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=25),
    st.integers(1, 30),
)
def test_chosen_queries_are_different_and_as_many_as_there_are(queries, count):
    labels, precision = (np.array(column) for column in zip(*queries, strict=True))
    chosen = choose_queries(precision, labels, count)
    assert len(set(chosen.tolist())) == len(chosen) == min(count, len(queries))
    if count >= len(set(labels)):
        assert set(labels[chosen]) == set(labels)


def test_choosing_from_nothing_is_refused():
    with pytest.raises(EvaluationError, match="at least 1 query must be shown, got 0"):
        choose_queries(np.ones(3), np.ones(3), 0)
    with pytest.raises(EvaluationError, match=r"\(2,\) labels do not fit \(3,\) average precisions"):
        choose_queries(np.ones(3), np.ones(2), 1)
