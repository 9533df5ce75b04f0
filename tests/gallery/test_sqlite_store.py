"""A gallery file gives back what was put in, to the writer and to readers that were open before."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_photos import IDENTITY, made_photo, query_of, random_photos

from pcmsn.errors import GalleryError
from pcmsn.gallery.records import EmbeddedPhoto, Queries
from pcmsn.gallery.sqlite import vector_blocks
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import KnownFile, SearchSettings


def opened(path: Path) -> SqliteStore:
    return SqliteStore.open(str(path), identity=IDENTITY, writable=True)


def found_ids(store: SqliteStore, queries: Queries, k: int = 1000, label: str | None = None) -> list[list[str]]:
    return [[hit.photo.photo_id for hit in hits] for hits in store.search(queries, SearchSettings(k=k, label=label))]


def slow_ids(photos: list[EmbeddedPhoto], vector: np.ndarray) -> list[str]:
    """Ids by distance, then by id, in a plain loop."""
    distances = {
        photo.record.photo_id: np.float32(np.sqrt(((photo.vector.astype(float) - vector.astype(float)) ** 2).sum()))
        for photo in photos
    }
    return sorted(distances, key=lambda photo_id: (distances[photo_id], photo_id))


def test_everything_that_was_put_in_comes_back_after_reopening(tmp_path: Path) -> None:
    photos = [made_photo(1, [0, 0, 0, 1], "tree"), made_photo(2, [0, 0, 1, 0]), made_photo(3, [1, 0, 0, 0], "tree")]
    with opened(tmp_path / "g") as store:
        store.upsert(photos)
    with SqliteStore.open(str(tmp_path / "g")) as store:
        assert store.identity == IDENTITY
        assert len(store) == 3
        assert store.photos() == [photo.record for photo in photos]
        assert store.photos(label="tree", offset=1, limit=5) == [photos[2].record]
        assert store.labels() == {"": 1, "tree": 2}
        assert [store.count(label) for label in (None, "tree", "", "bush")] == [3, 2, 1, 0]
        assert store.photo(photos[1].record.photo_id) == photos[1].record
        assert store.thumbnail(photos[1].record.photo_id) == b"jpeg 2"
        assert store.photo("f" * 32) is None and store.thumbnail("f" * 32) is None
        record = photos[0].record
        first = next(store.known_files())
        assert first == KnownFile(
            record.photo_id, record.path, record.size, record.modified_ns, record.content_hash, "tree"
        )


def test_a_search_agrees_with_a_plain_loop_for_every_k_and_label(tmp_path: Path) -> None:
    trees, others = random_photos(40, "tree"), random_photos(60, "other", first=40)
    vector = np.array([0.1, -0.2, 0.3, 0.0], dtype=np.float32)
    with opened(tmp_path / "g") as store:
        store.upsert(trees)
        store.upsert(others)
        for k in (1, 7, 40, 100, 1000):
            assert found_ids(store, query_of(vector), k) == [slow_ids(trees + others, vector)[:k]]
            assert found_ids(store, query_of(vector), k, "tree") == [slow_ids(trees, vector)[:k]]
        assert found_ids(store, query_of(vector, -vector), 3, "no such label") == [[], []]
        hit = store.search(query_of(trees[5].vector), SearchSettings(k=1))[0][0]
        assert hit.photo == trees[5].record and hit.distance == 0.0


def test_photos_at_the_same_distance_are_ordered_by_id_however_many_tie_at_the_cut(tmp_path: Path) -> None:
    photos = [made_photo(number, [1, 0, 0, 0]) for number in range(200)]
    nearer = made_photo(500, [0.5, 0, 0, 0])
    with opened(tmp_path / "g") as store:
        store.upsert([*photos, nearer])
        expected = [nearer.record.photo_id, *sorted(photo.record.photo_id for photo in photos)]
        for k in (1, 2, 5, 150, 300):
            assert found_ids(store, query_of([0, 0, 0, 0]), k) == [expected[:k]]


def test_an_empty_gallery_finds_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "g") as store:
        assert found_ids(store, query_of([0, 0, 0, 0])) == [[]]
        assert len(store) == 0 and store.labels() == {} and list(store.known_files()) == []


def test_an_open_reader_sees_additions_replacements_labels_and_deletions(tmp_path: Path) -> None:
    photos = random_photos(10)
    zero = np.zeros(4, dtype=np.float32)
    with opened(tmp_path / "g") as writer:
        writer.upsert(photos)
        with SqliteStore.open(str(tmp_path / "g")) as reader:
            assert found_ids(reader, query_of(zero)) == [slow_ids(photos, zero)]
            photos += random_photos(5, first=10)
            writer.upsert(photos[10:])
            assert found_ids(reader, query_of(zero)) == [slow_ids(photos, zero)]
            photos[3] = made_photo(3, [0, 0, 0, 0.001], "new")
            writer.upsert([photos[3]])
            assert found_ids(reader, query_of(zero)) == [slow_ids(photos, zero)]
            assert found_ids(reader, query_of(zero), label="new") == [[photos[3].record.photo_id]]
            writer.relabel([(photos[7].record.photo_id, "new"), (photos[12].record.photo_id, "new"), ("0" * 32, "x")])
            assert sorted(found_ids(reader, query_of(zero), label="new")[0]) == sorted(
                photos[place].record.photo_id for place in (3, 7, 12)
            )
            assert found_ids(reader, query_of(zero)) == [slow_ids(photos, zero)]
            assert writer.delete([photos[0].record.photo_id, photos[1].record.photo_id, "0" * 32]) == 2
            assert found_ids(reader, query_of(zero)) == [slow_ids(photos[2:], zero)]
            assert reader.thumbnail(photos[0].record.photo_id) is None
            assert len(reader) == len(writer) == 13


def test_a_relabelled_and_deleted_gallery_reads_the_same_from_the_start(tmp_path: Path) -> None:
    photos, zero = random_photos(30, "old"), np.zeros(4, dtype=np.float32)
    with opened(tmp_path / "g") as writer:
        writer.upsert(photos[:20])
        writer.upsert(photos[10:])
        writer.relabel([(photo.record.photo_id, "new") for photo in photos[5:15]])
        writer.delete([photo.record.photo_id for photo in photos[:8]])
        writer.upsert(photos[:2])
    with SqliteStore.open(str(tmp_path / "g")) as reader:
        kept = photos[:2] + photos[8:]
        assert found_ids(reader, query_of(zero)) == [slow_ids(kept, zero)]
        assert found_ids(reader, query_of(zero), label="new") == [slow_ids(photos[8:15], zero)]
        assert reader.labels() == {"new": 7, "old": 17}


def test_rewriting_keeps_every_photo_and_open_readers_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_blocks, "_WASTE_BELOW", 0)
    monkeypatch.setattr(vector_blocks, "ROWS_PER_BLOCK", 7)
    photos, zero = random_photos(20), np.zeros(4, dtype=np.float32)
    with opened(tmp_path / "g") as writer, SqliteStore.open(str(tmp_path / "g")) as reader:
        for _ in range(4):
            writer.upsert(photos)
            assert found_ids(reader, query_of(zero)) == [slow_ids(photos, zero)]
        writer.delete([photos[0].record.photo_id])
        writer.close()
        assert found_ids(reader, query_of(zero)) == [slow_ids(photos[1:], zero)]
        blocks = reader._blocks.read
        with reader._reading() as connection:
            assert [len(block.rows) for block in blocks(connection)] == [7, 7, 5]
    with opened(tmp_path / "g") as writer:
        writer.relabel([(photos[19].record.photo_id, "last")])
        assert found_ids(writer, query_of(zero), label="last") == [[photos[19].record.photo_id]]
        writer.delete([photo.record.photo_id for photo in photos])
    with opened(tmp_path / "g") as writer:
        writer.upsert(photos[:3])
        assert found_ids(writer, query_of(zero)) == [slow_ids(photos[:3], zero)]


def test_touching_changes_size_and_time_only(tmp_path: Path) -> None:
    photo = made_photo(1, [0, 0, 0, 1], "tree")
    with opened(tmp_path / "g") as store:
        store.upsert([photo])
        (known,) = store.known_files()
        store.touch([known._replace(size=5, modified_ns=6, label="ignored")])
        assert store.photo(known.photo_id) == replace(photo.record, size=5, modified_ns=6)


def test_of_two_photos_with_one_id_in_a_call_the_last_counts(tmp_path: Path) -> None:
    with opened(tmp_path / "g") as store:
        store.upsert([made_photo(1, [0, 0, 0, 1]), made_photo(1, [0, 0, 0, 2], "later")])
        assert store.labels() == {"later": 1}
        assert store.search(query_of([0, 0, 0, 2]), SearchSettings(k=5))[0][0].distance == 0.0


def test_a_call_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    good, bad = made_photo(1, [0, 0, 0, 1]), made_photo(2, [0, 0, np.nan, 1])
    with opened(tmp_path / "g") as store:
        with pytest.raises(GalleryError, match=r"/photos/00002\.jpg: its vector is not finite"):
            store.upsert([good, bad])
        with pytest.raises(
            GalleryError, match=r"keeps vectors of 4 values and codes of 2 bytes, got arrays of shape \(3,\) and \(2,\)"
        ):
            store.upsert([good, made_photo(2, [0, 0, 1])])
        assert len(store) == 0


def test_file_names_that_are_no_text_survive(tmp_path: Path) -> None:
    photo = made_photo(1, [0, 0, 0, 1], path="/photos/gr\udcfcn\n'%.jpg")
    with opened(tmp_path / "g") as store:
        store.upsert([photo])
        assert store.photos() == [photo.record]
        assert next(store.known_files()).path == photo.record.path


def test_queries_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "g") as store:
        wrong = Queries(np.zeros((1, 3), dtype=np.float32), np.zeros((1, 2), dtype=np.uint8))
        with pytest.raises(GalleryError, match="embed the sketch with the gallery's own model"):
            store.search(wrong, SearchSettings())
        with pytest.raises(GalleryError, match="a search finds 1 photo or more, got k = 0"):
            store.search(query_of([0, 0, 0, 0]), SearchSettings(k=0))


def test_threads_that_search_while_another_writes_never_see_half_a_change(tmp_path: Path) -> None:
    photos, zero = random_photos(60), np.zeros(4, dtype=np.float32)
    whole = [slow_ids(photos[: 20 * part], zero) for part in range(4)]
    wrong: list[object] = []
    stop = threading.Event()

    def search(reader: SqliteStore) -> None:
        while not stop.is_set():
            try:
                (ids,) = found_ids(reader, query_of(zero))
            except Exception as error:
                wrong.append(error)
                return
            if ids not in whole:
                wrong.append(ids)

    with opened(tmp_path / "g") as writer, SqliteStore.open(str(tmp_path / "g")) as reader:
        threads = [threading.Thread(target=search, args=(reader,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            for start in (0, 20, 40):
                writer.upsert(photos[start : start + 20])
            for start in (40, 20, 0):
                writer.delete([photo.record.photo_id for photo in photos[start : start + 20]])
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_shortlist_holds_at_least_the_photos_asked_for(tmp_path: Path) -> None:
    query = query_of([0, 0, 0, 0])
    with opened(tmp_path / "g") as store:
        store.upsert(random_photos(60))
        (hits,) = store.search(query, SearchSettings(k=5, mode="shortlist", shortlist=5))
        assert len(hits) == 5
        (every,) = store.search(query, SearchSettings(k=60, mode="shortlist", shortlist=60))
        assert len(every) == 60
        with pytest.raises(GalleryError, match="a shortlist of 4 photos cannot give 5; pass a shortlist of at least 5"):
            store.search(query, SearchSettings(k=5, mode="shortlist", shortlist=4))


def test_the_recall_of_approximate_search_is_known_once_it_was_used(tmp_path: Path) -> None:
    with opened(tmp_path / "g") as store:
        store.upsert(random_photos(20))
        assert store.approximate_recall is None
        store.search(query_of([0, 0, 0, 0]), SearchSettings(mode="approximate"))
        assert store.approximate_recall == 1.0  # so few photos are all compared
