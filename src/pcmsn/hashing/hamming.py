"""Binary codes in bytes, and the Hamming distances between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError

PAIRS_AT_ONCE = 2**20
"""Pairs of codes that are compared in one step, to bound the memory in use."""

_ONES_OF_BYTE = np.array([byte.bit_count() for byte in range(256)], dtype=np.uint8)


def pack_codes(codes: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(N, ceil(bits / 8)) bytes of (N, bits) codes: each byte's highest bit first, the last byte filled up with zeros.

    Raises EvaluationError unless the codes are a two-dimensional array of bool.
    """
    if codes.ndim != 2 or codes.dtype != np.bool_:
        got = f"{codes.dtype} of shape {codes.shape}"
        raise EvaluationError(f"codes must be a (rows, bits) array of bool, got {got}")
    return np.packbits(codes, axis=1)


def unpack_codes(packed: NDArray[np.uint8], bits: int) -> NDArray[np.bool_]:
    """(N, bits) bool codes of (N, ceil(bits / 8)) bytes, the inverse of ``pack_codes``.

    Raises EvaluationError when the number of bytes does not fit.
    """
    _check_packed(packed)
    if packed.shape[1] != -(-bits // 8):
        raise EvaluationError(f"codes of {bits} bits are packed in {-(-bits // 8)} bytes, got {packed.shape[1]}")
    return np.unpackbits(packed, axis=1, count=bits).astype(np.bool_)


def hamming_distances(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """(A, B) numbers of bits in which packed codes (A, bytes) and (B, bytes) differ.

    Beside the result, memory is bounded. Raises EvaluationError when the codes are of different length.
    """
    _check_packed(first)
    _check_packed(second)
    if first.shape[1] != second.shape[1]:
        raise EvaluationError(f"codes of {first.shape[1]} and of {second.shape[1]} bytes cannot be compared")
    first_words, second_words = _words(first), _words(second)
    distances = np.zeros((len(first), len(second)), dtype=np.uint16)
    step = max(1, PAIRS_AT_ONCE // max(len(second), 1))
    for start in range(0, len(first), step):
        rows = slice(start, start + step)
        for word in range(first_words.shape[1]):
            distances[rows] += _ones(first_words[rows, None, word] ^ second_words[None, :, word])
    return distances


def distance_histograms(distances: NDArray[np.uint16], bits: int) -> NDArray[np.int64]:
    """(A, bits + 1) how many of the distances in each row of (A, B) are 0, 1, ..., ``bits``."""
    starts = np.arange(len(distances))[:, None] * (bits + 1)
    counted = np.bincount((distances + starts).reshape(-1), minlength=len(distances) * (bits + 1))
    return counted.reshape(len(distances), bits + 1)


def _words(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(N, words) the same bits in words of eight bytes, filled up with zeros: faster to compare than single bytes."""
    words = -(-packed.shape[1] // 8)
    padded = np.zeros((len(packed), words * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)


def _ones(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Number of set bits of each word of a contiguous array."""
    if hasattr(np, "bitwise_count"):  # NumPy 2
        counted: NDArray[np.uint8] = np.bitwise_count(words)
        return counted
    return _ones_by_table(words)


def _ones_by_table(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The same with NumPy 1, which counts no bits."""
    bytes_of_words = np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, 8)
    counted: NDArray[np.uint8] = _ONES_OF_BYTE[bytes_of_words].sum(axis=-1, dtype=np.uint8)
    return counted


def _check_packed(packed: NDArray[np.uint8]) -> None:
    if packed.ndim != 2 or packed.dtype != np.uint8:
        got = f"{packed.dtype} of shape {packed.shape}"
        raise EvaluationError(f"packed codes must be a (rows, bytes) array of uint8, got {got}; see pack_codes")
