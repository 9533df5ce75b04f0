"""Which classes stand where photos of the query's class should: confusions of a ranking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class ConfusedPair:
    """Photos of one class in the lists of another."""

    query: int
    """Class of the queries."""
    photo: int
    """Class of the wrong photos."""
    share: float
    """Of the first R photos, in 0..1."""
    share_of_wrong: float
    """Of the wrong ones among the first R, in 0..1."""


def classes_of_first(ordered_label: Integers, depth: Integers, classes: int) -> Integers:
    """(B, classes) how many photos of each class are among the first ``depth`` (B,) of each list.

    ``ordered_label`` is (B, N) the photos' classes, nearest first. Raises EvaluationError for a depth outside 0..N.
    """
    queries, gallery = ordered_label.shape
    if len(depth) and (depth.min() < 0 or depth.max() > gallery):
        raise EvaluationError(f"depths must be in 0..{gallery}, got {depth.min()}..{depth.max()}")
    inside = np.arange(gallery) < depth[:, None]
    rows = np.broadcast_to(np.arange(queries)[:, None], ordered_label.shape)
    flat = rows[inside] * classes + ordered_label[inside]
    return np.bincount(flat, minlength=queries * classes).reshape(queries, classes)


def confusion_shares(counts: Integers, label: Integers) -> Floats:
    """(C, C) share of photos of class j among the first R photos of the queries of class i; R is i's photos.

    ``counts`` (Q, C) are those of ``classes_of_first`` with depth R, ``label`` (Q,) the classes of the queries. Each
    query weighs the same inside its class. A row sums to 1 and its diagonal is the class's R-precision; a class without
    queries or without photos has a row of zeros.
    """
    classes = counts.shape[1]
    sums = np.zeros((classes, classes))
    np.add.at(sums, label, counts)
    totals = sums.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(sums, totals, out=np.zeros_like(sums), where=totals > 0))


def most_confused(shares: Floats, count: int) -> tuple[ConfusedPair, ...]:
    """The ``count`` off-diagonal pairs with the largest shares, largest first; pairs with share 0 are left out.

    Equal shares stand in the order of the classes.
    """
    wrong = shares.copy()
    np.fill_diagonal(wrong, 0.0)
    totals = wrong.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    places = [divmod(int(place), wrong.shape[1]) for place in order]
    return tuple(
        ConfusedPair(query, photo, float(wrong[query, photo]), float(wrong[query, photo] / totals[query]))
        for query, photo in places
        if wrong[query, photo] > 0
    )
