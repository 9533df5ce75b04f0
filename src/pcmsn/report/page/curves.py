"""Precision against recall and against the length of the list, one small picture a protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.precision_recall import RECALLS
from pcmsn.report.contents import Curve, Measured, ProtocolResults
from pcmsn.report.figures.lines import Line, Style, depth_axis, line_chart, share_axis
from pcmsn.report.markup import Markup, tag
from pcmsn.report.page.elements import count, data, figure, folded, key, section, table

STYLES: tuple[Style, ...] = ("main", "second")

Values = Callable[[Curve], NDArray[np.float64]]
"""One of the two arrays of a curve."""


def curves_section(measured: Measured) -> Markup:
    """The curves of every protocol."""
    labels = [curve.label for curve in measured.protocols[0].curves]
    entries = [*zip(STYLES, labels, strict=True), ("chance", "random order")]
    return section(
        "curves",
        key(*entries),
        tag("h3", "Precision and recall"),
        tag(
            "p",
            "11-point interpolated curves, the mean over queries: at each recall the best precision at any distance "
            "whose recall is at least that. All photos at one distance are taken together, so ties favour nobody.",
            class_="quiet",
        ),
        tag("div", *(_recall_figure(results) for results in measured.protocols), class_="multiples"),
        tag("h3", "Precision at k"),
        tag(
            "p",
            "Share of right photos among the first k. Where equal distances end up on both sides of k, the mean over "
            "all their orders, which is the neutral family's definition. It must fall to the random order's level at "
            "the end, where the list is the whole gallery.",
            class_="quiet",
        ),
        tag("div", *(_depth_figure(results) for results in measured.protocols), class_="multiples"),
    )


def _recall_figure(results: ProtocolResults) -> Markup:
    picture = line_chart(
        _lines(results, RECALLS, lambda curve: curve.precision_at_recall),
        share_axis("recall"),
        share_axis("precision"),
        title=f"Precision against recall, {results.protocol}",
        description=_spoken(results, "at recall 0.5", lambda curve: float(curve.precision_at_recall[5])),
    )
    places = [f"{recall:.1f}" for recall in RECALLS]
    numbers = _numbers(results, "recall", places, lambda curve: curve.precision_at_recall)
    return figure(picture, _sampled(results), numbers, title=results.protocol)


def _depth_figure(results: ProtocolResults) -> Markup:
    picture = line_chart(
        _lines(results, results.depths, lambda curve: curve.precision_at_depth),
        depth_axis("k, photos from the top", results.depths),
        share_axis("precision"),
        title=f"Precision at k, {results.protocol}",
        description=_spoken(results, "at k = 1", lambda curve: float(curve.precision_at_depth[0])),
    )
    places = [count(depth) for depth in results.depths]
    numbers = _numbers(results, "k", places, lambda curve: curve.precision_at_depth)
    return figure(picture, _sampled(results), numbers, title=results.protocol)


def _lines(results: ProtocolResults, places: Sequence[float], values: Values) -> list[Line]:
    """Each curve's values at the same places, and the level of a random order."""
    across = tuple(float(place) for place in places)
    lines = [
        Line(curve.label, across, tuple(values(curve).tolist()), style)
        for style, curve in zip(STYLES, results.curves, strict=True)
    ]
    return [*lines, Line("random order", (across[0], across[-1]), (results.prior, results.prior), "chance")]


def _numbers(results: ProtocolResults, head: str, places: Sequence[str], values: Values) -> Markup:
    """The table behind the curves, folded: a row a place."""
    columns = [[data(float(value)) for value in values(curve)] for curve in results.curves]
    rows = [list(row) for row in zip(places, *columns, strict=True)]
    return folded("Numbers", table([head, *(curve.label for curve in results.curves)], rows))


def _spoken(results: ProtocolResults, where: str, value: Callable[[Curve], float]) -> str:
    """What a screen reader says of a chart."""
    shown = ", ".join(f"{curve.label} {value(curve):.3f}" for curve in results.curves)
    return f"Precision {where}: {shown}; a random order has {results.prior:.3f}. The numbers are in the table below."


def _sampled(results: ProtocolResults) -> str:
    """A caption where the curves are means over a part of the queries; else empty."""
    queries = next(iter(results.real.values())).queries
    if results.curve_queries == queries:
        return ""
    return f"Mean over {count(results.curve_queries)} of {count(queries)} queries, evenly spaced."
