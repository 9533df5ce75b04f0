"""The listing of everything: as the strict listing where that one accepts, complete where it refuses."""

from collections.abc import Callable
from pathlib import Path

from pcmsn.data.inventory import class_folders, places_of, read_class_folder
from pcmsn.data.layouts import folder, list_dataset


def test_it_lists_the_pictures_that_the_strict_listing_takes(
    tmp_path: Path, write_pictures: Callable[..., Path]
) -> None:
    root = write_pictures(tmp_path / "mine", {"bee": 2, "ant": 3})
    (root / "photo" / ".ipynb_checkpoints").mkdir()
    (root / "photo" / "bee" / ".DS_Store").write_bytes(b"x")
    (root / "photo" / "bee" / "notes.txt").write_bytes(b"x")
    dataset = list_dataset(folder(root))
    for place, pictures in zip(places_of("folder", root), (dataset.sketches, dataset.photos), strict=True):
        listed = tuple(f"{each.name}/{name}" for each in class_folders(place.folder) for name in each.pictures)
        assert listed == pictures.names


def test_every_entry_is_of_one_kind(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpeg", "c.psd", "Thumbs.db", ".hidden.jpg"):
        (tmp_path / name).write_bytes(b"x")
    for name in ("sub", "__MACOSX"):
        (tmp_path / name).mkdir()
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    found = read_class_folder(tmp_path)
    assert found.pictures == ("a.jpeg", "b.PNG")
    assert found.others == ("c.psd",)
    assert found.subfolders == ("sub",)
    assert found.broken_links == ("gone.jpg",)
    assert set(found.strays) == {"Thumbs.db", ".hidden.jpg", "__MACOSX"}


def test_a_place_that_is_not_there_has_no_classes(tmp_path: Path) -> None:
    assert list(class_folders(tmp_path / "nowhere")) == []
    assert [place.row for place in places_of("Sketchy", tmp_path)] == ["sketches", "photos", "original photos"]
