from pathlib import Path

import numpy as np
import pytest

from pcmsn.data.records import Dataset, Modality, Pictures
from pcmsn.errors import DataError


def pictures(labels: list[int], classes: tuple[str, ...], modality: Modality = "sketch") -> Pictures:
    names = tuple(f"{classes[label]}/{index}.png" for index, label in enumerate(labels))
    return Pictures(modality, Path("/data"), names, np.array(labels, dtype=np.int64), classes)


def test_choosing_classes_relabels_by_their_new_position_and_keeps_the_order_of_pictures() -> None:
    chosen = pictures([0, 2, 1, 2], ("ant", "bee", "cat")).of_classes(["cat", "ant"])
    assert chosen.names == ("ant/0.png", "cat/1.png", "cat/3.png")
    assert chosen.labels.tolist() == [1, 0, 0]
    assert chosen.classes == ("cat", "ant")
    assert [chosen.class_name(index) for index in range(3)] == ["ant", "cat", "cat"]


def test_choosing_from_no_pictures_gives_no_pictures() -> None:
    assert len(pictures([], ("ant", "bee")).of_classes(["bee"])) == 0


def test_an_unknown_class_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(DataError, match="no class 'cats' among the 2 sketch classes .did you mean 'cat'"):
        pictures([0], ("ant", "cat")).of_classes(["cats"])


def test_joined_pictures_count_their_labels_on() -> None:
    joined = pictures([0, 1], ("ant", "bee")).joined(pictures([0], ("cat",)))
    assert joined.names == ("ant/0.png", "bee/1.png", "cat/0.png")
    assert joined.classes == ("ant", "bee", "cat")
    assert joined.labels.tolist() == [0, 1, 2]


def test_pictures_of_another_modality_or_of_a_common_class_are_not_joined() -> None:
    ants = pictures([0], ("ant",))
    with pytest.raises(DataError, match="sketch pictures of /data cannot be joined with photo pictures of /data"):
        ants.joined(pictures([0], ("bee",), "photo"))
    with pytest.raises(DataError, match="cannot be joined: 'ant' in both parts"):
        ants.joined(pictures([0], ("ant",)))


def test_counts_include_classes_without_pictures() -> None:
    assert pictures([0, 0], ("ant", "bee")).counts() == {"ant": 2, "bee": 0}


def test_both_modalities_must_have_the_same_classes() -> None:
    with pytest.raises(DataError, match="different class lists"):
        Dataset("x", pictures([0], ("ant",)), pictures([0], ("bee",), "photo"))


def test_another_number_of_labels_than_names_is_refused() -> None:
    with pytest.raises(DataError, match=r"1 sketch names with labels of shape \(2,\); expected one label a name"):
        Pictures("sketch", Path("/data"), ("a/0.png",), np.zeros(2, dtype=np.int64), ("a",))
