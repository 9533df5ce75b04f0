import os
from pathlib import Path

import pytest

from pcmsn.data.atomic import atomic_path, write_text_atomically


def test_the_new_content_replaces_the_old_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_text_atomically(tmp_path / "new folder" / "a.txt", "old")
    write_text_atomically(tmp_path / "new folder" / "a.txt", "new")
    assert (tmp_path / "new folder" / "a.txt").read_text() == "new"
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_in_the_middle_leaves_the_old_content_and_no_temporary_file(
    tmp_path: Path, error: type[BaseException]
) -> None:
    write_text_atomically(tmp_path / "a.txt", "old")
    with pytest.raises(error), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise error
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_files_mode_follows_the_umask_whatever_its_writer_does(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "weights") as temporary:
            temporary.write_bytes(b"weights")
            temporary.chmod(0o600)  # as safetensors leaves its files
    finally:
        os.umask(before)
    assert (tmp_path / "weights").stat().st_mode & 0o777 == 0o640
