"""What the file system answers when a link is asked for, and what is made of it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from pcmsn.data.linking import hard_link, same_content, symbolic_link

each_kind = pytest.mark.parametrize("link", [hard_link, symbolic_link])
Link = Callable[[Path, Path], bool]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source.png").write_bytes(b"picture")
    return tmp_path / "source.png"


@each_kind
def test_a_link_leads_to_the_file_from_any_folder(tmp_path: Path, source: Path, link: Link) -> None:
    (tmp_path / "below").mkdir()
    assert link(source, tmp_path / "below" / "link.png")
    assert (tmp_path / "below" / "link.png").samefile(source)


@each_kind
def test_a_file_system_without_links_is_told_by_false_and_nothing_is_made(
    tmp_path: Path, source: Path, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    monkeypatch.setattr("os.symlink", refuse)
    assert not link(source, tmp_path / "link.png")
    assert not (tmp_path / "link.png").exists()


@each_kind
def test_a_target_that_exists_is_an_error_and_stays(tmp_path: Path, source: Path, link: Link) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        link(source, tmp_path / "mine.png")
    assert (tmp_path / "mine.png").read_bytes() == b"mine"


def test_files_are_compared_by_their_bytes_and_not_by_size_and_time(tmp_path: Path, source: Path) -> None:
    (tmp_path / "copy.png").write_bytes(b"picture")
    (tmp_path / "other.png").write_bytes(b"PICTURE")
    assert same_content(source, tmp_path / "copy.png")
    assert not same_content(source, tmp_path / "other.png")
