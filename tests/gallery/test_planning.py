"""A plan is the difference between files and gallery, and carrying it out closes the difference."""

import os
import shutil
from pathlib import Path

import pytest
from made_photos import write_photos
from PIL import Image
from stand_in_embedder import StandInEmbedder

from pcmsn.errors import GalleryError
from pcmsn.gallery import indexing, planning
from pcmsn.gallery.indexing import index_photos
from pcmsn.gallery.planning import IndexReport, fixed_label, label_from_folder, plan, skipped_by_suffix
from pcmsn.gallery.records import photo_id_of
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.walking import NOT_A_PICTURE, NOT_SUPPORTED

KEEP = fixed_label(None)


@pytest.fixture
def embedder() -> StandInEmbedder:
    return StandInEmbedder()


@pytest.fixture
def store(tmp_path: Path, embedder: StandInEmbedder) -> SqliteStore:
    return SqliteStore.open(str(tmp_path / "g"), identity=embedder.identity, writable=True)


def indexed(
    store: SqliteStore, embedder: StandInEmbedder, *paths: Path, label_of: object = KEEP, prune: bool = False
) -> IndexReport:
    embedder.embedded.clear()
    return index_photos(plan(paths, store, label_of=label_of, prune=prune), store, embedder)


def counts(report: IndexReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, report.removed


def test_new_photos_are_added_and_the_second_time_nothing_is_embedded(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder
) -> None:
    paths = write_photos(tmp_path / "p", 5)
    assert counts(indexed(store, embedder, tmp_path / "p")) == (5, 0, 0, 0)
    assert [photo.path for photo in store.photos()] == [str(path) for path in paths]
    assert counts(indexed(store, embedder, tmp_path / "p")) == (0, 0, 5, 0)
    assert embedder.embedded == []


def test_a_changed_photo_is_embedded_again_and_keeps_its_label(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder
) -> None:
    paths = write_photos(tmp_path / "p", 3)
    indexed(store, embedder, tmp_path, label_of=fixed_label("mine"))
    Image.new("RGB", (9, 9), "red").save(paths[1])
    assert counts(indexed(store, embedder, tmp_path)) == (0, 1, 2, 0)
    assert embedder.embedded == [str(paths[1])]
    photo = store.photo(photo_id_of(paths[1]))
    assert photo is not None and (photo.width, photo.label) == (9, "mine")
    assert counts(indexed(store, embedder, tmp_path)) == (0, 0, 3, 0)


def test_a_photo_of_the_same_size_and_another_content_is_embedded_again(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder
) -> None:
    path = tmp_path / "p.bmp"
    Image.new("RGB", (8, 8), "red").save(path)
    indexed(store, embedder, path)
    Image.new("RGB", (8, 8), "blue").save(path)
    os.utime(path, ns=(1, 1))
    assert counts(indexed(store, embedder, path)) == (0, 1, 0, 0)


def test_where_only_the_time_changed_the_photo_is_touched_and_not_embedded(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = write_photos(tmp_path / "p", 1)
    indexed(store, embedder, tmp_path)
    os.utime(path, ns=(7, 7))
    assert counts(indexed(store, embedder, tmp_path)) == (0, 0, 1, 0)
    assert embedder.embedded == []
    assert store.photos()[0].modified_ns == 7
    monkeypatch.setattr(planning, "_has_content", lambda file, known: pytest.fail("it is read again"))
    indexed(store, embedder, tmp_path)


def test_labels_come_from_folders_or_are_given_and_stay_where_none_is(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder
) -> None:
    for name in ("tree", "house"):
        write_photos(tmp_path / "p" / name, 2)
    indexed(store, embedder, tmp_path)
    assert store.labels() == {"": 4}
    assert indexed(store, embedder, tmp_path, label_of=label_from_folder).relabelled == 4
    assert embedder.embedded == []
    assert store.labels() == {"house": 2, "tree": 2}
    indexed(store, embedder, tmp_path)
    assert store.labels() == {"house": 2, "tree": 2}
    assert indexed(store, embedder, tmp_path / "p" / "tree", label_of=fixed_label("")).relabelled == 2
    assert store.labels() == {"": 2, "house": 2}


def test_gone_files_are_counted_and_removed_only_when_asked_and_only_below_the_paths(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder
) -> None:
    here, there = write_photos(tmp_path / "p" / "here", 3), write_photos(tmp_path / "p" / "here too", 3)
    indexed(store, embedder, tmp_path)
    here[0].unlink()
    there[0].unlink()
    report = indexed(store, embedder, tmp_path / "p" / "here")
    assert (report.removed, report.missing, len(store)) == (0, 1, 6)
    report = indexed(store, embedder, tmp_path / "p" / "here", prune=True)
    assert (report.removed, report.missing, len(store)) == (1, 0, 5)
    assert store.photo(photo_id_of(there[0])) is not None
    shutil.rmtree(tmp_path / "p" / "here")
    report = indexed(store, embedder, tmp_path / "p", prune=True)
    assert (report.removed, len(store)) == (3, 2)


def test_photos_of_a_folder_that_can_not_be_read_now_are_not_pruned(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path / "p", 3)
    indexed(store, embedder, tmp_path)
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("/p"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = indexed(store, embedder, tmp_path, prune=True)
    assert (report.removed, report.missing, len(store)) == (0, 0, 3)
    assert (tmp_path / "p", "the folder cannot be read: Permission denied") in report.skipped


def test_an_unreadable_photo_is_named_and_tried_again_and_its_old_entry_stays(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder
) -> None:
    good, bad = write_photos(tmp_path / "p", 2)
    indexed(store, embedder, tmp_path / "p")
    bad.write_bytes(b"half")
    for _ in range(2):
        report = indexed(store, embedder, tmp_path / "p")
        assert counts(report) == (0, 0, 1, 0)
        assert [path for path, _ in report.unreadable] == [bad]
    assert len(store) == 2
    shutil.copy(good, bad)
    assert counts(indexed(store, embedder, tmp_path / "p")) == (0, 1, 1, 0)


def test_without_a_gallery_everything_is_new(tmp_path: Path) -> None:
    paths = write_photos(tmp_path, 3)
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.TXT").write_text("x")
    (tmp_path / "README").write_text("x")
    (tmp_path / "c.JXL").write_text("x")
    todo = plan([tmp_path], None, label_of=label_from_folder)
    assert [(source.path, source.label) for source in todo.to_embed] == [(path, tmp_path.name) for path in paths]
    assert skipped_by_suffix(todo.skipped, NOT_A_PICTURE) == {".txt": 2, "no ending": 1}
    assert skipped_by_suffix(todo.skipped, NOT_SUPPORTED) == {".jxl": 1}


def test_commits_come_every_few_hundred_photos_and_progress_tells_rate_and_rest(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "PHOTOS_A_COMMIT", 32)
    write_photos(tmp_path / "p", 100)
    upsert, commits, told = store.upsert, [], []
    monkeypatch.setattr(store, "upsert", lambda photos: (commits.append(len(photos)), upsert(photos)))
    todo = plan([tmp_path / "p"], store, label_of=KEEP)
    index_photos(todo, store, embedder, lambda *arguments: told.append(arguments))
    assert sum(commits) == 100 and max(commits) <= 64 and len(commits) >= 3
    assert told[0] == ("indexing", 0, 100, "")
    assert [done for _, done, _, _ in told] == sorted(done for _, done, _, _ in told)
    assert told[-1][:3] == ("indexing", 100, 100) and told[-1][3].endswith(" a second, 0:00 left")


def test_slow_photos_are_committed_after_a_few_seconds(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "SECONDS_A_COMMIT", 0.0)
    monkeypatch.setattr(indexing, "_QUICK_SECONDS", 0.0)
    write_photos(tmp_path / "p", 40)
    sizes = []
    upsert = store.upsert
    monkeypatch.setattr(store, "upsert", lambda photos: (sizes.append(len(photos)), upsert(photos)))
    index_photos(plan([tmp_path / "p"], store, label_of=KEEP), store, embedder)
    assert sizes == [16, 16, 8]


def test_what_was_embedded_before_an_interruption_is_kept_and_the_next_run_completes(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_photos(tmp_path / "p", 40)
    embed = embedder.embed_photos

    def interrupted(sources: object) -> object:
        if len(embedder.embedded) >= 16:
            raise KeyboardInterrupt
        return embed(sources)

    monkeypatch.setattr(embedder, "embed_photos", interrupted)
    with pytest.raises(KeyboardInterrupt):
        index_photos(plan([tmp_path / "p"], store, label_of=KEEP), store, embedder)
    assert [photo.path for photo in store.photos()] == [str(path) for path in paths[:16]]
    monkeypatch.undo()
    assert counts(indexed(store, embedder, tmp_path / "p")) == (24, 0, 16, 0)


def test_pruning_stops_where_not_one_photo_is_left(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder
) -> None:
    """As below the place where a disk was mounted that is away now."""
    photos = write_photos(tmp_path / "disk" / "photos", 3)
    index_photos(plan([tmp_path / "disk"], store, label_of=label_from_folder), store, embedder)
    for photo in photos:
        photo.unlink()
    with pytest.raises(GalleryError, match=r"none of the 3 photos below .*disk is there any more.* --prune-all"):
        plan([tmp_path / "disk"], store, label_of=label_from_folder, prune=True)
    assert len(store) == 3
    assert len(plan([tmp_path / "disk"], store, label_of=label_from_folder, prune=True, prune_all=True).gone) == 3
    write_photos(tmp_path / "disk" / "other", 1)  # the disk is there
    assert len(plan([tmp_path / "disk"], store, label_of=label_from_folder, prune=True).gone) == 3


def test_a_label_that_is_no_text_is_stored_with_replacement_characters(
    tmp_path: Path, store: SqliteStore, embedder: StandInEmbedder
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    write_photos(odd, 1)
    write_photos(tmp_path / "rome", 1, seed=1)
    index_photos(plan([tmp_path], store, label_of=label_from_folder), store, embedder)
    assert store.labels() == {"caf\ufffd": 1, "rome": 1}
    index_photos(plan([tmp_path], store, label_of=fixed_label(os.fsdecode(b"caf\xe9"))), store, embedder)
    assert store.labels() == {"caf\ufffd": 2}
