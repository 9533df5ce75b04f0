from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.data.splits import (
    Split,
    default_split_name,
    load_split,
    load_unseen_split,
    published_split,
    published_splits,
    random_split,
    read_class_names,
    read_split,
    sem_pcyc_split,
    unseen_split,
)
from pcmsn.errors import SplitError

SKETCHY_VAL = "bear geyser guitar hamburger jack_o_lantern mushroom pear racket saw saxophone spoon trumpet"
SKETCHY_TEST = "bell cannon door eyeglasses lobster motorcycle rhinoceros squirrel tank teapot tiger violin wheelchair"
TU_BERLIN_UNSEEN = (
    "backpack bicycle bookshelf cabinet calculator castle couch dolphin door_handle duck eyeglasses fire_hydrant "
    "flying_saucer foot hedgehog knife octopus pear purse rollerblades sailboat snail snake snowman swan tablelamp "
    "traffic_light truck umbrella walkie_talkie"
)


def committed(dataset: str) -> Split:
    return published_split(dataset, "sem-pcyc")


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


UNSEEN = {
    ("Sketchy", "sake-25"): (
        "airplane bell butterfly camel chicken cup deer harp horse parrot pineapple ray rifle scissors snail squirrel "
        "swan tank teddy_bear tree umbrella volcano wheelchair windmill wine_bottle"
    ),
    ("Sketchy", "cvae-21"): (
        "bat cabin cow dolphin door giraffe helicopter mouse pear raccoon rhinoceros saw scissors seagull skyscraper "
        "songbird sword tree wheelchair windmill window"
    ),
    ("TU-Berlin", "sake-30"): (
        "ant banana bottle_opener brain bread bridge bus canoe fan frying_pan horse hot_air_balloon laptop lighter "
        "parachute penguin pizza rollerblades shoe snowboard space_shuttle streetlight suitcase t_shirt table teacup "
        "telephone tractor trombone windmill"
    ),
    ("QuickDraw", "quickdraw-30"): (
        "banana bat beach bread cactus cake campfire cow dolphin door fan feather fire_hydrant frog giraffe hamburger "
        "helicopter megaphone mouse palm_tree raccoon rhinoceros saw scissors shark skyscraper tiger tree windmill "
        "zebra"
    ),
}


@pytest.mark.parametrize(("dataset", "name"), UNSEEN)
def test_a_published_list_of_unseen_classes_is_committed_with_validation_classes_from_the_seen_ones(
    dataset: str, name: str
) -> None:
    split = published_split(dataset, name)
    assert " ".join(split.test) == UNSEEN[dataset, name]
    assert split.reported == "test"
    assert split == unseen_split(name, reversed(split.classes), split.test)
    assert len(split.val) == (len(split.train) + len(split.val)) // 10


def test_all_splits_of_a_data_set_divide_the_same_classes() -> None:
    for dataset, count in (("Sketchy", 125), ("TU-Berlin", 250), ("QuickDraw", 110)):
        classes = {published_split(dataset, name).classes for name in published_splits(dataset)}
        assert [len(names) for names in classes] == [count], dataset


@given(st.integers(5, 40), st.data())
def test_drawing_validation_classes_never_takes_an_unseen_one(count: int, data: st.DataObject) -> None:
    classes = [f"class {number}" for number in range(count)]
    unseen = data.draw(st.lists(st.sampled_from(classes), min_size=1, max_size=count - 4, unique=True))
    split = unseen_split("mine", classes, unseen)
    assert set(split.test) == set(unseen)
    assert sorted(split.classes) == sorted(classes)
    assert len(split.val) == max(2, (count - len(unseen)) // 10)
    assert len(split.train) >= 2


def test_unseen_classes_come_from_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "holiday.txt"
    path.write_text("# what we test on\n\nc1\nc7\n")
    classes = [f"c{i}" for i in range(12)]
    split = load_unseen_split(path, "mine", classes)
    assert (split.name, split.test, split.reported) == ("holiday", ("c1", "c7"), "test")
    path.write_text("c1\nc77\n")
    with pytest.raises(SplitError, match="1 unseen classes are not among the 12: 'c77' .did you mean 'c7'"):
        load_unseen_split(path, "mine", classes)
    assert load_unseen_split(path, "mine", classes, allow_missing=True).missing == ("c77",)
    path.write_text("d1\n")
    with pytest.raises(SplitError, match="mine has none of its 1 classes"):
        load_unseen_split(path, "mine", classes, allow_missing=True)


@pytest.mark.parametrize(("text", "message"), [("", "it names no class"), ("a\nb\na\n", "'a' stands there twice")])
def test_a_list_of_classes_must_name_each_once(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text(text)
    with pytest.raises(SplitError, match=message):
        read_class_names(path)
    with pytest.raises(SplitError, match="cannot be read as a list of classes"):
        read_class_names(tmp_path)
    with pytest.raises(SplitError, match=r"^no file .*none\.txt; expected a list of classes, one name a line"):
        read_class_names(tmp_path / "none.txt")


def test_a_split_that_leaves_too_few_seen_classes_is_refused() -> None:
    with pytest.raises(
        SplitError, match="'mine': 3 of the 5 classes are seen, expected at least 4: .* name fewer unseen"
    ):
        unseen_split("mine", ["a", "b", "c", "d", "e"], ["a", "b"])


def test_missing_classes_stop_unless_they_are_allowed_and_then_are_noted() -> None:
    split = committed("Sketchy")
    there = [name for name in split.classes if name not in ("zebra", "tiger")]
    with pytest.raises(SplitError, match="'tiger', 'zebra'.*pass --allow-missing-classes"):
        load_split("sem-pcyc", "Sketchy", there)
    fitted = load_split("sem-pcyc", "Sketchy", there, allow_missing=True)
    assert fitted.missing == ("tiger", "zebra")
    assert set(fitted.classes) == set(there)
    assert "tiger" not in fitted.test
    (note,) = fitted.notes()
    assert note.startswith("2 of the 125 classes of split sem-pcyc are not in the data ('tiger', 'zebra')")
    assert split.notes() == ()


def test_a_folder_that_the_split_does_not_know_stops_even_when_missing_classes_are_allowed() -> None:
    split = committed("Sketchy")
    with pytest.raises(SplitError, match="1 folders are not in the split .'unicorn'"):
        split.fitted("Sketchy", [*split.classes, "unicorn"], allow_missing=True)


def test_a_part_without_any_class_left_is_refused() -> None:
    split = Split("mine", ("a", "b"), ("c",), ("d",))
    with pytest.raises(SplitError, match="holiday has none of its 'val' classes"):
        split.fitted("holiday", ["a", "d"], allow_missing=True)


def test_a_class_in_two_parts_is_refused() -> None:
    with pytest.raises(SplitError, match="'bee' in both train and test; each class belongs to one part"):
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
        split.fitted("Sketchy", folder)
    assert "1 folders are not in the split ('jack-o-lantern')" in str(e.value)


def test_an_unknown_split_lists_the_known_ones() -> None:
    with pytest.raises(SplitError, match="no split 'sempcyc' for Sketchy .did you mean 'sem-pcyc'"):
        load_split("sempcyc", "Sketchy", committed("Sketchy").classes)


def test_a_users_folder_gets_a_random_split_by_default() -> None:
    assert default_split_name("Sketchy") == "sem-pcyc"
    assert default_split_name("holiday") == "random"
    split = load_split(None, "holiday", [f"c{i}" for i in range(20)])
    assert (len(split.train), len(split.val), len(split.test)) == (16, 2, 2)


@given(st.integers(6, 60), st.integers(0, 5))
def test_a_random_split_divides_all_classes_whatever_their_order(count: int, seed: int) -> None:
    classes = [f"class {number}" for number in range(count)]
    split = random_split(classes, seed)
    assert split == random_split(classes[::-1], seed)
    assert sorted(split.train + split.val + split.test) == sorted(classes)
    assert min(len(split.train), len(split.val), len(split.test)) >= 2


def test_the_random_splits_that_always_had_two_classes_a_part_are_what_they_were() -> None:
    split = random_split([f"c{number:02}" for number in range(20)], 0)
    assert (split.val, split.test) == (("c00", "c03"), ("c12", "c15"))
    sizes = {count: random_split(map(str, range(count)), 3) for count in (6, 10, 19, 21, 29, 30)}
    assert {count: (len(split.val), len(split.test)) for count, split in sizes.items()} == {
        6: (2, 2),
        10: (2, 2),
        19: (2, 2),
        21: (2, 3),
        29: (2, 4),
        30: (3, 3),
    }


def test_a_part_with_one_class_is_noted_because_its_score_says_nothing() -> None:
    note_on_val, note_on_test = Split("mine", ("a", "b"), ("c",), ("d",)).notes()
    assert note_on_val.startswith("split mine: val has 1 class ('c'): every photo is right in every epoch")
    assert note_on_test == (
        "split mine: test has 1 class ('d'): every photo is right, so the score is 1 whatever the model does."
    )
    assert Split("mine", ("a",), ("b", "c"), ("d", "e")).notes() == ()


def test_a_toml_file_is_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('train = ["b", "a"]\nval = ["c"]\ntest = ["d"]\n')
    assert load_split(str(path), "holiday", ["a", "b", "c", "d"]) == Split("mine", ("a", "b"), ("c",), ("d",))
    path.write_text('train = ["a"]\nvalid = ["c"]\ntest = ["d"]\n')
    with pytest.raises(
        SplitError, match="unknown key 'valid' .did you mean 'val'..; expected train, val, test, reported"
    ):
        read_split(path)
    path.write_text('train = ["a"]\nval = ["c"]\ntest = ["d"]\nreported = "val"\n')
    with pytest.raises(SplitError, match="'reported' must be 'val\\+test' or 'test', got 'val'"):
        read_split(path)
    path.write_text('train = ["a"]\ntest = ["d"]\n')
    with pytest.raises(SplitError, match=r"mine\.toml has no list 'val'; expected the lists train, val and test"):
        read_split(path)
    path.write_text('train = "a"\nval = ["c"]\ntest = ["d"]\n')
    with pytest.raises(SplitError, match="'train' must be a list of class names"):
        read_split(path)


def test_a_random_split_of_too_few_classes_is_refused() -> None:
    with pytest.raises(
        SplitError, match=r"at least 6 classes, two each .*, got 5; add classes, or .*--split FILE\.toml"
    ):
        random_split("abcde", 0)
