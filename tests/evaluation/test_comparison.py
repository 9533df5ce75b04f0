"""Paired comparisons: hand cases, all signs against drawn signs, and how often a test cries wolf."""

import json

import numpy as np
import pytest

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.comparison import compare_queries, sign_flip_p_value


def generator(seed=0):
    return np.random.default_rng(seed)


def test_three_differences_have_eight_signs():
    """|sum| of 1, 2, 3 with all signs: 6 6 4 4 2 2 0 0; at least 6 in two of eight, 4 in four."""
    assert sign_flip_p_value(np.array([1.0, 2, 3]), generator()) == 2 / 8
    assert sign_flip_p_value(np.array([-1.0, 2, 3]), generator()) == 4 / 8
    assert sign_flip_p_value(np.array([1.0, 2, -3]), generator()) == 1


def test_drawn_signs_agree_with_all_signs():
    differences = generator(1).normal(0.3, 1, 12)
    exact = sign_flip_p_value(differences, generator())
    assert exact == sign_flip_p_value(differences, generator(5))
    drawn = sign_flip_p_value(differences, generator(), permutations=4000)
    assert drawn > 0 and drawn == pytest.approx(exact, abs=0.03)


def test_a_run_against_itself_is_no_different():
    values = generator(2).random(40)
    found = compare_queries(values, values, np.arange(40) % 4, generator())
    assert (found.difference, found.better, found.worse, found.queries) == (0, 0, 0, 40)
    for test in (found.by_classes, found.by_queries):
        assert (test.interval.low, test.interval.high, test.p_value) == (0, 0, 1)
    assert (found.by_classes.units, found.by_queries.units) == (4, 40)


def test_sides_exchange():
    random = generator(3)
    first, second, labels = random.random(200), random.random(200), random.integers(0, 9, 200)
    one, other = (
        compare_queries(first, second, labels, generator()),
        compare_queries(second, first, labels, generator()),
    )
    assert one.difference == pytest.approx(-other.difference)
    assert (one.better, one.worse) == (other.worse, other.better)
    assert one.by_classes.interval.low == pytest.approx(-other.by_classes.interval.high)
    assert one.by_queries.p_value == other.by_queries.p_value


def test_a_constant_lead_is_certain():
    random = generator(4)
    base, labels = random.random(300), np.repeat(np.arange(15), 20)
    found = compare_queries(base + 0.01, base, labels, generator())
    assert found.by_classes.interval.low == pytest.approx(0.01)
    assert found.by_classes.p_value < 1e-3
    assert found.by_queries.p_value == 1e-4  # none of the 9999 drawn signs


def test_a_lead_in_one_class_does_not_speak_for_others():
    labels = np.repeat(np.arange(10), 50)
    lead = np.where(labels == 0, 0.5, 0.0) + generator(5).normal(0, 0.01, 500)
    found = compare_queries(lead, np.zeros(500), labels, generator())
    assert found.by_queries.p_value < 0.01
    assert found.by_classes.p_value > 0.05
    assert found.by_classes.interval.low < 0.01


def test_equal_runs_are_called_different_as_often_as_said():
    """Two runs that are equally good over all classes but differ by class: 5 % alarms by classes, many by queries."""
    random = generator(6)
    labels = np.repeat(np.arange(20), 10)
    alarms = []
    for _ in range(300):
        first = random.normal(0, 0.1, 20)[labels] + random.normal(0, 0.1, 200)
        found = compare_queries(first, np.zeros(200), labels, random, resamples=100, permutations=199)
        outside = not found.by_classes.interval.low <= 0 <= found.by_classes.interval.high
        alarms.append((found.by_classes.p_value <= 0.05, found.by_queries.p_value <= 0.05, outside))
    by_classes, by_queries, outside = np.mean(alarms, axis=0)
    assert 0.02 <= by_classes <= 0.09
    assert by_queries > 0.2
    assert outside <= 0.11


def test_the_comparison_is_plain_json_and_repeats():
    random = generator(7)
    arrays = random.random(30), random.random(30), np.array(list("abc") * 10)
    found = compare_queries(*arrays, generator())
    assert found == compare_queries(*arrays, generator())
    assert json.loads(json.dumps(found.to_dict()))["by_classes"]["units"] == 3


def test_runs_on_other_queries_are_refused():
    with pytest.raises(
        EvaluationError, match=r"run B has scores of shape \(3,\) for \(2,\) query labels; compare runs on"
    ):
        compare_queries(np.zeros(2), np.zeros(3), np.zeros(2), generator())
    with pytest.raises(EvaluationError, match="1 scores of run A are not finite"):
        compare_queries(np.array([np.nan, 0]), np.zeros(2), np.zeros(2), generator())
