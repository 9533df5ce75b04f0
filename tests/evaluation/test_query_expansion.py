"""Query expansion moves a query half-way to what it finds, by the gallery alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.query_expansion import expand_queries
from pcmsn.evaluation.scoring import score_embeddings


def slow_expansion(sketch: np.ndarray, photo: np.ndarray, count: int) -> np.ndarray:
    """One query, by sorting all photos in a loop."""
    order = sorted(range(len(photo)), key=lambda row: (sum((sketch - photo[row]) ** 2), row))
    kept = order[:count]
    return sketch / 2 + sum(photo[row] for row in kept) / len(kept) / 2


def test_a_query_moves_half_way_to_the_mean_of_its_nearest_photos() -> None:
    photos = np.array([[2.0, 0.0], [4.0, 0.0], [100.0, 0.0]])

    expanded = expand_queries(np.array([[0.0, 1.0]]), photos, 2, "euclidean")

    np.testing.assert_allclose(expanded, [[1.5, 0.5]])


@given(seed=st.integers(0, 10_000), count=st.integers(1, 12))
def test_it_equals_a_slow_loop_also_where_more_photos_are_asked_for_than_there_are(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    sketches, photos = generator.normal(size=(4, 3)), generator.normal(size=(8, 3))

    expanded = expand_queries(sketches, photos, count, "euclidean")

    np.testing.assert_allclose(expanded, [slow_expansion(sketch, photos, count) for sketch in sketches])


def test_nearest_is_meant_in_the_distance_of_the_metrics() -> None:
    photos = np.array([[10.0, 0.0], [0.0, 1.0]])
    sketch = np.array([[1.0, 0.5]])

    by_cosine = expand_queries(sketch, photos, 1, "cosine")
    by_length = expand_queries(sketch, photos, 1, "euclidean")

    np.testing.assert_allclose(by_cosine, [[5.5, 0.25]])
    np.testing.assert_allclose(by_length, [[0.5, 0.75]])


def test_a_query_expands_to_the_same_alone_and_in_a_batch() -> None:
    generator = np.random.default_rng(3)
    sketches, photos = generator.normal(size=(5, 4)), generator.normal(size=(9, 4))

    together = expand_queries(sketches, photos, 3, "cosine")
    alone = np.concatenate([expand_queries(sketch[None], photos, 3, "cosine") for sketch in sketches])

    np.testing.assert_array_equal(together, alone)


def test_it_finds_a_cluster_of_which_the_sketch_reaches_only_the_edge() -> None:
    cluster = np.array([[1.0, 0.0], [1.4, 0.3], [1.8, 0.0], [3.0, 0.0]])
    others = np.array([[-2.2, 0.0], [-2.5, 0.0]])
    photos, labels = np.concatenate([cluster, others]), np.array([0, 0, 0, 0, 1, 1])
    sketch = np.array([[0.0, 0.0]])

    plain = score_embeddings(sketch, [0], photos, labels)
    expanded = score_embeddings(expand_queries(sketch, photos, 2, "euclidean"), [0], photos, labels)

    assert plain.map_all < expanded.map_all == pytest.approx(1.0)


@pytest.mark.parametrize("count", [0, -1])
def test_fewer_than_one_photo_is_refused(count: int) -> None:
    with pytest.raises(EvaluationError, match=f"at least 1 photo, got {count}"):
        expand_queries(np.ones((1, 2)), np.ones((1, 2)), count, "cosine")
