from pathlib import Path

import numpy as np
import pytest

from pcmsn.data.records import Dataset, Pictures
from pcmsn.errors import DataError


def pictures(labels: list[int], classes: tuple[str, ...], modality: str = "sketch") -> Pictures:
    names = tuple(f"{classes[label]}/{index}.png" for index, label in enumerate(labels))
    return Pictures(modality, Path("/data"), names, np.array(labels, dtype=np.int64), classes)  # type: ignore[arg-type]


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


def test_counts_include_classes_without_pictures() -> None:
    assert pictures([0, 0], ("ant", "bee")).counts() == {"ant": 2, "bee": 0}


def test_both_modalities_must_have_the_same_classes() -> None:
    with pytest.raises(DataError, match="different class lists"):
        Dataset("x", pictures([0], ("ant",)), pictures([0], ("bee",), "photo"))


def test_one_label_a_name() -> None:
    with pytest.raises(DataError, match="1 sketch names with labels of shape"):
        Pictures("sketch", Path("/data"), ("a/0.png",), np.zeros(2, dtype=np.int64), ("a",))
