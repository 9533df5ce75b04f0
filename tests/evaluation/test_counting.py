"""Counts of keys up to thresholds, against comparing each key with each threshold."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmsn.evaluation.counting import count_nearer, spread_doubt
from pcmsn.evaluation.order_keys import LARGEST_KEY, UNIT


def compared(keys, thresholds):
    """What ``count_nearer`` promises, written as its docstring says it."""
    keys, thresholds = keys.astype(np.int64)[:, None, :], thresholds.astype(np.int64)
    below = (keys <= thresholds[:, :, None]).sum(axis=2)
    doubtful = (np.abs(keys - thresholds[:, :, None]) <= UNIT).any(axis=2)
    for row, values in zip(doubtful, thresholds, strict=True):
        for _ in values:
            linked = np.diff(values) <= UNIT
            row[1:] |= linked & row[:-1]
            row[:-1] |= linked & row[1:]
    return below, doubtful


@given(
    queries=st.integers(1, 4),
    photos=st.integers(1, 400),
    thresholds=st.integers(1, 20),
    reach=st.sampled_from([1, 4, 60, 3000, 10**6, int(LARGEST_KEY)]),
    gathered=st.sampled_from([1, 1000, 10**8]),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=400, deadline=None)
def test_counts_and_doubts_are_those_of_comparing_every_pair(queries, photos, thresholds, reach, gathered, seed):
    random = np.random.default_rng(seed)
    keys = 2 * random.integers(-reach, reach + 1, (queries, photos))
    # Thresholds over the whole range of the keys, or gathered in a part of it.
    borders = np.sort(2 * (random.integers(-reach, reach + 1, (queries, thresholds)) // gathered), axis=1)
    below, doubtful = count_nearer(keys.astype(np.int32), borders.astype(np.int32))
    expected_below, expected_doubtful = compared(keys, borders)
    assert np.array_equal(below, expected_below)
    assert np.array_equal(doubtful, expected_doubtful)


def test_keys_at_both_ends_of_the_scale_are_counted():
    end = 2 * int(LARGEST_KEY)
    keys = np.array([[-end, end] * 20, [end, 0] * 20], dtype=np.int32)
    thresholds = np.array([[-end, 0, end], [-end, -end, end - 4]], dtype=np.int32)
    below, doubtful = count_nearer(keys, thresholds)
    assert below.tolist() == [[20, 20, 40], [0, 0, 20]]
    assert doubtful.tolist() == [[True, False, True], [False, False, False]]


def test_thresholds_count_keys_up_to_them_and_say_when_one_is_near():
    keys = np.array([[50, 10, 30, 12, 90]], dtype=np.int32)
    below, doubtful = count_nearer(keys, np.array([[0, 12, 20, 52]], dtype=np.int32))
    assert below.tolist() == [[0, 2, 2, 4]]
    assert doubtful.tolist() == [[False, True, False, True]]


def test_doubt_spreads_through_chains_of_thresholds_and_not_over_gaps_or_rows():
    thresholds = np.array([[0, 2, 4, 10, 12], [12, 14, 20, 22, 40]], dtype=np.int32)
    close = np.array([[0, 0, 1, 0, 0], [0, 0, 0, 1, 0]], dtype=bool)
    assert spread_doubt(close, thresholds).astype(int).tolist() == [[1, 1, 1, 0, 0], [0, 0, 1, 1, 0]]
