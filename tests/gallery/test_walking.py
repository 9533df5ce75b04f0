"""Which files below the given paths are taken, which are left out, and what is said of those."""

import os
from pathlib import Path

import pytest
from made_photos import write_photos

from pcmsn.errors import GalleryError
from pcmsn.gallery.walking import FoundFile, SkippedPath, is_gone, walk


def names(root: Path, *paths: Path) -> list[str]:
    """Files that are taken, relative to a folder."""
    return [os.path.relpath(file.path, root) for file in walk(paths or [root]) if isinstance(file, FoundFile)]


def left_out(*paths: Path) -> dict[str, str]:
    return {Path(file.path).name: file.reason for file in walk(paths) if isinstance(file, SkippedPath)}


def test_pictures_of_all_folders_come_sorted_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    for folder in ("b", "a/deep", ".hidden"):
        write_photos(tmp_path / folder, 2)
    (tmp_path / "b" / ".hidden.png").write_bytes(b"x")
    (tmp_path / "b" / "UPPER.JPG").write_bytes(b"x")
    found = names(tmp_path)
    assert found == ["a/deep/0000.png", "a/deep/0001.png", "b/0000.png", "b/0001.png", "b/UPPER.JPG"]
    assert left_out(tmp_path) == {}


def test_size_and_time_are_those_of_the_file(tmp_path: Path) -> None:
    (path,) = write_photos(tmp_path, 1)
    os.utime(path, ns=(5, 123456789))
    assert list(walk([path])) == [FoundFile(str(path), path.stat().st_size, 123456789)]


def test_other_files_are_named_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "README").write_text("x")
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert left_out(tmp_path) == {
        "notes.txt": "not a picture",
        "README": "not a picture",
        "broken.jpg": "a link that leads nowhere",
        "pipe.jpg": "not a file",
    }


@pytest.mark.parametrize("name", ["a.jxl", "b.jp2", "c.CR2", "d.dng"])
def test_a_picture_of_an_unsupported_kind_is_not_called_no_picture(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert left_out(tmp_path) == {name: "not supported, save it as JPEG"}


def test_a_folder_that_can_not_be_read_is_named_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path / "closed", 1)
    write_photos(tmp_path / "open", 1)
    real = os.scandir

    def scandir(path: str) -> object:  # as root, permissions would not stop anyone
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert names(tmp_path) == ["open/0000.png"]
    assert left_out(tmp_path) == {"closed": "the folder cannot be read: Permission denied"}


def test_links_that_lead_back_end_and_every_folder_is_read_once(tmp_path: Path) -> None:
    write_photos(tmp_path / "a", 1)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert names(tmp_path) == ["a/0000.png"]


def test_a_file_that_is_given_beside_its_folder_comes_once(tmp_path: Path) -> None:
    first, second = write_photos(tmp_path, 2)
    assert names(tmp_path, second, tmp_path, first) == ["0001.png", "0000.png"]


def test_a_linked_file_keeps_the_name_of_the_link(tmp_path: Path) -> None:
    (path,) = write_photos(tmp_path / "a", 1)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "link.png").symlink_to(path)
    assert names(tmp_path) == ["a/0000.png", "b/link.png"]


def test_a_relative_path_and_one_with_dots_stand_for_the_same_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = write_photos(tmp_path / "a", 1)
    monkeypatch.chdir(tmp_path / "a")
    for given in (Path("0000.png"), Path("../a/0000.png"), Path("./0000.png"), Path("../a"), Path()):
        assert [file.path for file in walk([given])] == [str(path)]


def test_a_path_that_is_not_there_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    expected = r"no file or folder .*/gone; pass photos or folders that are there.*: prune=True, or --prune"
    with pytest.raises(GalleryError, match=expected):
        walk([tmp_path, tmp_path / "gone"])


def test_a_tilde_stands_for_the_home_folder_also_in_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (path,) = write_photos(tmp_path / "Pictures", 1)
    assert [file.path for file in walk([Path("~/Pictures")])] == [str(path)]
    with pytest.raises(GalleryError, match=f"no file or folder {tmp_path}/Photos;"):
        walk([Path("~/Photos")])


def test_a_name_that_begins_with_a_tilde_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (path,) = write_photos(tmp_path / "~old", 1)
    assert [file.path for file in walk([Path("~old")])] == [str(path)]


def test_only_what_is_surely_not_there_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = write_photos(tmp_path, 1)
    assert not is_gone(str(path))
    assert is_gone(str(tmp_path / "other.png"))
    assert is_gone(str(path / "below-a-file.png"))

    def stat(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "stat", stat)
    assert not is_gone(str(path))


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", "$RECYCLE.BIN", "__MACOSX", "lost+found", "node_modules"])
def test_folders_of_the_system_are_left_out_and_named(tmp_path: Path, name: str) -> None:
    kept = write_photos(tmp_path / "holiday", 1)
    write_photos(tmp_path / "holiday" / name, 2)
    assert [file.path for file in walk([tmp_path]) if isinstance(file, FoundFile)] == [str(kept[0])]
    assert left_out(tmp_path) == {name: "a folder of the system or of a program"}


def test_names_and_paths_can_be_excluded(tmp_path: Path) -> None:
    kept = write_photos(tmp_path / "a", 2)
    write_photos(tmp_path / "cache-1", 1)
    write_photos(tmp_path / "b" / "thumbs", 1)
    found = walk([tmp_path], exclude=["cache*", "*/b/thumbs", "0001.*"])
    assert [file.path for file in found if isinstance(file, FoundFile)] == [str(kept[0])]
