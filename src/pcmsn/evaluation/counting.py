"""How many photos stand in front of the relevant ones, counted from order keys.

Sorting all keys would do, but most of them lie far from every threshold. So keys are first counted by buckets, and only
those that share a bucket with a threshold, or lie within one unit of it, are sorted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.order_keys import UNIT, Keys

Integers = NDArray[np.int64]

KEYS_PER_THRESHOLD = 4
"""With fewer keys than this a threshold, most buckets would hold one, and sorting all is faster."""

SMALLEST_SHIFT = 2
"""Buckets are at least 2 ** this wide: then a threshold and what is within one unit of it lie in two at most."""

BEYOND = 2**31 - 2
"""An even number above every key and threshold by more than one unit."""


def count_nearer(keys: Keys, thresholds: Keys) -> tuple[Integers, NDArray[np.bool_]]:
    """(B, R) numbers of (B, n) keys below each of (B, R) ascending thresholds, and (B, R) where that is in doubt.

    A key that equals a threshold counts as below it. In doubt is a threshold with a key within one unit, and every
    threshold that a chain of others, one unit apart, connects with it.
    """
    if keys.shape[1] < KEYS_PER_THRESHOLD * thresholds.shape[1]:
        return _count_by_sorting(keys, thresholds)
    buckets = _Buckets.around(thresholds, keys.shape[1])
    place, edges = buckets.of(keys), (buckets.of(thresholds - UNIT), buckets.of(thresholds + UNIT))
    sizes = np.bincount(place.reshape(-1), minlength=len(keys) * buckets.count)
    shared = np.zeros(len(sizes), dtype=np.bool_)
    for edge in edges:
        shared[edge], sizes[edge] = True, 0
    # Shared buckets count as empty here, so either edge of a threshold has the same number up to it.
    elsewhere = np.cumsum(sizes.reshape(len(keys), -1), axis=1).reshape(-1).take(edges[0])
    below, doubtful = _count_by_sorting(_selected(keys, shared.take(place)), thresholds)
    return elsewhere + below, doubtful


@dataclass(frozen=True, eq=False)
class _Buckets:
    """Ranges of keys of even width, for each of B queries its own, numbered through all queries."""

    lowest: Keys
    """(B, 1) lower end of the first bucket, which also takes what is below."""
    highest: Keys
    """(B, 1) upper end of the last bucket, which also takes what is above."""
    shift: NDArray[np.uint32]
    """(B, 1) logarithm to base 2 of their width."""
    count: int
    """Number of buckets of a query."""

    @classmethod
    def around(cls, thresholds: Keys, count: int) -> _Buckets:
        """``count`` buckets, at least 8, around (B, R) ascending thresholds.

        The first bucket ends below the first threshold and the last one begins above the last threshold, so that no
        threshold shares a bucket with keys that are far outside.
        """
        count = max(count, 8)
        first = thresholds[:, :1].astype(np.int64) - UNIT
        span = thresholds[:, -1:] + np.int64(UNIT) - first
        shift = np.full(first.shape, SMALLEST_SHIFT)
        shift = np.maximum(shift, np.ceil(np.log2((span + 1) / (count - 3))).astype(np.int64))
        lowest, highest = first - (1 << shift), first + ((count - 1) << shift) - 1
        limits = np.iinfo(np.int32)
        return cls(
            np.maximum(lowest, limits.min).astype(np.int32),
            np.minimum(highest, limits.max).astype(np.int32),
            shift.astype(np.uint32),
            count,
        )

    def of(self, keys: Keys) -> Integers:
        """(B, n) bucket of each of (B, n) keys, those of query i from i times ``count`` on."""
        # The difference may not fit an int32, but read as unsigned it is right.
        above = np.clip(keys, self.lowest, self.highest)
        above -= self.lowest
        return (above.view(np.uint32) >> self.shift) + np.arange(len(keys))[:, None] * self.count


def _selected(keys: Keys, chosen: NDArray[np.bool_]) -> Keys:
    """(B, m) the chosen of (B, n) keys, m the most of any query; rows with fewer are filled up with ``BEYOND``."""
    queries, count = keys.shape
    at = np.flatnonzero(chosen)
    chosen_of = np.diff(np.searchsorted(at, np.arange(queries + 1) * count))
    filled = np.arange(chosen_of.max()) < chosen_of[:, None]
    selected = np.full(filled.shape, BEYOND, dtype=np.int32)
    selected[filled] = keys.reshape(-1).take(at)
    return selected


def _count_by_sorting(keys: Keys, thresholds: Keys) -> tuple[Integers, NDArray[np.bool_]]:
    """What ``count_nearer`` gives, from one sort of keys and thresholds."""
    queries, count = thresholds.shape
    # Each row ends in a key that is near no threshold, so that no query's neighbour is another query's key.
    end = np.full((queries, 1), BEYOND, dtype=np.int32)
    merged = np.concatenate([thresholds | 1, keys, end], axis=1)
    merged.sort(axis=1)
    at = np.flatnonzero((merged & 1).astype(np.bool_))
    flat = merged.reshape(-1)
    value = flat.take(at)
    right, left = flat.take(at + 1), flat.take(at - 1, mode="clip")
    close = ((right & 1) == 0) & (right - 1 <= value)
    close |= ((left & 1) == 0) & (left < value) & (left >= value - (UNIT + 1))
    below = at.reshape(queries, count) - np.arange(queries)[:, None] * merged.shape[1] - np.arange(count)
    return below, spread_doubt(close.reshape(queries, count), thresholds)


def spread_doubt(close: NDArray[np.bool_], thresholds: Keys) -> NDArray[np.bool_]:
    """(B, R) ``close``, also true for all thresholds in a chain, one unit from each to the next, with one that is."""
    linked = thresholds[:, 1:] <= thresholds[:, :-1] + UNIT
    if not close.any() or not linked.any():
        return close
    starts = np.ones(close.shape, dtype=np.bool_)
    starts[:, 1:] = ~linked
    places = np.flatnonzero(starts)
    chained = np.logical_or.reduceat(close.reshape(-1), places)
    lengths = np.diff(np.append(places, close.size))
    return np.repeat(chained, lengths).reshape(close.shape)
