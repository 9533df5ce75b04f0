"""The learning rate over the steps of a training."""

import math
from itertools import pairwise

import pytest

from pcmsn.training.schedule import learning_rate_factor


def test_the_learning_rate_rises_in_a_line_and_falls_as_half_a_cosine() -> None:
    factors = [learning_rate_factor(step, 20, 0.2) for step in range(1, 21)]
    assert factors[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert factors[12] == pytest.approx(0.5 * (1 + math.cos(math.pi * 8 / 16)))
    assert all(later < earlier for earlier, later in pairwise(factors[4:]))
    assert 0 < factors[-1] < 0.02


def test_without_warm_up_the_learning_rate_starts_at_its_highest() -> None:
    assert learning_rate_factor(1, 5, 0.0) == 1.0


def test_the_learning_rate_may_rise_to_the_end() -> None:
    assert [learning_rate_factor(step, 4, 1.0) for step in range(1, 5)] == [0.25, 0.5, 0.75, 1.0]
