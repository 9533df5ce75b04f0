"""Exact places where order keys leave a doubt: the few distances in question are computed pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.order_keys import UNIT, Keys

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FEW = 8
"""Up to so many doubtful photos are looked for one by one, more of them by binary search."""

ExactDistances = Callable[[Sequence[int], Sequence[Integers]], list[Floats]]
"""From queries, by their places in the block, and for each of them some photos, by number, to their exact distances."""


@dataclass(frozen=True, eq=False)
class OrderedRelevant:
    """The relevant photos of B queries in exact order: by distance, then by place in the gallery."""

    photo: Integers
    """(B, R) numbers of the photos, nearest first."""
    key: Keys
    """(B, R) ascending keys; the photo's own, or that of one in the same chain of doubt."""
    first: Integers
    """(B, R) relevant photos strictly nearer."""
    last: Integers
    """(B, R) relevant photos at most as far, itself among them."""


def order_relevant(keys: Keys, start: int, exact: ExactDistances) -> OrderedRelevant:
    """The relevant photos ``start``, ``start + 1``, ... in exact order, from their (B, R) keys.

    Their numbers rise with their place in the gallery.
    """
    # Key and number in one integer, so that sorting values, which is several times faster, does for sorting positions.
    packed = np.sort((keys.astype(np.int64) << 32) | np.arange(keys.shape[1]), axis=1)
    ordered, photo = (packed >> 32).astype(np.int32), start + (packed & 0xFFFFFFFF)
    first = np.broadcast_to(np.arange(keys.shape[1]), keys.shape).copy()
    last = first + 1
    close = ordered[:, 1:] <= ordered[:, :-1] + UNIT
    doubtful = np.zeros(keys.shape, dtype=np.bool_)
    doubtful[:, 1:] |= close
    doubtful[:, :-1] |= close
    queries = np.flatnonzero(doubtful.any(axis=1)).tolist()
    distances = exact(queries, [photo[query, doubtful[query]] for query in queries])
    for query, unordered in zip(queries, distances, strict=True):
        slots = np.flatnonzero(doubtful[query])
        order = np.lexsort((photo[query, slots], unordered))
        photo[query, slots] = photo[query, slots][order]
        distance = unordered[order]
        first[query, slots] = slots[np.searchsorted(distance, distance, side="left")]
        last[query, slots] = slots[np.searchsorted(distance, distance, side="right") - 1] + 1
    return OrderedRelevant(photo, ordered, first, last)


@dataclass(frozen=True, eq=False)
class Doubt:
    """Relevant photos of one query whose places the keys leave open, and the other photos that may be in front."""

    query: int
    """Place of the query among those counted together."""
    slots: Integers
    """(m,) which of its relevant photos, ascending."""
    relevant: Integers
    """(m,) their numbers."""
    others: Integers
    """(c,) numbers of the photos within one unit of any of them."""
    certain: Integers
    """(m,) photos that are nearer for certain, none of ``others`` among them."""

    @classmethod
    def of(
        cls,
        query: int,
        slots: Integers,
        relevant: Integers,
        thresholds: Keys,
        below: Integers,
        keys: Keys,
        numbers: Integers,
    ) -> Doubt:
        """The doubt about (m,) thresholds with ``below`` (m,) keys up to each, among (n,) photos by key and number."""
        near = np.flatnonzero(_near(keys, thresholds))
        certain = below - np.sort(keys[near]).searchsorted(thresholds, side="right")
        return cls(query, slots, relevant, numbers[near], certain)

    @property
    def photos(self) -> Integers:
        """(c + m,) every photo whose exact distance settles it."""
        return np.concatenate([self.others, self.relevant])

    def settle(self, distances: Floats, position: Integers) -> tuple[Integers, Integers, Integers]:
        """(m,) photos strictly nearer, in front (equal distances in gallery order), and at most as far.

        ``distances`` are those of ``photos``; ``position`` has the places of all photos in the gallery by number.
        """
        distance, own = distances[: len(self.others)], distances[len(self.others) :]
        order = np.lexsort((position[self.others], distance))
        distance = distance[order]
        nearer, as_near = distance.searchsorted(own, side="left"), distance.searchsorted(own, side="right")
        in_front = nearer
        if (nearer < as_near).any():
            in_front = _in_front(distance, position[self.others[order]], own, position[self.relevant])
        return self.certain + nearer, self.certain + in_front, self.certain + as_near


def _near(keys: Keys, thresholds: Keys) -> NDArray[np.bool_]:
    """(n,) whether a key is within one unit of any threshold."""
    if len(thresholds) <= FEW:
        near = np.zeros(len(keys), dtype=np.bool_)
        for threshold in set(thresholds.tolist()):
            near |= (keys >= threshold - UNIT) & (keys <= threshold + UNIT)
        return near
    distinct = np.unique(thresholds)
    next_above = np.minimum(np.searchsorted(distinct, keys - np.int32(UNIT)), len(distinct) - 1)
    reached: NDArray[np.bool_] = np.abs(distinct[next_above].astype(np.int64) - keys) <= UNIT
    return reached


def _in_front(distance: Floats, position: Integers, own: Floats, own_position: Integers) -> Integers:
    """(m,) how many of (n,) photos come before each of (m,) others, by distance and then by place in the gallery."""
    others = np.concatenate([np.ones(len(distance), dtype=np.int64), np.zeros(len(own), dtype=np.int64)])
    order = np.lexsort((np.concatenate([position, own_position]), np.concatenate([distance, own])))
    before = np.empty(len(order), dtype=np.int64)
    before[order] = np.cumsum(others[order])
    return before[len(distance) :]
