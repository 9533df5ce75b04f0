"""Searches that look at a part of the gallery: by shortlists of codes, and by lists of near vectors."""

import numpy as np
import pytest
from stored_photos import StoredPhotos, clustered, distance, hamming, random_codes

from pcmsn.gallery.records import Queries
from pcmsn.gallery.vectors import vector_index
from pcmsn.gallery.vectors.code_shortlist import code_distances, default_shortlist, nearest_codes
from pcmsn.gallery.vectors.stored_rows import as_words


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch) -> StoredPhotos:
    """4,000 photos in 40 classes, enough to make lists of."""
    monkeypatch.setattr(vector_index, "SMALLEST_GALLERY", 1000)
    monkeypatch.setattr("pcmsn.gallery.vectors.approximate_search._FEWEST_COMPARED", 250)
    generator = np.random.default_rng(0)
    stored = StoredPhotos(16, 64)
    rows = list(range(0, 8000, 2))
    stored.put(rows, clustered(generator, 4000), random_codes(generator, 4000, 64), [row % 3 for row in rows])
    return stored


def sketches(count: int = 20, seed: int = 5) -> Queries:
    generator = np.random.default_rng(seed)
    return Queries(clustered(generator, count), random_codes(generator, count, 64))


def approximate_rows(stored: StoredPhotos, queries: Queries, k: int) -> np.ndarray:
    """Row numbers of mode approximate, each once, ordered by their true distances, which come with them."""
    distances, rows = stored.index.search(queries, k, mode="approximate")
    for vector, near, found in zip(queries.vectors, distances, rows, strict=True):
        assert near.tolist() == [distance(vector, stored.photos[row][0]) for row in found.tolist()]
        assert sorted(zip(near, found, strict=True)) == list(zip(near, found, strict=True))
        assert len(set(found.tolist())) == k
    return rows


def recall(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.mean([np.isin(right, row).mean() for row, right in zip(found, expected, strict=True)]))


@pytest.mark.parametrize("bits", [3, 64, 65, 256, 300])
def test_hamming_distances_are_counted_bit_by_bit(bits: int) -> None:
    generator = np.random.default_rng(bits)
    codes, query = random_codes(generator, 200, bits), random_codes(generator, 1, bits)
    found = code_distances(as_words(codes), as_words(query)[0])
    assert found.tolist() == [hamming(query[0], code) for code in codes]


def test_opposite_codes_of_256_bits_are_256_apart() -> None:
    assert code_distances(as_words(np.full((1, 32), 255, np.uint8)), np.zeros(4, np.uint64)).tolist() == [256]


def test_codes_are_compared_across_the_border_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcmsn.gallery.vectors.code_shortlist._CODES_AT_ONCE", 7)
    generator = np.random.default_rng(1)
    codes = random_codes(generator, 50, 64)
    assert code_distances(as_words(codes), as_words(codes)[9]).tolist() == [hamming(codes[9], code) for code in codes]


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 500, 999, 1000, 5000])
@pytest.mark.parametrize("bits", [2, 64])
def test_a_shortlist_has_the_nearest_codes_and_of_equal_ones_the_first(size: int, bits: int) -> None:
    generator = np.random.default_rng(size)
    codes, query = random_codes(generator, 1000, bits), random_codes(generator, 1, bits)
    order = sorted(range(1000), key=lambda place: (hamming(query[0], codes[place]), place))
    assert nearest_codes(as_words(codes), as_words(query)[0], size).tolist() == sorted(order[:size])


def test_photos_beyond_the_shortlist_are_not_found_and_those_on_it_are_ranked_exactly(gallery: StoredPhotos) -> None:
    gallery.assert_same(sketches(5), 10, mode="shortlist", shortlist=10)
    gallery.assert_same(sketches(5), 10, mode="shortlist", shortlist=300)
    gallery.assert_same(sketches(5), 10, mode="shortlist", shortlist=100_000)


def test_the_default_shortlist_is_used_and_grows_more_slowly_than_the_gallery(gallery: StoredPhotos) -> None:
    size = default_shortlist(4000, 10)
    expected = gallery.nearest(sketches(5), 10, shortlist=size)[1]
    np.testing.assert_array_equal(gallery.index.search(sketches(5), 10, mode="shortlist")[1], expected)
    shares = [default_shortlist(count, 10) / count for count in (100, 10_000, 100_000, 1_000_000)]
    assert shares[0] == 1 and shares == sorted(shares, reverse=True)
    assert default_shortlist(1_000_000, 20_000) == 200_000 and default_shortlist(7, 20) == 7


@pytest.mark.parametrize("mode", ["shortlist", "approximate"])
def test_with_a_label_all_photos_of_it_are_compared_in_every_mode(gallery: StoredPhotos, mode: str) -> None:
    asked = sketches(5)
    expected = gallery.nearest(asked, 30, label=1)
    distances, rows = gallery.index.search(asked, 30, label=1, mode=mode, shortlist=30)
    np.testing.assert_array_equal(rows, expected[1])
    np.testing.assert_array_equal(distances, expected[0])


def test_approximate_search_finds_most_of_the_nearest_and_says_how_many(gallery: StoredPhotos) -> None:
    assert gallery.index.approximate_recall is None
    asked = sketches(30)
    found = approximate_rows(gallery, asked, 50)
    measured = gallery.index.approximate_recall
    assert measured is not None and 0.9 < measured <= 1
    assert recall(found, gallery.nearest(asked, 50)[1]) > 0.9


def test_the_recall_of_lists_that_miss_neighbours_is_below_one(
    gallery: StoredPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pcmsn.gallery.vectors.approximate_search._FEWEST_COMPARED", 1)
    monkeypatch.setattr("pcmsn.gallery.vectors.approximate_search._WANTED_RECALL", 0.01)
    own = Queries(np.stack([photo[0] for photo in gallery.photos.values()]), np.zeros((4000, 8), np.uint8))
    sample = Queries(own.vectors[::100], own.codes[::100])
    found = approximate_rows(gallery, sample, 51)
    measured = gallery.index.approximate_recall
    assert measured is not None and measured < 0.99
    assert abs(recall(found, gallery.nearest(sample, 51)[1]) - measured) < 0.1


def test_approximate_search_follows_what_is_added_replaced_and_removed(gallery: StoredPhotos) -> None:
    generator = np.random.default_rng(3)
    asked = sketches(4)
    approximate_rows(gallery, asked, 10)
    lists = gallery.index._lists
    nearest = gallery.index.search(asked, 1)[1][:, 0].tolist()
    codes = random_codes(generator, 4, 64)
    gallery.put([1, 3, 5, 9001], asked.vectors, codes, [0] * 4)  # rows between those there, and one above all
    assert approximate_rows(gallery, asked, 10)[:, 0].tolist() == [1, 3, 5, 9001]
    gallery.remove([1, 3, 5, 9001, *nearest])
    assert not np.isin(approximate_rows(gallery, asked, 10), [1, 3, 5, 9001, *nearest]).any()
    gallery.put([100, 200, 300, 400], asked.vectors, codes, [0] * 4)
    gallery.put([100, 200, 300, 400], asked.vectors[::-1].copy(), codes, [0] * 4)
    assert approximate_rows(gallery, asked, 10)[:, 0].tolist() == [400, 300, 200, 100]
    assert gallery.index._lists is lists, "so few changes need no new lists"


@pytest.mark.parametrize("change", ["add", "replace", "remove"])
def test_lists_are_made_anew_when_a_tenth_has_changed(gallery: StoredPhotos, change: str) -> None:
    generator = np.random.default_rng(4)
    approximate_rows(gallery, sketches(1), 10)
    first = gallery.index._lists
    rows = list(range(9000, 9500)) if change == "add" else list(range(0, 1000, 2))
    if change == "remove":
        gallery.remove(rows)
    else:
        gallery.put(rows, clustered(generator, 500), random_codes(generator, 500, 64), [0] * 500)
    found = approximate_rows(gallery, sketches(20), 10)
    assert gallery.index._lists is not first
    assert recall(found, gallery.nearest(sketches(20), 10)[1]) > 0.9


def test_more_photos_than_are_on_a_few_lists_can_be_asked_for(gallery: StoredPhotos) -> None:
    assert (gallery.index.search(sketches(2), 3900, mode="approximate")[1] >= 0).all()


def test_where_vectors_have_no_groups_everything_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "SMALLEST_GALLERY", 1000)
    generator = np.random.default_rng(6)
    stored = StoredPhotos(32, 8)
    vectors = generator.normal(size=(3000, 32)).astype(np.float32)
    stored.put(list(range(3000)), vectors, random_codes(generator, 3000, 8), [0] * 3000)
    asked = Queries(generator.normal(size=(3, 32)).astype(np.float32), random_codes(generator, 3, 8))
    stored.assert_same(asked, 20, mode="approximate")
    assert stored.index.approximate_recall == 1


def test_a_small_gallery_has_no_lists() -> None:
    generator = np.random.default_rng(7)
    stored = StoredPhotos(16, 64)
    stored.put([4, 5], clustered(generator, 2), random_codes(generator, 2, 64), [0, 0])
    stored.assert_same(sketches(2), 3, mode="approximate")
    assert stored.index.approximate_recall == 1 and stored.index._lists is None


def test_a_gallery_of_equal_vectors_can_be_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "SMALLEST_GALLERY", 1000)
    stored = StoredPhotos(4, 8)
    stored.put(list(range(2000)), np.ones((2000, 4), np.float32), np.zeros((2000, 1), np.uint8), [0] * 2000)
    asked = Queries(np.zeros((1, 4), np.float32), np.zeros((1, 1), np.uint8))
    for mode in ("exact", "shortlist", "approximate"):
        distances, rows = stored.index.search(asked, 5, mode=mode)
        assert distances.tolist() == [[2.0] * 5] and len(set(rows[0].tolist())) == 5
