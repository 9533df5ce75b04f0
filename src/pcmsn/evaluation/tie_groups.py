"""Metrics from groups of equally distant photos: with the group as one threshold, or in expectation over its order.

Binary codes of 64 bits have 65 distances, so that a query's list is 65 groups, and counting replaces sorting. The
expectation is over all orders inside the groups, equally likely: the score that no order of the gallery can change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TieGroups:
    """The groups of equally distant photos in the lists of B queries, nearest first.

    Groups without a relevant photo may be left out or stand among the others.
    """

    first: Integers
    """(B, G) photos in front of each group, ascending."""
    size: Integers
    """(B, G) photos in each group; 0 for an empty column."""
    hits: Integers
    """(B, G) relevant photos in each group."""
    gallery: int
    """Number of photos N in the list."""

    @property
    def hits_before(self) -> Integers:
        """(B, G) relevant photos in front of each group."""
        before: Integers = np.cumsum(self.hits, axis=1) - self.hits
        return before

    def boundary(self, depth: int) -> TieGroups:
        """(B, 1) the group that a cut at ``depth`` divides; one of size 0 for a query where it divides none."""
        divided = (self.first < depth) & (self.first + self.size > depth) & (self.hits > 0)
        column = divided.argmax(axis=1)[:, None]
        found = np.take_along_axis(divided, column, axis=1)
        first, size, hits = (np.take_along_axis(part, column, axis=1) for part in (self.first, self.size, self.hits))
        return TieGroups(first, np.where(found, size, 0), np.where(found, hits, 0), self.gallery)


def groups_of_lists(relevance: NDArray[np.bool_], distance: NDArray[np.number]) -> TieGroups:
    """The tie groups of (B, N) whole lists, nearest first; N columns, of which some may be empty."""
    gallery = relevance.shape[1]
    place = np.broadcast_to(np.arange(gallery), relevance.shape)
    starts = np.ones(relevance.shape, dtype=np.bool_)
    starts[:, 1:] = distance[:, 1:] != distance[:, :-1]
    following = np.minimum.accumulate(np.where(starts, place, gallery)[:, ::-1], axis=1)[:, ::-1]
    after = np.concatenate([following[:, 1:], np.full((len(relevance), 1), gallery)], axis=1)
    hits_through = np.concatenate([np.zeros((len(relevance), 1), dtype=np.int64), np.cumsum(relevance, axis=1)], axis=1)
    hits = np.take_along_axis(hits_through, after, axis=1) - hits_through[:, :-1]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    return TieGroups(first, np.where(starts, after - place, 0), np.where(starts, hits, 0), gallery)


def grouped_average_precision(groups: TieGroups, depth: int, hits_in_cut: Integers) -> Floats:
    """(B,) AP of the lists cut at ``depth``, each hit with the precision at the end of its group inside the cut.

    ``hits_in_cut`` (B,) are the relevant photos among the first ``depth``, which only the order of the list can tell
    where the cut divides a group. Divisor: these; a query with none has 0.
    """
    end = np.minimum(groups.first + groups.size, depth)
    hits_at_end = np.minimum(groups.hits_before + groups.hits, hits_in_cut[:, None])
    inside = np.maximum(hits_at_end - groups.hits_before, 0)
    total = (inside * hits_at_end / np.maximum(end, 1)).sum(axis=1)
    return np.asarray(total / np.maximum(hits_in_cut, 1))


def expected_average_precision(groups: TieGroups, depth: int) -> Floats:
    """(B,) expected non-interpolated AP of the lists cut at ``depth``, over all orders inside the groups.

    Divisor: hits inside the cut. Of a group that the cut divides, the number of hits inside is hypergeometric, and the
    expectation is taken over it, too. After McSherry and Najork, "Computing Information Retrieval Performance Measures
    Efficiently in the Presence of Tied Scores", ECIR 2008.
    """
    whole = groups.first + groups.size <= depth
    sums = _expected_sum(groups.first, groups.size, groups.hits, groups.hits_before, groups.gallery)
    total = np.where(whole, sums, 0.0).sum(axis=1)
    hits = np.where(whole, groups.hits, 0).sum(axis=1)
    result = np.asarray(total / np.maximum(hits, 1))
    boundary = groups.boundary(depth)
    divided = np.flatnonzero(boundary.size[:, 0])
    if len(divided):
        first, size, in_group = (part[divided] for part in (boundary.first, boundary.size, boundary.hits))
        inside = np.arange(depth + 1)[None, :]
        sums = _expected_sum(first, depth - first, inside, hits[divided, None], groups.gallery)
        ratio = (total[divided, None] + sums) / np.maximum(hits[divided, None] + inside, 1)
        result[divided] = (_hypergeometric(inside, size, in_group, depth - first, groups.gallery) * ratio).sum(axis=1)
    return result


def expected_hits(groups: TieGroups, depth: int | Integers) -> Floats:
    """(B,) expected number of relevant photos among the first ``depth``, over all orders inside the groups.

    ``depth`` is one number for all lists, or (B,).
    """
    inside = np.clip(np.reshape(depth, (-1, 1)) - groups.first, 0, groups.size)
    share = inside / np.maximum(groups.size, 1)
    return np.asarray((groups.hits * share).sum(axis=1))


def _expected_sum(first: Integers, size: Integers, hits: Integers, hits_before: Integers, gallery: int) -> Floats:
    """Expected sum of the precisions at the hits of each group, whose hits are anywhere in it with equal chance.

    The photo at place j = 1..n of a group with r hits is a hit with chance r / n. If it is one, H + 1 +
    (j - 1) (r - 1) / (n - 1) of the first + j photos up to it are hits in expectation; H are those before the group.
    """
    harmonic = _harmonic_numbers(gallery)
    inverses = harmonic[first + size] - harmonic[first]
    of_others = size - (first + 1) * inverses
    chance = hits / np.maximum(size, 1)
    other_chance = np.maximum(hits - 1, 0) / np.maximum(size - 1, 1)
    return np.asarray(chance * ((hits_before + 1) * inverses + other_chance * of_others))


def _hypergeometric(drawn_hits: Integers, size: Integers, hits: Integers, drawn: Integers, gallery: int) -> Floats:
    """Chance of ``drawn_hits`` among ``drawn`` of ``size`` photos with ``hits`` relevant ones; 0 where impossible."""
    possible = (drawn_hits <= hits) & (drawn_hits <= drawn) & (drawn - drawn_hits <= size - hits)
    inside = np.where(possible, drawn_hits, np.maximum(drawn - (size - hits), 0))
    logarithm = (
        _log_choose(hits, inside, gallery)
        + _log_choose(size - hits, drawn - inside, gallery)
        - _log_choose(size, drawn, gallery)
    )
    return np.where(possible, np.exp(logarithm), 0.0)


def _log_choose(whole: Integers, part: Integers, largest: int) -> Floats:
    factorial = _log_factorials(largest)
    return np.asarray(factorial[whole] - factorial[part] - factorial[whole - part])


@lru_cache(maxsize=4)
def _harmonic_numbers(largest: int) -> Floats:
    """(largest + 1,) 1 + 1/2 + ... + 1/n for n from 0."""
    return np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, largest + 1))])


@lru_cache(maxsize=4)
def _log_factorials(largest: int) -> Floats:
    """(largest + 1,) logarithms of n! for n from 0."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])
