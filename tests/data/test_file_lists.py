"""Lists in the form that SAKE and ZSE-SBIR distribute, over small made-up data sets."""

from pathlib import Path

import numpy as np
import pytest

from pcmsn.data.file_lists import FileLists, read_file_lists
from pcmsn.errors import DataError

SEEN = ("zebra", "hot-air_balloon", "cat", "car_(sedan)")
UNSEEN = ("cup", "jack-o-lantern")
PREPARED = {"hot-air_balloon": "hot_air_balloon", "jack-o-lantern": "jack_o_lantern"}


def write_sketchy(root: Path) -> Path:
    """Prepared Sketchy folders: of each class two sketches, an original photo, and it again with one more outside."""
    for distributed in SEEN + UNSEEN:
        name = PREPARED.get(distributed, distributed)
        for folder, files in (
            ("sketch/tx_000000000000", ("n1-1.png", "n1-2.png")),
            ("photo/tx_000000000000", ("n1.jpg",)),
            ("extended_photo", ("n1.jpg", "ext 2.jpg")),
        ):
            target = root / folder / name
            target.mkdir(parents=True)
            for file in files:
                (target / file).touch()
    return root


def write_lists(folder: Path, *, zero: tuple[str, ...] = UNSEEN) -> Path:
    """SAKE's four lists, with its folder names, and the lists that have nothing to do with pictures."""
    folder.mkdir(exist_ok=True)
    for part, classes in (("train", SEEN), ("zero", zero)):
        sketches, photos = [], []
        for label, name in enumerate(classes):
            where = f"256x256/sketch/tx_000000000000_ready/{name}"
            sketches += [f"{where}/n1-2.png {label}", f"{where}/n1-1.png {label}"]
            photos += [f"256x256/photo/tx_000000000000_ready/{name}/n1.jpg {label}"]
            photos += [f"EXTEND_image_sketchy_ready/{name}/{file} {label}" for file in ("n1.jpg", "ext 2.jpg")]
        (folder / f"sketch_tx_000000000000_ready_filelist_{part}.txt").write_text("\n".join(sketches) + "\n")
        (folder / f"all_photo_filelist_{part}.txt").write_text("\n".join(photos) + "\n")
    (folder / "cname_cid.txt").write_text("zebra 0\n")
    (folder / "cname_cid_zero.txt").write_text("cup 0\n")
    (folder / "sketch_tx_000000000000_ready_filelist_test.txt").write_text("somewhere/else/x.png 0\n")
    return folder


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return write_lists(tmp_path / "zeroshot1")


@pytest.fixture
def sketchy(tmp_path: Path) -> Path:
    return write_sketchy(tmp_path / "Sketchy")


def photos_of(found: FileLists, name: str) -> list[str]:
    photos = found.dataset.photos
    return [photos.names[i] for i in range(len(photos)) if photos.class_name(i) == name]


def test_lists_are_read_with_their_order_their_doubles_and_spaces_in_names(lists: Path, sketchy: Path) -> None:
    found = read_file_lists(lists, "Sketchy", sketchy)
    assert found.split.test == ("cup", "jack_o_lantern")
    assert found.split.reported == "test"
    assert set(found.split.train + found.split.val) == {"car_(sedan)", "cat", "hot_air_balloon", "zebra"}
    assert found.dataset.sketches.names[:2] == (
        "sketch/tx_000000000000/zebra/n1-2.png",
        "sketch/tx_000000000000/zebra/n1-1.png",
    )
    assert photos_of(found, "jack_o_lantern") == [
        "photo/tx_000000000000/jack_o_lantern/n1.jpg",
        "extended_photo/jack_o_lantern/n1.jpg",
        "extended_photo/jack_o_lantern/ext 2.jpg",
    ]
    assert all(found.dataset.photos.path(index).is_file() for index in range(len(found.dataset.photos)))


def test_photos_that_are_listed_twice_are_reported(lists: Path, sketchy: Path) -> None:
    assert any(
        note.startswith("6 of the 18 listed photos stand in the lists a second time") for note in notes(lists, sketchy)
    )


def notes(lists: Path, root: Path) -> tuple[str, ...]:
    return read_file_lists(lists, "Sketchy", root).dataset.notes


def test_originals_are_found_in_the_extension_where_their_own_folder_is_missing(lists: Path, sketchy: Path) -> None:
    (sketchy / "photo").rename(sketchy / "elsewhere")
    found = read_file_lists(lists, "Sketchy", sketchy)
    assert photos_of(found, "cup")[:2] == ["extended_photo/cup/n1.jpg"] * 2
    assert not any("not in the data" in note for note in found.dataset.notes)


def test_pictures_that_are_not_on_disk_are_left_out_and_counted(lists: Path, sketchy: Path) -> None:
    (sketchy / "extended_photo" / "cup" / "ext 2.jpg").unlink()
    assert "1 of the 30 listed pictures are not in the data." in notes(lists, sketchy)


def test_a_class_of_which_nothing_is_on_disk_stops_unless_allowed(lists: Path, sketchy: Path) -> None:
    (sketchy / "sketch" / "tx_000000000000" / "cup").rename(sketchy / "cup")
    with pytest.raises(DataError, match=r"no listed photo of 1 classes is below .*\('cup'\).*--allow-missing-classes"):
        read_file_lists(lists, "Sketchy", sketchy)
    found = read_file_lists(lists, "Sketchy", sketchy, allow_missing_classes=True)
    assert found.split.test == ("jack_o_lantern",)
    assert found.split.missing == ("cup",)
    assert "cup" not in found.dataset.classes


def test_the_listing_of_the_disk_does_not_matter(lists: Path, sketchy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_file_lists(lists, "Sketchy", sketchy).dataset
    original = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: sorted(original(path), reverse=True))
    after = read_file_lists(lists, "Sketchy", sketchy).dataset
    assert before.photos.names == after.photos.names
    np.testing.assert_array_equal(before.photos.labels, after.photos.labels)


def test_tu_berlin_lists_map_names_and_jpeg_endings(tmp_path: Path) -> None:
    lists = tmp_path / "zeroshot"
    lists.mkdir()
    root = tmp_path / "TU-Berlin"
    for part, classes in (
        ("train", (("alarm clock", "alarmclock"), ("crane (machine)", "cranemachine"), ("cat", "cat"), ("key", "key"))),
        ("zero", (("giraffe", "griaffe"),)),
    ):
        sketches = [f"png_ready/{sketch}/{i}.png {i}\n" for i, (sketch, _) in enumerate(classes)]
        photos = [f"ImageResized_ready/{photo}/n{i}.JPEG {i}\n" for i, (_, photo) in enumerate(classes)]
        (lists / f"png_ready_filelist_{part}.txt").write_text("".join(sketches))
        (lists / f"ImageResized_ready_filelist_{part}.txt").write_text("".join(photos))
        for i, (sketch, _) in enumerate(classes):
            name = sketch.replace(" ", "_")
            for folder, file in (("sketches", f"{i}.png"), ("images", f"n{i}.jpg")):
                (root / folder / name).mkdir(parents=True)
                (root / folder / name / file).touch()
    found = read_file_lists(lists, "TU-Berlin", root)
    assert found.dataset.classes == ("alarm_clock", "cat", "crane_(machine)", "giraffe", "key")
    assert found.dataset.photos.names == (
        "images/alarm_clock/n0.jpg",
        "images/crane_(machine)/n1.jpg",
        "images/cat/n2.jpg",
        "images/key/n3.jpg",
        "images/giraffe/n0.jpg",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("256x256/sketch/tx_000000000000_ready/cat/n1.png", "line 1: expected 'relative/path label'"),
        ("n1.png 0", "line 1: expected FOLDER/CLASS/FILE, got 'n1.png'"),
        ("256x256/sketch/../cat/n1.png 0", "line 1: expected FOLDER/CLASS/FILE"),
        ("drawings/cat/n1.png 0", "line 1: the folder 'drawings' is none of Sketchy's"),
        ("EXTEND_image_sketchy_ready/kitten/n1.png 0", "line 1: Sketchy has no class 'kitten'"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str, lists: Path, sketchy: Path) -> None:
    (lists / "all_photo_filelist_zero.txt").write_text(line + "\n")
    with pytest.raises(DataError, match=message):
        read_file_lists(lists, "Sketchy", sketchy)


def test_one_label_for_two_classes_is_refused(lists: Path, sketchy: Path) -> None:
    path = lists / "all_photo_filelist_zero.txt"
    path.write_text(path.read_text().replace("jack-o-lantern/n1.jpg 1", "jack-o-lantern/n1.jpg 0"))
    with pytest.raises(DataError, match="label 0 is 'jack_o_lantern' here and 'cup' above"):
        read_file_lists(lists, "Sketchy", sketchy)


def test_a_class_in_seen_and_unseen_lists_is_refused(tmp_path: Path, sketchy: Path) -> None:
    lists = write_lists(tmp_path / "overlap", zero=("cup", "cat"))
    with pytest.raises(DataError, match="'cat' in a train and a zero list"):
        read_file_lists(lists, "Sketchy", sketchy)


def test_a_folder_without_the_lists_says_what_it_has(lists: Path, sketchy: Path) -> None:
    (lists / "all_photo_filelist_train.txt").unlink()
    with pytest.raises(DataError, match="no list .*_train.txt names a photo; it has 'all_photo_filelist_zero.txt'"):
        read_file_lists(lists, "Sketchy", sketchy)
    with pytest.raises(DataError, match="it has no .txt file"):
        read_file_lists(lists / "nowhere", "Sketchy", sketchy)
