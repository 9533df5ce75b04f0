"""Which files a folder or a list stands for, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pcmsn.data.picture_files import PictureFile, files_below, files_in_list
from pcmsn.errors import DataError


def test_a_folder_gives_its_pictures_in_sorted_order_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.JPG", "a.png", "c/d/e.webp", "b/notes.txt", ".hidden/x.png", "b/.x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = list(files_below(tmp_path))
    assert [file.name for file in found] == ["a.png", "b/10.JPG", "b/2.png", "c/d/e.webp"]
    assert all(file.path == tmp_path / file.name for file in found)


def test_a_link_that_leads_back_ends_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").touch()
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert [file.name for file in files_below(tmp_path)] == ["a/x.png", "b/x.png"]


def test_a_missing_folder_is_an_error_before_anything_is_listed(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"no folder .*nowhere with pictures; pass one, or a list of files: --list FILE"
    ):
        files_below(tmp_path / "nowhere")


def test_a_list_gives_a_file_as_soon_as_its_line_is_there() -> None:
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in ("a b.png\n", "\r\n", "/c.png\r\n", "d.png"):
            taken.append(line)
            yield line

    files = files_in_list(lines())
    assert next(files) == PictureFile("a b.png", Path("a b.png")) and len(taken) == 1
    assert [file.name for file in files] == ["/c.png", "d.png"]
