"""Example queries: which ones show the results as they are, and the photos that they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.records import Pictures
from pcmsn.errors import EvaluationError


@dataclass(frozen=True)
class RetrievedPhoto:
    """One photo of a result list."""

    path: Path
    class_name: str
    is_right: bool
    """Whether it has the query's class."""


@dataclass(frozen=True)
class QueryResult:
    """One query sketch with its nearest photos, nearest first."""

    sketch: Path
    class_name: str
    photos: tuple[RetrievedPhoto, ...]

    @property
    def precision(self) -> float:
        """Share of right photos among those shown, in 0..1."""
        return sum(photo.is_right for photo in self.photos) / len(self.photos) if self.photos else 0.0


def choose_queries(
    average_precision: NDArray[np.float64], labels: NDArray[np.generic], count: int
) -> NDArray[np.int64]:
    """(min(count, Q),) positions of queries that show the results as they are: neither the best nor the worst.

    Classes are ordered by their mean average precision, and those shown are spread evenly over that order, so that good
    and bad classes appear. Of a class with one example the median query is shown, with m examples the queries at m
    evenly spaced quantiles. Better classes come first; nothing is random.

    ``average_precision`` (Q,) is ``Scores.average_precision``, ``labels`` (Q,) are the sketches' classes.
    Raises EvaluationError when count is below 1 or the lengths differ.
    """
    if count < 1:
        raise EvaluationError(f"at least 1 query must be shown, got {count}")
    if average_precision.shape != labels.shape or labels.ndim != 1 or not len(labels):
        raise EvaluationError(f"{labels.shape} labels do not fit {average_precision.shape} average precisions")
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    members.sort(key=lambda queries: -float(average_precision[queries].mean()))
    chosen = []
    for queries, examples in zip(members, _examples_a_class(members, count), strict=True):
        ordered = queries[np.argsort(-average_precision[queries], kind="stable")]
        quantiles = [(len(ordered) * (2 * nth + 1)) // (2 * examples) for nth in range(examples)]
        chosen += [int(ordered[place]) for place in quantiles]
    return np.array(chosen, dtype=np.int64)


def query_results(
    sketches: Pictures, photos: Pictures, queries: NDArray[np.int64], nearest: NDArray[np.int64]
) -> tuple[QueryResult, ...]:
    """The results of n queries from their (n,) positions in ``sketches`` and their (n, k) nearest in ``photos``."""

    def retrieved(position: int, class_name: str) -> RetrievedPhoto:
        name = photos.class_name(position)
        return RetrievedPhoto(photos.path(position), name, name == class_name)

    return tuple(
        QueryResult(
            sketches.path(int(query)),
            sketches.class_name(int(query)),
            tuple(retrieved(int(position), sketches.class_name(int(query))) for position in places),
        )
        for query, places in zip(queries, nearest, strict=True)
    )


def _examples_a_class(members: Sequence[NDArray[np.int64]], count: int) -> list[int]:
    """How many queries each class shows: ``count`` in all, spread evenly over the classes, at most what it has."""
    examples = [0] * len(members)
    left = min(count, sum(len(queries) for queries in members))
    while left:
        free = [place for place, queries in enumerate(members) if examples[place] < len(queries)]
        taken = min(left, len(free))
        for nth in range(taken):
            examples[free[len(free) * (2 * nth + 1) // (2 * taken)]] += 1
        left -= taken
    return examples
