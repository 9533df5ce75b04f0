"""Bootstrap intervals: hand cases, agreement with theory, and how often they cover the truth."""

import numpy as np
import pytest

from pcmsn.errors import EvaluationError
from pcmsn.evaluation import intervals
from pcmsn.evaluation.intervals import bootstrap_means, mean_intervals


def generator(seed=0):
    return np.random.default_rng(seed)


def test_equal_values_have_no_width():
    for resample in ("classes", "queries"):
        found = mean_intervals(np.full((2, 7), 0.25), np.arange(7) % 3, generator(), resample=resample)
        assert [(part.low, part.high) for part in found.intervals] == [(0.25, 0.25), (0.25, 0.25)]
        assert found.resampled == resample


def test_two_queries_are_drawn_in_four_ways():
    """Values 0 and 1: means 0, 1/2, 1 with chances 1/4, 1/2, 1/4."""
    means = bootstrap_means(np.array([[0.0, 1.0]]), np.array([0, 0]), generator(), resample="queries", resamples=20_000)
    values, counts = np.unique(means, return_counts=True)
    assert values.tolist() == [0, 0.5, 1]
    np.testing.assert_allclose(counts / 20_000, [0.25, 0.5, 0.25], atol=0.015)


def test_classes_are_drawn_whole_and_weigh_by_their_queries():
    """Class 0 has one query of 0, class 1 three of 1: both classes 3/4, else 0 or 1."""
    values, labels = np.array([[0.0, 1, 1, 1]]), np.array([0, 1, 1, 1])
    means = bootstrap_means(values, labels, generator(), resamples=20_000)
    found, counts = np.unique(means, return_counts=True)
    assert found.tolist() == [0, 0.75, 1]
    np.testing.assert_allclose(counts / 20_000, [0.25, 0.5, 0.25], atol=0.015)


def test_the_spread_over_queries_is_the_standard_error():
    values = generator(1).random((1, 400))
    means = bootstrap_means(values, np.zeros(400, dtype=int), generator(), resample="queries", resamples=4000)
    assert means.std() == pytest.approx(values.std() / 20, rel=0.06)


def test_the_spread_over_classes_is_that_of_class_means():
    random = generator(2)
    labels = np.repeat(np.arange(30), 80)
    class_means = random.random(30)
    values = class_means[labels] + 0.01 * random.normal(size=len(labels))
    means = bootstrap_means(values[None], labels, generator(), resamples=4000)
    assert means.std() == pytest.approx(class_means.std() / np.sqrt(30), rel=0.06)
    alone = bootstrap_means(values[None], labels, generator(), resample="queries", resamples=1000)
    assert means.std() > 5 * alone.std()


def test_a_seed_gives_the_same_intervals_and_steps_do_not_matter(monkeypatch):
    random = generator(3)
    values, labels = random.random((4, 60)), random.integers(0, 5, 60)
    whole = mean_intervals(values, labels, generator(7))
    assert whole == mean_intervals(values, labels, generator(7))
    assert whole != mean_intervals(values, labels, generator(8))
    monkeypatch.setattr(intervals, "DRAWN_AT_ONCE", 1)
    stepped = bootstrap_means(values, labels, generator(7), resamples=300)
    assert stepped.mean(axis=1) == pytest.approx(values.mean(axis=1), abs=0.05)


@pytest.mark.parametrize(("resample", "least", "most"), [("classes", 0.88, 0.98), ("queries", 0.0, 0.6)])
def test_only_intervals_over_classes_cover_the_mean_of_all_classes(resample, least, most):
    """300 test sets of 20 classes with 15 queries each, from a world in which classes differ."""
    random = generator(4)
    labels = np.repeat(np.arange(20), 15)
    covered = []
    for _ in range(300):
        values = random.normal(0.4, 0.15, 20)[labels] + random.normal(0, 0.1, len(labels))
        found = mean_intervals(values[None], labels, random, resample=resample, resamples=300).intervals[0]
        covered.append(found.low <= 0.4 <= found.high)
    assert least <= np.mean(covered) <= most


def test_what_does_not_fit_is_refused():
    with pytest.raises(EvaluationError, match=r"'class' cannot be resampled .did you mean 'classes'\?\); expected"):
        mean_intervals(np.zeros((1, 2)), np.zeros(2), generator(), resample="class")
    with pytest.raises(EvaluationError, match=r"\(3,\) labels do not fit \(scores, queries\) values of shape \(1, 2\)"):
        mean_intervals(np.zeros((1, 2)), np.zeros(3), generator())
    with pytest.raises(EvaluationError, match="at least 1 resample is needed, got 0"):
        mean_intervals(np.zeros((1, 2)), np.zeros(2), generator(), resamples=0)
