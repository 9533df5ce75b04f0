"""The streaming evaluation against full rankings in float64, on everything that could make a block or a key lie."""

import tracemalloc
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmsn.errors import EvaluationError
from pcmsn.evaluation import products, streaming
from pcmsn.evaluation.device_products import DeviceProducts
from pcmsn.evaluation.families import FAMILIES
from pcmsn.evaluation.order_keys import KeyScale
from pcmsn.evaluation.products import HostProducts
from pcmsn.evaluation.ranking import pair_distances, rank
from pcmsn.evaluation.streaming import measure

ALL = list(FAMILIES.values())


def plain(sketch, sketch_label, photo, photo_label, family):
    """(4, Q) values from a full sort of each query's list, the definitions applied to the whole list."""
    columns = []
    for query, label in zip(sketch, sketch_label, strict=True):
        ranking = rank(pair_distances(query[None], photo, family.distance), (photo_label == label)[None])
        values = [family.average_precision(ranking), family.average_precision(ranking, 200)]
        columns.append(np.concatenate(values + [family.precision(ranking, k) for k in (100, 200)]))
    return np.stack(columns, axis=1)


def check(sketch, sketch_label, photo, photo_label, device=None):
    for family, found in zip(ALL, measure(sketch, sketch_label, photo, photo_label, ALL, device), strict=True):
        expected = plain(sketch, sketch_label, photo, photo_label, family)
        # The expectation is a sum over groups of ties: equal up to rounding, like all sums here.
        np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-11, err_msg=family.name)
        assert found.seconds >= 0


def vectors(random, count, dimension, kind):
    values = {
        "spread": lambda: random.normal(size=(count, dimension)),
        "grid": lambda: random.integers(-1, 2, (count, dimension)).astype(np.float64),
        "far": lambda: random.normal(size=(count, dimension)) + 1e7,
        "tiny": lambda: random.normal(size=(count, dimension)) * 1e-160,
        "small": lambda: random.normal(size=(count, dimension)) * 1e-80,
        "huge": lambda: random.normal(size=(count, dimension)) * 1e149,
        "outlier": lambda: random.normal(size=(count, dimension)) * np.where(random.random((count, 1)) < 0.1, 1e9, 1),
        "nearly equal": lambda: 1 + random.integers(0, 3, (count, dimension)) * 2.0**-50,
        "line": lambda: random.normal(size=(count, 1)) * np.ones((1, dimension)),
    }[kind]()
    return np.ascontiguousarray(values)


KINDS = ["spread", "grid", "far", "tiny", "small", "huge", "outlier", "nearly equal", "line"]


@given(
    kind=st.sampled_from(KINDS),
    queries=st.integers(1, 12),
    gallery=st.integers(1, 60),
    classes=st.integers(1, 6),
    dimension=st.integers(1, 9),
    repeated=st.booleans(),
    limits=st.sampled_from([(2**20, 2**18, 2**16), (40, 20, 7), (1, 1, 1)]),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=300, deadline=None)
def test_the_scores_are_those_of_full_rankings(kind, queries, gallery, classes, dimension, repeated, limits, seed):
    random = np.random.default_rng(seed)
    sketch, photo = vectors(random, queries, dimension, kind), vectors(random, gallery, dimension, kind)
    # Labels are drawn over more classes than the other side may have: empty classes and one-photo classes occur.
    sketch_label, photo_label = random.integers(0, classes, queries), random.integers(1, classes + 1, gallery)
    if repeated:
        copies = random.integers(0, gallery, gallery // 2)
        photo[: len(copies)] = photo[copies]
        sketch[0] = photo[0]
        sketch[-1] = 0
    pairs, strip, photos = limits
    with (
        mock.patch.object(HostProducts, "pairs_at_once", pairs),
        mock.patch.object(products, "STRIP", strip),
        mock.patch.object(streaming, "PHOTOS_AT_ONCE", photos),
    ):
        check(sketch, sketch_label, photo, photo_label)


def larger_world(kind, seed=0, queries=24, gallery=700, classes=4, dimension=16):
    random = np.random.default_rng(seed)
    sketch, photo = vectors(random, queries, dimension, kind), vectors(random, gallery, dimension, kind)
    return sketch, np.arange(queries) % classes, photo, random.integers(0, classes, gallery)


@pytest.mark.parametrize("kind", KINDS)
def test_lists_longer_than_the_cuts_are_scored_as_full_rankings(kind):
    check(*larger_world(kind))


def test_photos_that_are_in_the_gallery_twice_are_tied():
    sketch, sketch_label, photo, photo_label = larger_world("spread")
    check(sketch, sketch_label, np.concatenate([photo, photo[:300]]), np.concatenate([photo_label, photo_label[:300]]))


def test_copies_under_another_class_stand_in_gallery_order():
    sketch, sketch_label, photo, photo_label = larger_world("spread")
    others = np.concatenate([(photo_label[:300] + 1) % 4, photo_label])
    check(sketch, sketch_label, np.concatenate([photo[:300], photo]), others)


@pytest.mark.parametrize("kind", ["spread", "grid", "nearly equal"])
def test_keys_that_say_nothing_cost_time_only(kind):
    def useless(*arguments):
        scale = key_scale(*arguments)
        return KeyScale(scale.combine, scale.photo_term, scale.query_factor * 2.0**-28)

    key_scale = streaming.key_scale
    with mock.patch.object(streaming, "key_scale", useless):
        check(*larger_world(kind, queries=8, gallery=300))


def test_distances_that_differ_by_one_rounding_are_told_apart():
    """Photos at 1 and at the next number after 1, in an order that rounding in a product could not know."""
    step = np.spacing(1.0)
    photo = np.array([[1 + step], [1.0], [1 + 2 * step], [1.0]])
    (found,) = measure(np.array([[0.0]]), np.array([1]), photo, np.array([0, 1, 1, 0]), [FAMILIES["sem-pcyc"]])
    # In order: two photos at 1, one of them right; then the wrong one; then the right one at rank 4.
    assert found.values[0, 0] == (1 / 2 + 2 / 4) / 2


def test_a_query_has_the_same_scores_alone_and_in_a_batch():
    sketch, sketch_label, photo, photo_label = larger_world("spread", queries=9)
    together = [found.values for found in measure(sketch, sketch_label, photo, photo_label, ALL)]
    for query in range(9):
        alone = measure(sketch[[query]], sketch_label[[query]], photo, photo_label, ALL)
        for one, every in zip(alone, together, strict=True):
            assert np.array_equal(one.values[:, 0], every[:, query])


def test_the_order_of_the_gallery_changes_nothing_without_ties():
    sketch, sketch_label, photo, photo_label = larger_world("spread")
    order = np.random.default_rng(1).permutation(len(photo))
    straight = measure(sketch, sketch_label, photo, photo_label, ALL)
    mixed = measure(sketch, sketch_label, photo[order], photo_label[order], ALL)
    for one, other in zip(straight, mixed, strict=True):
        assert np.array_equal(one.values, other.values)


@pytest.mark.parametrize("kind", KINDS)
def test_torch_gives_the_same_scores(kind):
    """On the processor here; on an accelerator the same code runs on tensors that lie there."""
    with mock.patch.object(DeviceProducts, "pairs_at_once", 2000), mock.patch.object(streaming, "PHOTOS_AT_ONCE", 150):
        world = larger_world(kind, queries=10, gallery=400)
        with mock.patch.object(streaming, "HostProducts", lambda *given: DeviceProducts(*given, "cpu")):
            on_torch = measure(*world, ALL)
    for one, other in zip(on_torch, measure(*world, ALL), strict=True):
        assert np.array_equal(one.values, other.values)


def test_a_device_without_float64_is_refused():
    with pytest.raises(EvaluationError, match="float64, which mps does not have; score on cpu or cuda"):
        measure(*larger_world("spread"), ALL, device="mps")


def test_memory_does_not_grow_with_queries_times_photos():
    sketch, sketch_label, photo, photo_label = larger_world("spread", queries=3000, gallery=6000, dimension=4)
    with mock.patch.object(HostProducts, "pairs_at_once", 2**18):
        tracemalloc.start()
        measure(sketch, sketch_label, photo, photo_label, [FAMILIES["sem-pcyc"]])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 3000 * 6000 * 8 / 3
