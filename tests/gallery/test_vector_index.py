"""The index in memory finds what slow loops over the same rows find, and refuses what it cannot store or search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_photos import StoredPhotos, random_codes

from pcmsn.errors import GalleryError
from pcmsn.gallery.records import Queries
from pcmsn.gallery.vectors.vector_index import VectorIndex

ROWS = st.lists(st.integers(0, 30), max_size=12)
CHANGES = st.lists(st.tuples(st.booleans(), ROWS), max_size=6)


def grid_vectors(generator: np.random.Generator, count: int, dim: int) -> np.ndarray:
    """Few different vectors, so that many are equal or equally far away."""
    return generator.integers(-1, 2, (count, dim)).astype(np.float32)


def random_photos(generator: np.random.Generator, count: int, dim: int = 8, bits: int = 12) -> StoredPhotos:
    stored = StoredPhotos(dim, bits)
    vectors = generator.normal(size=(count, dim)).astype(np.float32)
    labels = generator.integers(0, 3, count).tolist()
    stored.put(list(range(count)), vectors, random_codes(generator, count, bits), labels)
    return stored


def random_queries(generator: np.random.Generator, count: int, dim: int = 8, bits: int = 12) -> Queries:
    return Queries(generator.normal(size=(count, dim)).astype(np.float32), random_codes(generator, count, bits))


@settings(max_examples=150, deadline=None)
@given(
    changes=CHANGES,
    seed=st.integers(0, 2**16),
    dim=st.sampled_from([1, 3, 64]),
    bits=st.sampled_from([1, 8, 64, 70, 300]),
    queries=st.sampled_from([0, 1, 3, 25]),
    k=st.integers(1, 20),
    label=st.sampled_from([None, 0, 1, 7]),
)
def test_every_search_after_any_changes_gives_what_slow_loops_give(changes, seed, dim, bits, queries, k, label) -> None:
    generator = np.random.default_rng(seed)
    stored = StoredPhotos(dim, bits)
    for is_put, rows in changes:
        if is_put:
            codes, labels = random_codes(generator, len(rows), bits), generator.integers(0, 2, len(rows)).tolist()
            stored.put(rows, grid_vectors(generator, len(rows), dim), codes, labels)
        else:
            stored.remove(rows)
    asked = Queries(grid_vectors(generator, queries, dim), random_codes(generator, queries, bits))
    assert len(stored.index) == len(stored.photos)
    stored.assert_same(asked, k, label=label)
    stored.assert_same(asked, k, label=label, mode="shortlist", shortlist=k + 2)
    stored.assert_same(asked, k, label=label, mode="approximate")


@pytest.mark.parametrize("queries", [1, 30], ids=["alone", "in a batch"])
@pytest.mark.parametrize("label", [None, 1], ids=["all", "one label"])
def test_photos_that_are_nearly_the_same_are_told_apart(queries: int, label: int | None) -> None:
    generator = np.random.default_rng(0)
    original = 50 * generator.normal(size=64)
    steps = 1e-3 * generator.permutation(400)[:, None] * generator.normal(size=64)
    stored = StoredPhotos(64, 8)
    vectors = (original + steps).astype(np.float32)
    stored.put(list(range(400)), vectors, random_codes(generator, 400, 8), [row % 2 for row in range(400)])
    asked = Queries(vectors[1 : 2 * queries : 2].copy(), random_codes(generator, queries, 8))
    stored.assert_same(asked, 10, label=label)
    distances, rows = stored.index.search(asked, 1, label=label)
    assert (distances == 0).all() and rows[:, 0].tolist() == list(range(1, 2 * queries, 2))


def test_of_many_copies_those_with_the_lowest_rows_are_found() -> None:
    generator = np.random.default_rng(1)
    stored = random_photos(generator, 3000)
    copies = generator.permutation(3000)[:700]
    vectors = np.repeat(stored.photos[0][0][None], 700, axis=0)
    stored.put(copies.tolist(), vectors, random_codes(generator, 700, 12), [0] * 700)
    asked = Queries(np.repeat(vectors[:1], 40, axis=0), random_codes(generator, 40, 12))
    assert stored.index.search(asked, 30)[1].tolist() == [sorted({0, *copies.tolist()})[:30]] * 40


def test_a_query_finds_the_same_alone_and_in_a_batch() -> None:
    generator = np.random.default_rng(2)
    stored, asked = random_photos(generator, 5000), random_queries(generator, 50)
    together = stored.index.search(asked, 20)
    for place in range(50):
        alone = stored.index.search(Queries(asked.vectors[place : place + 1], asked.codes[place : place + 1]), 20)
        np.testing.assert_array_equal(alone[0][0], together[0][place])
        np.testing.assert_array_equal(alone[1][0], together[1][place])


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e17])
def test_very_short_and_very_long_vectors_are_ranked(scale: float) -> None:
    generator = np.random.default_rng(3)
    stored = StoredPhotos(8, 8)
    vectors = (scale * generator.normal(size=(300, 8))).astype(np.float32)
    stored.put(list(range(300)), vectors, random_codes(generator, 300, 8), [0] * 300)
    stored.assert_same(Queries(vectors[:25] / 2, random_codes(generator, 25, 8)), 5)


def test_row_numbers_may_be_large_negative_and_in_any_order() -> None:
    generator = np.random.default_rng(4)
    stored = StoredPhotos(3, 8)
    for rows in ([2**62, -5], [7], [6, -(2**62)], [7, 8]):
        vectors = generator.normal(size=(len(rows), 3)).astype(np.float32)
        stored.put(rows, vectors, random_codes(generator, len(rows), 8), [0] * len(rows))
    stored.assert_same(Queries(np.zeros((1, 3), np.float32), np.zeros((1, 1), np.uint8)), 9)


def test_of_a_row_given_twice_the_last_counts() -> None:
    index = VectorIndex(1, 8)
    vectors = np.array([[1], [2], [3]], dtype=np.float32)
    index.put(np.array([4, 9, 4]), vectors, np.zeros((3, 1), np.uint8), np.zeros(3, np.int32))
    distances, rows = index.search(Queries(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.uint8)), 3)
    assert rows.tolist() == [[9, 4, -1]] and distances.tolist() == [[2, 3, np.inf]]


def test_the_arrays_that_were_given_may_change_afterwards() -> None:
    generator = np.random.default_rng(5)
    stored = random_photos(generator, 20)
    rows, labels = np.arange(50, 60), np.zeros(10, dtype=np.int32)
    vectors, codes = np.ones((10, 8), dtype=np.float32), np.ones((10, 2), dtype=np.uint8)
    stored.index.put(rows, vectors, codes, labels)
    vectors[:], codes[:], rows[:], labels[:] = 9, 9, 9, 9
    distances, found = stored.index.search(Queries(np.ones((1, 8), np.float32), np.ones((1, 2), np.uint8)), 10, label=0)
    assert found[0].tolist() == list(range(50, 60)) and not distances.any()


def test_memory_is_that_of_what_is_stored_after_growing_and_shrinking() -> None:
    generator = np.random.default_rng(6)
    index = VectorIndex(64, 64)
    for start in range(0, 20_000, 1000):
        vectors = generator.normal(size=(1000, 64)).astype(np.float32)
        rows, labels = np.arange(start, start + 1000), np.zeros(1000, np.int32)
        index.put(rows, vectors, random_codes(generator, 1000, 64), labels)
    room = [column.nbytes for column in index._stored._columns]
    assert sum(room) <= 1.5 * 20_000 * (64 * 4 + 8 + 8 + 4)
    index.remove(np.arange(0, 19_900))
    assert sum(column.nbytes for column in index._stored._columns) <= 100 * (64 * 4 + 8 + 8 + 4)


def test_an_empty_index_finds_nothing() -> None:
    generator = np.random.default_rng(7)
    index = VectorIndex(8, 12)
    for mode in ("exact", "shortlist", "approximate"):
        distances, rows = index.search(random_queries(generator, 2), 3, mode=mode)
        assert np.isinf(distances).all() and (rows == -1).all() and rows.shape == (2, 3)
    index.remove(np.array([1]))
    index.put(np.zeros(0, np.int64), np.zeros((0, 8), np.float32), np.zeros((0, 2), np.uint8), np.zeros(0, np.int32))
    assert len(index) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": np.zeros(2, np.int32)}, r"row numbers must be int64 of shape \(2,\), got int32 of shape \(2,\)"),
        (
            {"vectors": np.zeros((2, 7), np.float32)},
            r"stored vectors must be .* \(2, 8\), got float32 of shape \(2, 7\)",
        ),
        ({"vectors": np.zeros((2, 8))}, r"stored vectors must be float32 .*, got float64"),
        ({"codes": np.zeros((2, 3), np.uint8)}, r"stored codes must be uint8 of shape \(2, 2\), got .* \(2, 3\)"),
        ({"labels": np.zeros(3, np.int32)}, r"labels must be int32 of shape \(2,\), got int32 of shape \(3,\)"),
        (
            {"vectors": np.full((2, 8), np.nan, np.float32)},
            "must be finite .* 2 of 2 are not, the first in place 0",
        ),
        ({"vectors": np.full((2, 8), -np.inf, np.float32)}, "must be finite"),
        ({"vectors": np.full((2, 8), 1e18, np.float32)}, r"at most 1e\+18 long.*pcmsn test"),
    ],
)
def test_what_can_not_be_stored_is_refused_and_changes_nothing(change: dict[str, np.ndarray], message: str) -> None:
    stored = random_photos(np.random.default_rng(8), 5)
    given = {
        "rows": np.arange(2),
        "vectors": np.zeros((2, 8), np.float32),
        "codes": np.zeros((2, 2), np.uint8),
        "labels": np.zeros(2, np.int32),
    }
    with pytest.raises(GalleryError, match=message):
        stored.index.put(**given | change)
    stored.assert_same(random_queries(np.random.default_rng(9), 3), 5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0}, "a search finds 1 photo or more, got k = 0"),
        (
            {"mode": "shortlst"},
            "no search mode 'shortlst' .did you mean 'shortlist'.*'exact', 'shortlist', 'app",
        ),
        (
            {"mode": "shortlist", "shortlist": 4},
            "a shortlist of 4 photos cannot give 5; pass .* at least 5",
        ),
    ],
)
def test_a_search_that_can_not_be_made_is_refused(settings: dict[str, object], message: str) -> None:
    stored = random_photos(np.random.default_rng(10), 5)
    with pytest.raises(GalleryError, match=message):
        stored.index.search(random_queries(np.random.default_rng(11), 1), **{"k": 5, **settings})


def test_queries_of_another_model_are_refused() -> None:
    stored = random_photos(np.random.default_rng(12), 5)
    with pytest.raises(GalleryError, match=r"asked vectors must be float32 of shape \(1, 8\), got float32 .* \(1, 9\)"):
        stored.index.search(random_queries(np.random.default_rng(13), 1, dim=9), 5)
    with pytest.raises(GalleryError, match=r"asked codes must be uint8 of shape \(1, 2\), got uint8 .* \(1, 8\)"):
        stored.index.search(random_queries(np.random.default_rng(13), 1, bits=64), 5)


def test_lengths_of_nothing_are_refused() -> None:
    with pytest.raises(GalleryError, match="at least 1 dimension and codes 1 bit, got 0 and 64"):
        VectorIndex(0, 64)


def test_queries_need_not_be_contiguous() -> None:
    generator = np.random.default_rng(16)
    stored = random_photos(generator, 50)
    wide = random_queries(generator, 8, dim=16, bits=32)
    asked = Queries(wide.vectors[::2, ::2], wide.codes[::2, ::2])
    stored.assert_same(asked, 5)
    stored.assert_same(asked, 5, mode="shortlist", shortlist=10)
