"""Searching while another thread changes the index."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import numpy as np
import pytest

from pcmsn.gallery.records import Queries
from pcmsn.gallery.vectors.read_write_lock import ReadWriteLock
from pcmsn.gallery.vectors.vector_index import VectorIndex

PHOTOS, DIM, VERSIONS = 3000, 16, 60


def put_version(index: VectorIndex, version: int) -> None:
    """All photos at once, every value the version; after even versions the second half is there, too."""
    vectors = np.full((PHOTOS, DIM), version, dtype=np.float32)
    codes = np.full((PHOTOS, 8), version % 256, dtype=np.uint8)
    index.put(np.arange(PHOTOS), vectors, codes, np.full(PHOTOS, version, dtype=np.int32))


@pytest.mark.parametrize("mode", ["exact", "shortlist"])
def test_every_search_sees_one_version_whole(mode: str) -> None:
    index = VectorIndex(DIM, 64)
    put_version(index, 1)
    asked = Queries(np.zeros((1, DIM), np.float32), np.zeros((1, 8), np.uint8))
    done = Event()

    def search() -> list[tuple[list[float], int]]:
        seen = []
        while not done.is_set() or not seen:
            distances, rows = index.search(asked, PHOTOS, mode=mode, shortlist=PHOTOS)
            seen.append((np.unique(distances).tolist(), len(np.unique(rows))))
        return seen

    with ThreadPoolExecutor(3) as readers:
        searches = [readers.submit(search) for _ in range(3)]
        try:
            for version in range(2, VERSIONS):
                put_version(index, version)
        finally:
            done.set()
        for seen in [one for found in searches for one in found.result()]:
            assert len(seen[0]) == 1 and seen[0][0] % 4 == 0, "distances of two versions in one answer"
            assert seen[1] == PHOTOS


def test_photos_that_move_up_when_others_are_removed_are_not_lost() -> None:
    index = VectorIndex(DIM, 64)
    rows = np.arange(PHOTOS)
    vectors = rows[:, None].astype(np.float32) * np.ones(DIM, np.float32)
    codes, labels = np.zeros((PHOTOS, 8), np.uint8), np.zeros(PHOTOS, np.int32)
    index.put(rows, vectors, codes, labels)
    asked = Queries(vectors[-1:].copy(), codes[:1])
    done = Event()

    def search() -> list[int]:
        seen = []
        while not done.is_set() or not seen:
            distances, found = index.search(asked, 1)
            assert distances[0, 0] == 0
            seen.append(int(found[0, 0]))
        return seen

    with ThreadPoolExecutor(3) as readers:
        searches = [readers.submit(search) for _ in range(3)]
        try:
            for start in range(0, PHOTOS - 100, 50):
                some = rows[start : start + 50]
                index.remove(some)
                if start % 100 == 0:
                    index.put(some, vectors[some], codes[some], labels[some])
        finally:
            done.set()
        assert {row for found in searches for row in found.result()} == {PHOTOS - 1}


def test_lists_are_made_once_when_several_threads_need_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from pcmsn.gallery.vectors import vector_index

    made = []
    original = vector_index.InvertedLists
    monkeypatch.setattr(vector_index, "SMALLEST_GALLERY", 100)
    monkeypatch.setattr(vector_index, "InvertedLists", lambda vectors: made.append(1) or original(vectors))
    index = VectorIndex(DIM, 64)
    vectors = np.random.default_rng(0).normal(size=(1000, DIM)).astype(np.float32)
    index.put(np.arange(1000), vectors, np.zeros((1000, 8), np.uint8), np.zeros(1000, np.int32))
    together = Barrier(4)

    def search() -> int:
        together.wait()
        return int(index.search(Queries(vectors[:1], np.zeros((1, 8), np.uint8)), 1, mode="approximate")[1][0, 0])

    with ThreadPoolExecutor(4) as threads:
        assert [one.result() for one in [threads.submit(search) for _ in range(4)]] == [0] * 4
    assert made == [1]


def test_readers_share_the_lock_and_a_writer_waits_for_them() -> None:
    lock, events = ReadWriteLock(), []
    both, release = Barrier(3), Event()

    def read() -> None:
        with lock.reading():
            both.wait(timeout=10)
            release.wait(timeout=10)
            events.append("read")

    def write() -> None:
        with lock.writing():
            events.append("written")

    readers = [Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    both.wait(timeout=10)
    writer = Thread(target=write)
    writer.start()
    writer.join(timeout=0.05)
    assert events == []
    release.set()
    for thread in [*readers, writer]:
        thread.join(timeout=10)
    assert events == ["read", "read", "written"]


def test_the_lock_is_free_again_after_an_error() -> None:
    lock = ReadWriteLock()
    with pytest.raises(ValueError, match="reading"), lock.reading():
        raise ValueError("reading")
    with pytest.raises(ValueError, match="writing"), lock.writing():
        raise ValueError("writing")
    with lock.writing():
        pass
    with lock.reading():
        pass
