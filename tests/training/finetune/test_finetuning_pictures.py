"""Held-out pictures and the balanced order depend on names and seed alone."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmsn.data.records import Pictures
from pcmsn.errors import DataError
from pcmsn.training.finetune.pictures import BalancedOrder, Division, divide, unlearned


def pictures(counts: dict[str, int], seed: int | None = None) -> Pictures:
    """``counts`` pictures of each class; with a seed in a shuffled order, classes too."""
    classes = list(counts)
    named = [(f"{name}/{index:03d}.png", name) for name in classes for index in range(counts[name])]
    if seed is not None:
        generator = np.random.default_rng(seed)
        generator.shuffle(classes)
        generator.shuffle(named)
    labels = np.array([classes.index(name) for _, name in named], dtype=np.int64)
    return Pictures("sketch", Path("zoo"), tuple(name for name, _ in named), labels, tuple(classes))


def held_out_by_class(division: Division) -> dict[str, int]:
    return division.pictures.select(division.held_out).counts()


def test_a_tenth_of_each_class_is_held_out_and_at_least_one_of_two() -> None:
    counts = {"ant": 30, "bee": 14, "cat": 2, "dog": 1}
    division = divide(pictures(counts), counts, 0.1, seed=0)
    assert held_out_by_class(division) == {"ant": 3, "bee": 1, "cat": 1, "dog": 0}
    assert division.classes_without_held_out == ("dog",)


def test_something_is_left_to_learn_from() -> None:
    division = divide(pictures({"ant": 3, "bee": 2}), ["ant", "bee"], 0.99, seed=0)
    assert held_out_by_class(division) == {"ant": 2, "bee": 1}
    assert len(divide(pictures({"ant": 3}), ["ant"], 0.0, seed=0).held_out) == 0


@settings(max_examples=30, deadline=None)
@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    share=st.floats(0, 0.9),
    seed=st.integers(0, 99),
    shuffle=st.integers(0, 99),
)
def test_the_division_is_whole_and_independent_of_the_order(
    counts: list[int], share: float, seed: int, shuffle: int
) -> None:
    by_name = {f"class {number}": count for number, count in enumerate(counts)}
    division = divide(pictures(by_name), by_name, share, seed)
    again = divide(pictures(by_name, shuffle), list(by_name)[::-1], share, seed)
    assert again.pictures.names == division.pictures.names and again.pictures.classes == division.pictures.classes
    assert np.array_equal(again.held_out, division.held_out)
    both = np.concatenate([division.training, division.held_out])
    assert sorted(both.tolist()) == list(range(sum(counts)))
    assert set(division.pictures.labels[division.training].tolist()) == set(range(len(counts)))
    first, second = (BalancedOrder(one).draw(17, np.random.default_rng(seed)) for one in (division, again))
    assert np.array_equal(first, second)


def test_other_classes_are_left_out_and_empty_ones_are_refused() -> None:
    division = divide(pictures({"ant": 3, "bee": 3, "unseen": 3}), ["bee", "ant"], 0.1, seed=0)
    assert division.pictures.classes == ("ant", "bee") and len(division.pictures) == 6
    with pytest.raises(DataError, match=r"no sketch of the class 'cat' in zoo"):
        divide(pictures({"ant": 3, "cat": 0}), ["ant", "cat"], 0.1, seed=0)


def test_of_classes_that_stay_unseen_all_pictures_are_held_out_in_an_order_of_their_own() -> None:
    counts = {"ant": 3, "unseen": 2, "bee": 3}
    division = unlearned(pictures(counts, seed=1), ["unseen", "ant"])
    assert division.pictures.classes == ("ant", "unseen") and division.pictures.counts() == {"ant": 3, "unseen": 2}
    assert division.pictures.names == tuple(sorted(division.pictures.names))
    assert len(division.training) == 0 and division.held_out.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match=r"no sketch of the class 'cat' in zoo"):
        unlearned(pictures({"ant": 3, "cat": 0}), ["ant", "cat"])


@settings(max_examples=30, deadline=None)
@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=6), drawn=st.integers(0, 60), seed=st.integers(0, 99))
def test_every_class_comes_equally_often_and_no_picture_twice_before_all_of_its_class(
    counts: list[int], drawn: int, seed: int
) -> None:
    by_name = {f"class {number}": count for number, count in enumerate(counts)}
    division = divide(pictures(by_name), by_name, 0.2, seed)
    positions = BalancedOrder(division).draw(drawn, np.random.default_rng(seed))
    assert set(positions.tolist()) <= set(division.training.tolist())
    by_class = np.bincount(division.pictures.labels[positions], minlength=len(counts))
    assert by_class.sum() == drawn and by_class.max() - by_class.min() <= 1
    times = np.bincount(positions, minlength=len(division.pictures))
    for label in range(len(counts)):
        own = times[division.training[division.pictures.labels[division.training] == label]]
        assert own.max() - own.min() <= 1


def test_the_classes_are_mixed_within_an_epoch() -> None:
    division = divide(pictures({"ant": 8, "bee": 8, "cat": 8}), ["ant", "bee", "cat"], 0.0, seed=0)
    labels = division.pictures.labels[BalancedOrder(division).draw(24, np.random.default_rng(0))]
    assert all(sorted(labels[start : start + 3]) == [0, 1, 2] for start in range(0, 24, 3))
