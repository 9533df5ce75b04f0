"""Order, ties and blocks of the ranking."""

import threading

import numpy as np
import pytest

from pcmsn.errors import EvaluationError
from pcmsn.evaluation import ranking, threads
from pcmsn.evaluation.ranking import map_blocks, nearest_first, nearest_photos, pair_distances, query_blocks, rank


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.uint16, np.uint8])
def test_equal_distances_stand_in_gallery_order(dtype):
    distance = np.random.default_rng(0).integers(0, 5, (6, 300)).astype(dtype)
    distance[3] = 1
    order, ordered = nearest_first(distance)
    for row, places, values in zip(distance, order, ordered, strict=True):
        assert list(places) == sorted(range(300), key=lambda place, row=row: (row[place], place))
        assert list(values) == sorted(row)


def test_relevance_follows_its_photo():
    result = rank(np.array([[3.0, 1.0, 2.0]]), np.array([[True, False, True]]))
    assert result.distance.tolist() == [[1.0, 2.0, 3.0]]
    assert result.relevance.tolist() == [[False, True, True]]


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_a_query_has_the_same_distances_alone_and_in_a_batch(distance):
    random = np.random.default_rng(1)
    sketch, photo = random.normal(size=(13, 37)), random.normal(size=(101, 37))
    together = pair_distances(sketch, photo, distance)
    alone = np.concatenate([pair_distances(row[None], photo, distance) for row in sketch])
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_identical_photos_are_at_identical_distances(distance):
    random = np.random.default_rng(2)
    photo = np.tile(random.normal(size=(1, 64)), (33, 1))
    assert len(np.unique(pair_distances(random.normal(size=(1, 64)), photo, distance))) == 1


def test_a_zero_vector_is_at_cosine_distance_one_from_everything():
    vectors = np.array([[0.0, 0.0], [3.0, 0.0]])
    assert pair_distances(vectors, vectors, "cosine").tolist() == [[1.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(("queries", "gallery"), [(1, 1), (7, 2**19), (5, 2**21), (300, 600), (0, 10), (3, 0)])
def test_blocks_cover_every_query_once_in_bounded_size(queries, gallery):
    blocks = query_blocks(queries, gallery)
    covered = [query for block in blocks for query in range(block.start, block.stop)]
    assert covered == list(range(queries))
    sizes = [block.stop - block.start for block in blocks]
    assert all(size == 1 or size * gallery <= ranking.PAIRS_PER_BLOCK for size in sizes)


def test_blocks_come_back_in_order_from_several_threads(monkeypatch):
    monkeypatch.setattr(ranking, "PAIRS_PER_BLOCK", 10)
    monkeypatch.setattr(threads, "available_cores", lambda: 3)
    assert list(map_blocks(lambda block: block.start, 25, 5)) == list(range(0, 25, 2))
    assert threading.active_count() == 1 or not [t for t in threading.enumerate() if "ThreadPool" in t.name]


def test_nearest_photos_are_those_of_the_full_ranking(monkeypatch):
    random = np.random.default_rng(4)
    sketch, photo = random.normal(size=(9, 5)), random.normal(size=(20, 5))
    expected = np.argsort(pair_distances(sketch, photo, "euclidean"), axis=1)[:, :4]
    monkeypatch.setattr(ranking, "PAIRS_PER_BLOCK", 40)
    assert np.array_equal(nearest_photos(sketch, photo, 4), expected)
    assert nearest_photos(sketch, photo, 99).shape == (9, 20)
    with pytest.raises(EvaluationError, match="must be at least 1, got 0"):
        nearest_photos(sketch, photo, 0)
