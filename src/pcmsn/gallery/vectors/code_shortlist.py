"""Which photos' codes are nearest to a query's code, by Hamming distance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pcmsn.gallery.vectors.faiss_library import threads_for

Words = NDArray[np.uint64]
Distances = NDArray[np.unsignedinteger]

_CODES_AT_ONCE = 2**16
_SAMPLED = 64


def default_shortlist(count: int, k: int) -> int:
    """Number of candidates out of ``count`` photos when nothing else is asked for: 1.4 count^0.8, and at least 10 k.

    It was chosen so that sketches find 95 of 100 of their 50 nearest photos with 64-bit codes in galleries of 10,000 to
    1,000,000 photos, about 88,000 of a million (docs/search.md says how).
    """
    return min(count, max(10 * k, math.ceil(1.4 * math.pow(count, 0.8))))


def nearest_codes(words: Words, query: Words, size: int) -> NDArray[np.int64]:
    """Positions, rising, of the min(size, N) nearest of (N, words) codes to one (words,) code.

    Of codes that are equally near as the last one, those with the lowest positions are taken.
    """
    if size >= len(words):
        return np.arange(len(words))
    distances = code_distances(words, query)
    border = _border(distances, size)
    near = np.flatnonzero(distances <= border)
    if len(near) == size:
        return near
    at_border = distances[near] == border
    surplus = len(near) - size
    at_border[np.flatnonzero(at_border)[: np.count_nonzero(at_border) - surplus]] = False
    kept: NDArray[np.int64] = near[~at_border]
    return kept


def code_distances(words: Words, query: Words) -> Distances:
    """(N,) Hamming distances of (N, words) codes to one (words,) code."""
    distances: Distances = np.empty(len(words), dtype=np.uint8 if query.nbytes < 32 else np.uint16)
    wide = np.empty(min(_CODES_AT_ONCE, len(words)), dtype=np.int32)
    query = np.ascontiguousarray(query)
    with threads_for(1) as faiss:
        for start in range(0, len(words), _CODES_AT_ONCE):
            block = words[start : start + _CODES_AT_ONCE]
            arrays = [faiss.swig_ptr(array.view(np.uint8)) for array in (query, block)]
            faiss.hammings(*arrays, 1, len(block), query.nbytes, faiss.swig_ptr(wide))
            distances[start : start + len(block)] = wide[: len(block)]
    return distances


def _border(distances: Distances, size: int) -> int:
    """The smallest distance within which there are at least ``size`` of all: a guess from a sample, then set right."""
    counts = np.cumsum(np.bincount(distances[::_SAMPLED]))
    border = int(np.searchsorted(counts, size / _SAMPLED))
    while np.count_nonzero(distances <= border) < size:
        border += 1
    while border and np.count_nonzero(distances <= border - 1) >= size:
        border -= 1
    return border
