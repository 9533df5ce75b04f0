"""Ready-made features stand in for an extractor: the same classes, order and rows as the pictures would give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pcmsn.data.class_names import known_class_names
from pcmsn.data.layouts import folder, tu_berlin
from pcmsn.data.records import Modality
from pcmsn.data.splits import Split
from pcmsn.errors import BackboneError, DataError
from pcmsn.features.feature_file import InMemory, write_feature_file
from pcmsn.features.ready_made import StoredFeatures, list_ready_made, load_ready_made, ready_made_folder

SPLIT = Split("three", ("ant",), ("bee",), ("cat",))
LAYOUT = folder(Path("nowhere"), "zoo")


def write(root: Path, modality: str, names: list[str], *, seen: tuple[str, ...] = ()) -> None:
    """Each row's value is its position in ``names``."""
    features = np.arange(len(names), dtype=np.float32).reshape(-1, 1).repeat(2, axis=1)
    write_feature_file(root / f"{modality}.npz", [InMemory(names, features)], source="tiny", seen_classes=seen)


def load(root: Path, modality: Modality, dataset_name: str = "zoo") -> StoredFeatures:
    pair = load_ready_made(root, dataset_name, SPLIT)
    return pair.sketch if modality == "sketch" else pair.photo


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    write(tmp_path, "sketch", ["cat/1.png", "ant/10.png", "bee/1.png", "ant/2.png"])
    write(tmp_path, "photo", ["bee/1.jpg", "cat/1.jpg", "ant/1.jpg"])
    return tmp_path


def test_the_form_of_the_backbone_is_known() -> None:
    assert ready_made_folder("features:a/b") == Path("a/b")
    assert [ready_made_folder(spec) for spec in ("features", "features:", "tiny:a", "owner/name")] == [None] * 4


def test_pictures_are_listed_by_class_and_name_as_a_folder_would_be(stored: Path) -> None:
    dataset = list_ready_made(stored, LAYOUT)
    assert (dataset.name, dataset.classes) == ("zoo", ("ant", "bee", "cat"))
    assert dataset.sketches.names == ("ant/10.png", "ant/2.png", "bee/1.png", "cat/1.png")
    assert dataset.sketches.labels.tolist() == [0, 0, 1, 2]
    assert dataset.sketches.path(0) == Path("nowhere/sketch/ant/10.png")
    assert dataset.notes == ("Ready-made features. Sketches: tiny. Photos: tiny.",)


def test_each_picture_gets_its_own_row(stored: Path) -> None:
    dataset = list_ready_made(stored, LAYOUT)
    sketch, photo = load(stored, "sketch"), load(stored, "photo")
    assert sketch.of(dataset.sketches)[:, 0].tolist() == [1, 3, 2, 0]
    part = dataset.sketches.of_classes(["cat", "ant"])
    assert sketch.of(part)[:, 0].tolist() == [1, 3, 0]
    assert sketch.feature_dim == photo.feature_dim == 2 and sketch.fingerprint != photo.fingerprint


def test_a_picture_without_features_is_named(stored: Path) -> None:
    dataset = list_ready_made(stored, LAYOUT)
    write(stored, "photo", ["bee/2.jpg", "cat/1.jpg", "ant/1.jpg"])
    with pytest.raises(DataError, match=r"photo.npz: no features of 1 photo pictures: 'bee/1.jpg'"):
        load(stored, "photo").of(dataset.photos)


def test_a_benchmarks_classes_get_their_prepared_names(tmp_path: Path) -> None:
    write(tmp_path, "sketch", ["giraffe/1.png", "hot air balloon/2.png", "bear (animal)/3.png"])
    write(tmp_path, "photo", ["griaffe/1.jpg", "hotairballoon/2.jpg", "bearanimal/3.jpg"])
    dataset = list_ready_made(tmp_path, tu_berlin(Path("root")))
    assert len(dataset.classes) == 3 and set(dataset.classes) <= set(known_class_names("TU-Berlin"))
    found = load(tmp_path, "photo", "TU-Berlin").of(dataset.photos)
    names = dict(zip(dataset.photos.names, found[:, 0], strict=True))
    assert names["giraffe/1.jpg"] == 0 and names["hot_air_balloon/2.jpg"] == 1


def test_classes_that_a_benchmark_lacks_are_named(stored: Path) -> None:
    with pytest.raises(
        DataError, match=r"classes that TU-Berlin does not have: 'cta' \(did you mean .*pass the --dataset"
    ):
        write(stored, "sketch", ["cta/1.png", "ant/1.png", "bee/1.png"])
        list_ready_made(stored, tu_berlin(Path("root")))


def test_classes_of_one_side_only_are_named(stored: Path) -> None:
    write(stored, "photo", ["bee/1.jpg", "dog/1.jpg", "ant/1.jpg"])
    message = r"classes 1 only in sketch.npz \('cat'\) and 1 only in photo.npz \('dog'\); import features of the same"
    with pytest.raises(DataError, match=message):
        list_ready_made(stored, LAYOUT)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/ant/1.png"], r"names that are not <class>/<file>: 'a/ant/1.png'; pcmsn features import makes them so"),
        (["1.png"], r"names that are not <class>/<file>"),
        (["ant/1.png", "ant/1.png"], r"several rows for one picture: 'ant/1.png'; give each its own name"),
    ],
)
def test_names_that_say_no_class_or_come_twice_are_refused(stored: Path, names: list[str], message: str) -> None:
    write(stored, "sketch", names)
    with pytest.raises(DataError, match=message):
        list_ready_made(stored, LAYOUT)


def test_a_missing_side_says_how_to_make_it(stored: Path) -> None:
    (stored / "photo.npz").unlink()
    with pytest.raises(
        DataError, match=r"no ready-made photo features: expected .*photo.npz, as pcmsn features import"
    ):
        list_ready_made(stored, LAYOUT)


def test_features_of_an_extractor_that_learned_from_unseen_classes_are_refused(stored: Path) -> None:
    write(stored, "photo", ["bee/1.jpg", "cat/1.jpg", "ant/1.jpg"], seen=("ant", "Be-e"))
    with pytest.raises(
        BackboneError, match=r"has seen 1 classes that the split 'three' keeps unseen \('bee'\); pass the"
    ):
        load_ready_made(stored, "zoo", SPLIT)
    write(stored, "photo", ["bee/1.jpg", "cat/1.jpg", "ant/1.jpg"], seen=("ant",))
    load_ready_made(stored, "zoo", SPLIT)
