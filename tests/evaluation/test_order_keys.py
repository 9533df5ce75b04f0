"""What keys promise: further apart than one unit, they are in the order of the exact distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmsn.evaluation.order_keys import UNIT, key_scale, order_keys
from pcmsn.evaluation.ranking import pair_distances


def keys_of(sketch, photo, distance):
    scale = key_scale(sketch, photo, distance)
    return order_keys(sketch @ photo.T, scale.photo_term, scale.query_factor, scale)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@given(seed=st.integers(0, 10**6), dimension=st.integers(1, 200), exponent=st.integers(-120, 149), close=st.booleans())
@settings(max_examples=60, deadline=None)
def test_keys_more_than_a_unit_apart_are_in_exact_order(distance, seed, dimension, exponent, close):
    random = np.random.default_rng(seed)
    sketch, photo = random.normal(size=(3, dimension)), random.normal(size=(40, dimension))
    if close:
        photo[1:] = photo[0] * (1 + random.integers(-9, 9, (39, dimension)) * 2.0**-40)
    sketch, photo = sketch * 10.0**exponent, photo * 10.0**exponent
    for keys, exact in zip(keys_of(sketch, photo, distance), pair_distances(sketch, photo, distance), strict=True):
        order = np.argsort(keys)
        settled = keys[order][None, :].astype(np.int64) - keys[order][:, None] > UNIT
        assert (exact[order][None, :] > exact[order][:, None])[settled].all()
        assert not (keys & 1).any()


def test_keys_of_ordinary_embeddings_settle_nearly_everything():
    random = np.random.default_rng(0)
    sketch, photo = random.normal(size=(4, 64)), random.normal(size=(2000, 64))
    for distance in ("euclidean", "cosine"):
        keys = np.sort(keys_of(sketch, photo, distance).astype(np.int64), axis=1)
        assert (np.diff(keys, axis=1) <= UNIT).mean() < 1e-3


def test_a_unit_is_more_than_the_rounding_of_a_long_product():
    """At millions of dimensions rounding, not 31 bits, bounds what a key may say."""
    long = np.ones((1, 3 * 10**6))
    rounding = 3 * 10**6 * 2.0**-53
    assert 1 / key_scale(long, long, "cosine").query_factor[0] > 4 * rounding * np.linalg.norm(long)
    assert 1 / key_scale(long, long, "euclidean").query_factor[0] > 4 * rounding * (2 * np.linalg.norm(long)) ** 2


def test_vectors_too_small_or_too_large_for_products_say_nothing():
    ordinary = np.ones((1, 2))
    for size in (1e-100, 1e100):
        assert key_scale(ordinary * size, ordinary, "cosine").query_factor[0] == 0
    assert key_scale(ordinary * 1e-145, ordinary * 1e-145, "euclidean").query_factor[0] == 0
    assert key_scale(np.zeros((1, 2)), np.zeros((1, 2)), "cosine").query_factor[0] == 0
