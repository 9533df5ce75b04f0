"""Hamming distances against counting bit by bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcmsn.errors import EvaluationError
from pcmsn.hashing import hamming
from pcmsn.hashing.hamming import distance_histograms, hamming_distances, pack_codes, unpack_codes


def random_codes(rows, bits, seed):
    return np.random.default_rng(seed).random((rows, bits)) > 0.5


@given(st.integers(0, 5), st.integers(0, 6), st.integers(1, 200), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_distances_equal_counted_differences(first_rows, second_rows, bits, seed):
    first, second = random_codes(first_rows, bits, seed), random_codes(second_rows, bits, seed + 1)
    expected = (first[:, None] != second[None]).sum(axis=-1)
    distances = hamming_distances(pack_codes(first), pack_codes(second))
    assert distances.shape == (first_rows, second_rows)
    assert np.array_equal(distances, expected)


def test_numpy_without_bit_counts_gives_the_same(monkeypatch):
    first, second = pack_codes(random_codes(7, 70, 0)), pack_codes(random_codes(9, 70, 1))
    expected = hamming_distances(first, second)
    monkeypatch.setattr(hamming, "_ones", hamming._ones_by_table)
    assert np.array_equal(hamming_distances(first, second), expected)


def test_distances_do_not_depend_on_the_step(monkeypatch):
    first, second = pack_codes(random_codes(20, 64, 2)), pack_codes(random_codes(11, 64, 3))
    expected = hamming_distances(first, second)
    monkeypatch.setattr(hamming, "PAIRS_AT_ONCE", 25)
    assert np.array_equal(hamming_distances(first, second), expected)


def test_the_longest_distance_fits():
    ones, zeros = np.ones((1, 1000), dtype=bool), np.zeros((1, 1000), dtype=bool)
    assert hamming_distances(pack_codes(ones), pack_codes(zeros))[0, 0] == 1000


@given(st.integers(0, 5), st.integers(0, 9), st.integers(1, 70), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_histograms_count_each_distance(rows, columns, bits, seed):
    distances = hamming_distances(
        pack_codes(random_codes(rows, bits, seed)), pack_codes(random_codes(columns, bits, 1))
    )
    histograms = distance_histograms(distances, bits)
    assert histograms.shape == (rows, bits + 1)
    for row, histogram in zip(distances, histograms, strict=True):
        assert histogram.tolist() == [int((row == value).sum()) for value in range(bits + 1)]


@given(st.integers(0, 4), st.integers(1, 40))
def test_unpacking_is_the_inverse_of_packing(rows, bits):
    codes = random_codes(rows, bits, 5)
    assert pack_codes(codes).shape == (rows, -(-bits // 8))
    assert np.array_equal(unpack_codes(pack_codes(codes), bits), codes)


def test_codes_that_do_not_fit_are_refused():
    with pytest.raises(EvaluationError, match=r"codes must be a \(rows, bits\) array of bool, got float64"):
        pack_codes(np.zeros((2, 8)))
    with pytest.raises(EvaluationError, match="codes of 1 and of 2 bytes cannot be compared"):
        hamming_distances(np.zeros((1, 1), np.uint8), np.zeros((1, 2), np.uint8))
    with pytest.raises(EvaluationError, match=r"packed codes must be a \(rows, bytes\) array of uint8, got bool"):
        hamming_distances(np.zeros((1, 8), bool), np.zeros((1, 8), bool))
    with pytest.raises(EvaluationError, match="codes of 64 bits are packed in 8 bytes, got 7"):
        unpack_codes(np.zeros((1, 7), np.uint8), 64)
