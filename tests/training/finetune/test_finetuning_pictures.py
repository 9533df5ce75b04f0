"""Held-out pictures and the balanced order depend on names and seed alone."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmsn.data.records import Pictures
from pcmsn.errors import DataError
from pcmsn.training.finetune.pictures import BalancedOrder, HoldOutSplit, all_held_out, hold_out


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


def held_out_by_class(split: HoldOutSplit) -> dict[str, int]:
    return split.pictures.select(split.held_out).counts()


def test_a_tenth_of_each_class_is_held_out_and_at_least_one_of_two() -> None:
    counts = {"ant": 30, "bee": 14, "cat": 2, "dog": 1}
    split = hold_out(pictures(counts), counts, 0.1, seed=0)
    assert held_out_by_class(split) == {"ant": 3, "bee": 1, "cat": 1, "dog": 0}
    assert split.classes_without_held_out == ("dog",)


def test_something_is_left_to_learn_from() -> None:
    split = hold_out(pictures({"ant": 3, "bee": 2}), ["ant", "bee"], 0.99, seed=0)
    assert held_out_by_class(split) == {"ant": 2, "bee": 1}
    assert len(hold_out(pictures({"ant": 3}), ["ant"], 0.0, seed=0).held_out) == 0


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
    split = hold_out(pictures(by_name), by_name, share, seed)
    again = hold_out(pictures(by_name, shuffle), list(by_name)[::-1], share, seed)
    assert again.pictures.names == split.pictures.names and again.pictures.classes == split.pictures.classes
    assert np.array_equal(again.held_out, split.held_out)
    both = np.concatenate([split.training, split.held_out])
    assert sorted(both.tolist()) == list(range(sum(counts)))
    assert set(split.pictures.labels[split.training].tolist()) == set(range(len(counts)))
    first, second = (BalancedOrder(one).draw(17, np.random.default_rng(seed)) for one in (split, again))
    assert np.array_equal(first, second)


def test_other_classes_are_left_out_and_empty_ones_are_refused() -> None:
    split = hold_out(pictures({"ant": 3, "bee": 3, "unseen": 3}), ["bee", "ant"], 0.1, seed=0)
    assert split.pictures.classes == ("ant", "bee") and len(split.pictures) == 6
    with pytest.raises(DataError, match=r"no sketch of the class 'cat' in zoo"):
        hold_out(pictures({"ant": 3, "cat": 0}), ["ant", "cat"], 0.1, seed=0)


def test_of_classes_that_stay_unseen_all_pictures_are_held_out_in_an_order_of_their_own() -> None:
    counts = {"ant": 3, "unseen": 2, "bee": 3}
    split = all_held_out(pictures(counts, seed=1), ["unseen", "ant"])
    assert split.pictures.classes == ("ant", "unseen") and split.pictures.counts() == {"ant": 3, "unseen": 2}
    assert split.pictures.names == tuple(sorted(split.pictures.names))
    assert len(split.training) == 0 and split.held_out.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match=r"no sketch of the class 'cat' in zoo"):
        all_held_out(pictures({"ant": 3, "cat": 0}), ["ant", "cat"])


@settings(max_examples=30, deadline=None)
@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=6), drawn=st.integers(0, 60), seed=st.integers(0, 99))
def test_every_class_comes_equally_often_and_no_picture_twice_before_all_of_its_class(
    counts: list[int], drawn: int, seed: int
) -> None:
    by_name = {f"class {number}": count for number, count in enumerate(counts)}
    split = hold_out(pictures(by_name), by_name, 0.2, seed)
    positions = BalancedOrder(split).draw(drawn, np.random.default_rng(seed))
    assert set(positions.tolist()) <= set(split.training.tolist())
    by_class = np.bincount(split.pictures.labels[positions], minlength=len(counts))
    assert by_class.sum() == drawn and by_class.max() - by_class.min() <= 1
    times = np.bincount(positions, minlength=len(split.pictures))
    for label in range(len(counts)):
        own = times[split.training[split.pictures.labels[split.training] == label]]
        assert own.max() - own.min() <= 1


def test_the_classes_are_mixed_within_an_epoch() -> None:
    split = hold_out(pictures({"ant": 8, "bee": 8, "cat": 8}), ["ant", "bee", "cat"], 0.0, seed=0)
    labels = split.pictures.labels[BalancedOrder(split).draw(24, np.random.default_rng(0))]
    assert all(sorted(labels[start : start + 3]) == [0, 1, 2] for start in range(0, 24, 3))
