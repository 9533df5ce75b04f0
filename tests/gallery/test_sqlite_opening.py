"""Who may open a gallery file, and what is said to the others."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made_photos import IDENTITY, OTHER, made_photo, query_of, random_photos

from pcmsn.errors import GalleryError
from pcmsn.gallery.opening import ensure_gallery, open_store
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import SearchSettings

HOLDS_THE_LOCK = """
import sys
sys.path.insert(0, sys.argv[2])
from made_photos import IDENTITY, made_photo
from pcmsn.gallery.sqlite.store import SqliteStore
store = SqliteStore.open(sys.argv[1], identity=IDENTITY, writable=True)
store.upsert([made_photo(1, [0, 0, 0, 1])])
print("ready", flush=True)
sys.stdin.read()
"""


def made(path: Path) -> Path:
    with SqliteStore.open(str(path), identity=IDENTITY, writable=True) as store:
        store.upsert(random_photos(50))
    return path


def test_a_missing_gallery_says_how_one_is_made(tmp_path: Path) -> None:
    for options in ({}, {"writable": True}, {"identity": IDENTITY}):
        with pytest.raises(GalleryError, match=r"no gallery at .*g; make one: pcmsn index PHOTOS --run RUN --gallery"):
            open_store(str(tmp_path / "g"), **options)
    assert list(tmp_path.iterdir()) == []


def test_a_new_gallery_is_made_with_its_folder_and_leaves_one_file(tmp_path: Path) -> None:
    ensure_gallery(str(tmp_path / "deep" / "g"), IDENTITY)
    ensure_gallery(str(tmp_path / "deep" / "g"), IDENTITY)
    with open_store(str(tmp_path / "deep" / "g")) as store:
        assert store.search(query_of([0, 0, 0, 0]), SearchSettings()) == [[]]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["g"]


def test_another_model_is_refused_with_both_names_and_what_to_do(tmp_path: Path) -> None:
    path = made(tmp_path / "g")
    expected = (
        r"was made by another model: first model \(aaaaaaaaaaaa, run /runs/first\), got second model \(bbbbbbbbbbbb, "
        r"run /runs/second\)\. Pass the run that made it \(--run /runs/first\), or index the photos into a new gallery"
    )
    for writable in (False, True):
        with pytest.raises(GalleryError, match=expected):
            SqliteStore.open(str(path), identity=OTHER, writable=writable)
    SqliteStore.open(str(path), identity=IDENTITY, writable=True).close()


def test_a_run_that_was_moved_is_remembered_when_photos_are_added(tmp_path: Path) -> None:
    path = made(tmp_path / "g")
    SqliteStore.open(str(path), identity=replace(IDENTITY, run="/elsewhere"), writable=True).close()
    with SqliteStore.open(str(path)) as store:
        assert store.identity.run == "/elsewhere"


@pytest.mark.parametrize("content", [b"hello", b"\xff\xd8\xff\xe0" + bytes(2000), b"SQLite format 3\x00" + b"x" * 5000])
def test_a_file_that_is_no_gallery_is_refused_and_not_touched(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "g").write_bytes(content)
    for writable in (False, True):
        with pytest.raises(GalleryError, match="is no gallery: it was not written by pcmsn index|is damaged"):
            SqliteStore.open(str(tmp_path / "g"), identity=IDENTITY, writable=writable)
    assert (tmp_path / "g").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["g"]


def test_another_program_s_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "g")
    connection.execute("CREATE TABLE photos (row INTEGER)")
    connection.close()
    for writable in (False, True):
        with pytest.raises(GalleryError, match="is no gallery"):
            SqliteStore.open(str(tmp_path / "g"), identity=IDENTITY, writable=writable)
    connection = sqlite3.connect(tmp_path / "g")
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("photos",)]
    connection.close()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match=r"is a folder; a gallery is a file, for example .*photos\.gallery"):
        open_store(str(tmp_path), identity=IDENTITY, writable=True)


def test_another_version_is_refused_and_says_which(tmp_path: Path) -> None:
    connection = sqlite3.connect(made(tmp_path / "g"))
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(
        GalleryError, match="of version 7, expected 1; it was written by a newer pcmsn: update this one"
    ):
        open_store(str(tmp_path / "g"))


def test_a_cut_file_is_an_error_of_ours_wherever_it_is_cut(tmp_path: Path) -> None:
    content = made(tmp_path / "g").read_bytes()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        (tmp_path / "g").write_bytes(content[: int(len(content) * share)])
        with pytest.raises(GalleryError, match="is damaged|is no gallery"), open_store(str(tmp_path / "g")) as store:
            assert len(store.search(query_of([0, 0, 0, 0]), SearchSettings(k=50))[0]) == 50
            assert len(store.photos(limit=50)) == 50
            assert all(store.thumbnail(photo.photo_id) for photo in store.photos(limit=50))
            assert len(list(store.known_files())) == 50


def test_vectors_that_are_lost_are_noticed(tmp_path: Path) -> None:
    connection = sqlite3.connect(made(tmp_path / "g"))
    connection.execute("UPDATE blocks SET vectors = substr(vectors, 1, 100)")
    connection.commit()
    with pytest.raises(GalleryError, match="is damaged: cannot reshape"), open_store(str(tmp_path / "g")) as store:
        store.search(query_of([0, 0, 0, 0]), SearchSettings())
    connection.execute("DELETE FROM blocks")
    connection.commit()
    connection.close()
    with pytest.raises(GalleryError, match="it has 50 photos and 0 vectors"), open_store(str(tmp_path / "g")) as store:
        store.search(query_of([0, 0, 0, 0]), SearchSettings())


def test_a_reader_can_not_write(tmp_path: Path) -> None:
    store = open_store(str(made(tmp_path / "g")))
    with pytest.raises(GalleryError, match="is open for searching only"):
        store.delete([])
    store.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = open_store(str(made(tmp_path / "g")))
    store.close()
    store.close()
    with pytest.raises(GalleryError, match="was closed; open it again"):
        len(store)


def test_a_second_writer_is_told_which_process_writes_and_readers_are_not_kept_out(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS_THE_LOCK, str(tmp_path / "g"), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None and first.stdout.readline() == b"ready\n"
        with pytest.raises(GalleryError, match=rf"is being written by process {first.pid}; wait until that is done"):
            SqliteStore.open(str(tmp_path / "g"), identity=IDENTITY, writable=True)
        with open_store(str(tmp_path / "g")) as reader:
            assert len(reader) == 1
        first.kill()
    with SqliteStore.open(str(tmp_path / "g"), identity=IDENTITY, writable=True) as store:  # the lock died with it
        assert len(store) == 1
        store.upsert([made_photo(2, [0, 0, 0, 1])])
    assert [path.name for path in tmp_path.iterdir()] == ["g"]


def test_a_second_writer_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    first = SqliteStore.open(str(tmp_path / "g"), identity=IDENTITY, writable=True)
    with pytest.raises(GalleryError, match=f"is being written by process {os.getpid()}"):
        SqliteStore.open(str(tmp_path / "g"), identity=IDENTITY, writable=True)
    first.close()


def test_a_writer_that_could_not_open_lets_the_next_one_write(tmp_path: Path) -> None:
    path = made(tmp_path / "g")
    with pytest.raises(GalleryError, match="another model"):
        SqliteStore.open(str(path), identity=OTHER, writable=True)
    with SqliteStore.open(str(path), writable=True) as store:
        assert store.delete([store.photos()[0].photo_id]) == 1


def test_a_first_writer_that_was_stopped_before_its_first_commit_is_no_hindrance(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "g")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(GalleryError, match="no gallery at"):
        open_store(str(tmp_path / "g"))
    with SqliteStore.open(str(tmp_path / "g"), identity=IDENTITY, writable=True) as store:
        assert len(store) == 0


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_gallery_that_nobody_can_write_is_searched_with_or_without_an_unfinished_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unfinished: bool
) -> None:
    if unfinished:
        command = [sys.executable, "-c", HOLDS_THE_LOCK, str(tmp_path / "g"), str(Path(__file__).parent)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as killed:
            assert killed.stdout is not None and killed.stdout.readline() == b"ready\n"
            killed.kill()
    else:
        made(tmp_path / "g")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert ("g-wal" in before) is unfinished
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with open_store(str(tmp_path / "g")) as store:
        assert (
            len(store)
            == len(store.search(query_of([0, 0, 0, 0]), SearchSettings(k=50))[0])
            == (1 if unfinished else 50)
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == before
