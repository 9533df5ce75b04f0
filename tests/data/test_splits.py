from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.data.splits import Split, default_split_name, load_split, random_split, read_split, sem_pcyc_split
from pcmsn.errors import SplitError

SKETCHY_VAL = "bear geyser guitar hamburger jack_o_lantern mushroom pear racket saw saxophone spoon trumpet"
SKETCHY_TEST = "bell cannon door eyeglasses lobster motorcycle rhinoceros squirrel tank teapot tiger violin wheelchair"
TU_BERLIN_UNSEEN = (
    "backpack bicycle bookshelf cabinet calculator castle couch dolphin door_handle duck eyeglasses fire_hydrant "
    "flying_saucer foot hedgehog knife octopus pear purse rollerblades sailboat snail snake snowman swan tablelamp "
    "traffic_light truck umbrella walkie_talkie"
)


def committed(dataset: str) -> Split:
    import pcmsn.data.splits as module

    return read_split(module.SPLIT_LISTS / dataset / "sem-pcyc.toml")


def test_the_committed_sketchy_list_has_the_published_classes() -> None:
    split = committed("Sketchy")
    assert (len(split.train), len(split.val), len(split.test)) == (100, 12, 13)
    assert " ".join(split.val) == SKETCHY_VAL
    assert " ".join(split.test) == SKETCHY_TEST


def test_the_committed_tu_berlin_list_has_the_published_classes() -> None:
    split = committed("TU-Berlin")
    assert (len(split.train), len(split.val), len(split.test)) == (220, 15, 15)
    assert " ".join(sorted(split.val + split.test)) == TU_BERLIN_UNSEEN


@pytest.mark.parametrize(("dataset", "shares"), [("Sketchy", (0.8, 0.1)), ("TU-Berlin", (0.88, 0.06))])
def test_the_committed_lists_follow_from_the_rule(dataset: str, shares: tuple[float, float]) -> None:
    split = committed(dataset)
    assert sem_pcyc_split(reversed(split.classes), *shares) == split


def test_a_class_in_two_parts_is_refused() -> None:
    with pytest.raises(SplitError, match="'bee' in both train and test"):
        Split("mine", train=("ant", "bee"), val=("cat",), test=("bee",))


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(SplitError, match="no class in val"):
        Split("mine", train=("ant",), val=(), test=("bee",))


def test_a_split_that_does_not_fit_names_the_first_differences() -> None:
    split = committed("Sketchy")
    folder = [name for name in split.classes if name not in ("jack_o_lantern", "zebra")] + ["jack-o-lantern"]
    with pytest.raises(
        SplitError, match=r"2 of its classes are not in the folder \('jack_o_lantern' .did you mean"
    ) as e:
        split.check_fits("Sketchy", folder)
    assert "1 folders are not in the split ('jack-o-lantern')" in str(e.value)


def test_an_unknown_split_lists_the_known_ones() -> None:
    with pytest.raises(SplitError, match="no split 'sempcyc' for Sketchy .did you mean 'sem-pcyc'"):
        load_split("sempcyc", "Sketchy", committed("Sketchy").classes)


def test_a_users_folder_gets_a_random_split_by_default() -> None:
    assert default_split_name("Sketchy") == "sem-pcyc"
    assert default_split_name("holiday") == "random"
    split = load_split(None, "holiday", [f"c{i}" for i in range(20)])
    assert (len(split.train), len(split.val), len(split.test)) == (16, 2, 2)


@given(st.integers(3, 60), st.integers(0, 5))
def test_a_random_split_divides_all_classes_whatever_their_order(count: int, seed: int) -> None:
    classes = [f"class {number}" for number in range(count)]
    split = random_split(classes, seed)
    assert split == random_split(classes[::-1], seed)
    assert sorted(split.train + split.val + split.test) == sorted(classes)


def test_a_toml_file_is_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('train = ["b", "a"]\nval = ["c"]\ntest = ["d"]\n')
    assert load_split(str(path), "holiday", ["a", "b", "c", "d"]) == Split("mine", ("a", "b"), ("c",), ("d",))
    path.write_text('train = ["a"]\nvalid = ["c"]\ntest = ["d"]\n')
    with pytest.raises(SplitError, match="unknown key 'valid' .did you mean 'val'"):
        read_split(path)
    path.write_text('train = "a"\nval = ["c"]\ntest = ["d"]\n')
    with pytest.raises(SplitError, match="'train' must be a list of class names"):
        read_split(path)


def test_too_few_classes_for_a_split() -> None:
    with pytest.raises(SplitError, match="at least 3 classes"):
        random_split(["a", "b"], 0)
