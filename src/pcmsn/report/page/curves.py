"""Precision against recall and against the length of the list, one small picture a protocol."""

from __future__ import annotations

from collections.abc import Callable

from pcmsn.evaluation.precision_recall import RECALLS
from pcmsn.report.contents import Curve, Measured, ProtocolResults
from pcmsn.report.figures.lines import Line, Style, depth_axis, line_chart, share_axis
from pcmsn.report.markup import Markup, tag
from pcmsn.report.page.elements import count, data, figure, folded, key, section, table

STYLES: tuple[Style, ...] = ("main", "second")


def curves_section(measured: Measured) -> Markup:
    """The curves of every protocol."""
    labels = [curve.label for curve in measured.protocols[0].curves]
    entries = [*zip(STYLES, labels, strict=True), ("chance", "random order")]
    return section(
        "curves",
        "Precision along the list",
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
    lines = [
        Line(curve.label, RECALLS, tuple(curve.precision_at_recall.tolist()), style)
        for style, curve in zip(STYLES, results.curves, strict=True)
    ]
    lines.append(Line("random order", (0.0, 1.0), (results.prior, results.prior), "chance"))
    picture = line_chart(
        lines,
        share_axis("recall"),
        share_axis("precision"),
        title=f"Precision against recall, {results.protocol}",
        description=_spoken(results, "at recall 0.5", lambda curve: float(curve.precision_at_recall[5])),
    )
    rows = [
        [f"{recall:.1f}", *(data(float(curve.precision_at_recall[place])) for curve in results.curves)]
        for place, recall in enumerate(RECALLS)
    ]
    numbers = table(["recall", *(curve.label for curve in results.curves)], rows)
    return figure(picture, _sampled(results), folded("Numbers", numbers), title=results.protocol)


def _depth_figure(results: ProtocolResults) -> Markup:
    depths = tuple(float(depth) for depth in results.depths)
    lines = [
        Line(curve.label, depths, tuple(curve.precision_at_depth.tolist()), style)
        for style, curve in zip(STYLES, results.curves, strict=True)
    ]
    lines.append(Line("random order", (1.0, depths[-1]), (results.prior, results.prior), "chance"))
    picture = line_chart(
        lines,
        depth_axis("k, photos from the top", results.depths),
        share_axis("precision"),
        title=f"Precision at k, {results.protocol}",
        description=_spoken(results, "at k = 1", lambda curve: float(curve.precision_at_depth[0])),
    )
    rows = [
        [count(depth), *(data(float(curve.precision_at_depth[place])) for curve in results.curves)]
        for place, depth in enumerate(results.depths)
    ]
    numbers = table(["k", *(curve.label for curve in results.curves)], rows)
    return figure(picture, _sampled(results), folded("Numbers", numbers), title=results.protocol)


def _spoken(results: ProtocolResults, where: str, value: Callable[[Curve], float]) -> str:
    shown = ", ".join(f"{curve.label} {value(curve):.3f}" for curve in results.curves)
    return f"Precision {where}: {shown}; a random order has {results.prior:.3f}. The numbers are in the table below."


def _sampled(results: ProtocolResults) -> str:
    queries = next(iter(results.real.values())).queries
    if results.curve_queries == queries:
        return ""
    return f"Mean over {count(results.curve_queries)} of {count(queries)} queries, evenly spaced."
