"""The queries that are shown with their photos: the best, those in the middle, the worst, never two of one class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.examples import query_results
from pcmsn.evaluation.ranking import Distance, nearest_photos
from pcmsn.report.contents import Example, Examples
from pcmsn.training.protocols import EmbeddedPictures

QUERIES = 4
"""Queries in each group."""

PHOTOS = 10
"""Photos shown with a query."""

Integers = NDArray[np.int64]


def one_of_each_class(order: Integers, label: Integers, count: int) -> Integers:
    """The first ``count`` positions of ``order``, a permutation of the Q queries, with no class twice.

    ``label`` (Q,) has the queries' classes.
    """
    _, first = np.unique(label[order], return_index=True)
    return np.asarray(order[np.sort(first)[:count]])


def chosen_queries(average_precision: NDArray[np.float64], label: Integers, count: int) -> dict[str, Integers]:
    """Positions of the ``best``, ``median`` and ``worst`` queries, at most one of each class in each of the three.

    The best by average precision, best first; the worst, worst first; and those nearest to the median query, in order
    of their distance to it. Equal ones stand in the order of the queries.
    """
    # A query's own value: between two queries in the middle, rounding would decide which one is nearer.
    middle = np.sort(average_precision)[len(label) // 2] if len(label) else 0.0
    from_median = np.abs(average_precision - middle)
    orders = {"best": -average_precision, "median": from_median, "worst": average_precision}
    return {name: one_of_each_class(np.argsort(values, kind="stable"), label, count) for name, values in orders.items()}


def examples_of(part: EmbeddedPictures, average_precision: NDArray[np.float64], distance: Distance) -> Examples | None:
    """The chosen queries with their nearest photos; None where none of these sketches is on disk.

    ``average_precision`` (Q,) is that of the part's Q sketches.
    """
    chosen = chosen_queries(average_precision, part.sketch_pictures.labels, QUERIES)
    groups = {}
    for name, queries in chosen.items():
        nearest = nearest_photos(part.sketches[queries], part.photos, PHOTOS, distance)
        results = query_results(part.sketch_pictures, part.photo_pictures, queries, nearest)
        groups[name] = tuple(
            Example(result, float(average_precision[query])) for result, query in zip(results, queries, strict=True)
        )
    shown = [example.result for group in groups.values() for example in group]
    if not any(result.sketch.is_file() for result in shown):
        return None
    return Examples(**groups)
