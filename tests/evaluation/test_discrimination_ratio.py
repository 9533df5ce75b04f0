"""The ratio by hand, by a slow version, its invariances, and where it says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.discrimination import discrimination_ratio


def slow_ratio(features: np.ndarray, labels: np.ndarray) -> float:
    names = sorted(set(labels.tolist()))
    means = {name: features[labels == name].mean(axis=0) for name in names}
    grand = sum(means.values()) / len(names)
    within = between = 0.0
    for name in names:
        members = [row for row, label in zip(features, labels, strict=True) if label == name]
        within += sum(float(np.dot(row - means[name], row - means[name])) for row in members) / len(members)
        between += float(np.dot(means[name] - grand, means[name] - grand))
    return between / within


def test_two_classes_worked_by_hand() -> None:
    """Means 1 and 5, so 4 between; squared distances 1 and 1 inside the one, 0 inside the other: 4 / 0.5."""
    assert discrimination_ratio([[0.0], [2.0], [5.0]], ["a", "a", "b"]) == pytest.approx(8)


def test_it_is_the_slow_one_and_does_not_know_size_place_or_direction() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 60)
    features = random.normal(size=(60, 4)) + random.normal(size=(5, 4))[labels]
    ratio = discrimination_ratio(features, labels)
    assert ratio == pytest.approx(slow_ratio(features, labels))
    turn = np.linalg.qr(random.normal(size=(4, 4)))[0]
    assert discrimination_ratio(3 * features @ turn + 7, labels) == pytest.approx(ratio)


def test_labels_without_meaning_give_about_one_over_the_rows_a_class() -> None:
    random = np.random.default_rng(1)
    ratio = discrimination_ratio(random.normal(size=(4000, 8)), np.arange(4000) % 40)
    assert ratio == pytest.approx(1 / 100, rel=0.2)


@pytest.mark.parametrize(
    ("features", "labels"), [(np.zeros((0, 3)), []), ([[1.0], [2.0]], [0, 0]), ([[1.0], [1.0], [4.0]], [0, 0, 1])]
)
def test_there_is_no_ratio_without_two_classes_or_without_spread(features: np.ndarray, labels: list[int]) -> None:
    assert discrimination_ratio(features, np.array(labels, dtype=int)) is None


def test_wrong_shapes_and_values_are_refused() -> None:
    with pytest.raises(EvaluationError, match="labels do not fit"):
        discrimination_ratio([[1.0], [2.0]], [0])
    with pytest.raises(EvaluationError, match="NaN or infinite"):
        discrimination_ratio([[1.0], [np.nan]], [0, 1])
