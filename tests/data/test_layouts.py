from collections.abc import Callable
from pathlib import Path

import pytest

from pcmsn.data import layouts
from pcmsn.data.datasets import exact_dataset_name, open_dataset
from pcmsn.data.layouts import list_dataset
from pcmsn.errors import DataError

WritePictures = Callable[..., Path]


def test_a_folder_is_listed_in_sorted_order_with_labels(tmp_path: Path, write_pictures: WritePictures) -> None:
    dataset = list_dataset(layouts.folder(write_pictures(tmp_path, {"bee": 2, "ant": 1}), "mine"))
    assert dataset.classes == ("ant", "bee")
    assert dataset.sketches.names == ("ant/000.png", "bee/000.png", "bee/001.png")
    assert dataset.photos.labels.tolist() == [0, 1, 1]


def test_the_order_of_the_directory_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_pictures: WritePictures
) -> None:
    layout = layouts.folder(write_pictures(tmp_path, {"bee": 3, "ant": 3, "cat": 3}))
    expected = list_dataset(layout)
    plain = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(sorted(plain(self), reverse=True)))
    assert list_dataset(layout).photos.names == expected.photos.names


def test_stray_files_and_folders_are_not_listed(tmp_path: Path, write_pictures: WritePictures) -> None:
    root = write_pictures(tmp_path, {"ant": 1})
    (root / "photo" / ".ipynb_checkpoints").mkdir()
    (root / "photo" / "__MACOSX").mkdir()
    (root / "photo" / "ant" / "Thumbs.db").write_bytes(b"x")
    (root / "photo" / "ant" / "._000.png").write_bytes(b"x")
    assert list_dataset(layouts.folder(root)).photos.names == ("ant/000.png",)


def test_a_missing_data_root_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*Sketchy/sketch/tx_000000000000 .*Point --data-root") as error:
        open_dataset("Sketchy", tmp_path / "nowhere")
    assert "pcmsn data download sketchy and pcmsn data prepare sketchy" in str(error.value)


def test_a_folder_of_ones_own_without_sketches_is_not_to_be_downloaded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Point --dataset at the folder that holds sketch/ and photo/") as error:
        open_dataset(str(tmp_path), tmp_path)
    assert "download" not in str(error.value)


def test_a_class_in_one_modality_only_is_named(tmp_path: Path, write_pictures: WritePictures) -> None:
    root = write_pictures(tmp_path, {"ant": 1, "bee": 1})
    (root / "photo" / "bee").rename(root / "photo" / "wasp")
    with pytest.raises(DataError, match=r"1 only as sketches \('bee'\) and 1 only as photos \('wasp'\)"):
        list_dataset(layouts.folder(root))


def test_an_empty_class_is_named(tmp_path: Path, write_pictures: WritePictures) -> None:
    root = write_pictures(tmp_path, {"ant": 1, "bee": 1})
    (root / "photo" / "bee" / "000.png").unlink()
    with pytest.raises(DataError, match="no photo in the class 'bee'"):
        list_dataset(layouts.folder(root))


def test_a_folder_without_classes_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sketch").mkdir()
    with pytest.raises(DataError, match="holds no class folders"):
        list_dataset(layouts.folder(tmp_path))


def test_an_unknown_data_set_proposes_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data set 'sketchi' .did you mean 'Sketchy'"):
        open_dataset("sketchi", tmp_path)


@pytest.mark.parametrize(
    ("given", "exact"),
    [("sketchy", "Sketchy"), ("tu-berlin", "TU-Berlin"), ("QUICKDRAW", "QuickDraw"), ("ToyWorld", "toyworld")],
)
def test_a_data_sets_name_may_be_written_in_any_case(given: str, exact: str) -> None:
    assert exact_dataset_name(given) == exact
    assert exact_dataset_name(exact) == exact


def test_a_folder_of_ones_own_keeps_its_name_even_if_a_data_set_has_it_in_another_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sketchy").mkdir()
    assert exact_dataset_name("sketchy") == "sketchy"
    assert exact_dataset_name("pets/Sketchy-2") == "pets/Sketchy-2"


def test_tu_berlin_and_the_two_photo_sets_of_sketchy_have_their_own_places() -> None:
    assert layouts.tu_berlin(Path("d")).photos == Path("d/TU-Berlin/images")
    assert layouts.sketchy(Path("d")).photos == Path("d/Sketchy/extended_photo")
    assert layouts.sketchy(Path("d"), "original").photos == Path("d/Sketchy/photo/tx_000000000000")


def test_the_real_piece_of_sketchy_is_listed_whole(shared: Path) -> None:
    dataset = open_dataset("Sketchy", shared / "data" / "ZS-SBIR")
    assert (len(dataset.classes), len(dataset.sketches), len(dataset.photos)) == (125, 3125, 5098)
