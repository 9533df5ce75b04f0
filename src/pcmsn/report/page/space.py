"""The space that retrieval happens in: a t-SNE, and how far classes lie apart in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pcmsn.report.contents import Measured, Projection, RatioRow
from pcmsn.report.figures.scatter import class_colours, scatter
from pcmsn.report.markup import Markup, tag
from pcmsn.report.page.elements import count, data, figure, folded, key, section, spaced, table


def space_section(measured: Measured) -> Markup:
    """The t-SNE and the discrimination ratios of the reported protocol's classes."""
    parts = [_projection(measured.projection)] if measured.projection else [tag("p", "Too few pictures for a t-SNE.")]
    return section("space", *parts, *_ratios(measured.ratios))


def highlighting(projection: Projection) -> str:
    """Style rules that dim all other classes while a name in the legend is pointed at."""
    dimmed = [
        f".space:has(.k{nth}:hover) .class:not(.c{nth}),.space:has(.k{nth}:focus) .class:not(.c{nth})"
        for nth in range(len(projection.classes))
    ]
    return ",".join(dimmed) + "{opacity:.07}"


def _projection(projection: Projection) -> Markup:
    shown, sketches = len(projection.label), int(projection.is_sketch.sum())
    picture = scatter(
        projection,
        title="t-SNE of retrieval features",
        description=f"{sketches} sketches and {shown - sketches} photos of {len(projection.classes)} unseen classes. "
        "Near points are near in the retrieval space; the axes mean nothing.",
    )
    every = shown == projection.of
    which = f"all {count(shown)}" if every else f"{count(shown)} of {count(projection.of)}"
    evenly = "" if every else ", as even over classes as they allow"
    caption = (
        f"t-SNE of {which} retrieval features of unseen classes, sketches and photos together{evenly} (perplexity "
        f"{projection.perplexity:.0f}, seed {projection.seed}). Sketches amid photos of their class are found; "
        "distances between far groups mean nothing. Point at a class, here or in the list below, to see it alone."
    )
    legend = _legend(projection)
    numbers = folded("Numbers", _middles(projection))
    shapes = key(("sketch", "sketch"), ("photo", "photo"))
    return tag("div", shapes, figure(picture, caption), legend, numbers, class_="space")


def _legend(projection: Projection) -> Markup:
    """Every class with its colour; pointing at one leaves it alone in the picture."""
    colours = class_colours(len(projection.classes))
    entries = [
        tag(
            "span",
            tag("i", aria_hidden="true", style=f"background:{colour}"),
            spaced(name),
            class_=f"k{nth}",
            tabindex="0",
        )
        for nth, (name, colour) in enumerate(zip(projection.classes, colours, strict=True))
    ]
    return tag("p", *entries, class_="legend")


def _middles(projection: Projection) -> Markup:
    rows = []
    for position, name in enumerate(projection.classes):
        cells: list[str] = [spaced(name)]
        for wanted in (True, False):
            chosen = (projection.label == position) & (projection.is_sketch == wanted)
            middle = np.median(projection.points[chosen], axis=0) if chosen.any() else (None, None)
            cells += [count(int(chosen.sum())), *(data(value, digits=2) for value in middle)]
        rows.append(cells)
    head = ["class", "sketches", "median x", "median y", "photos", "median x", "median y"]
    return table(head, rows)


def _ratios(rows: Sequence[RatioRow]) -> list[Markup]:
    most = max((value for row in rows for value in (row.raw, row.retrieval) if value is not None), default=1.0)
    shown = [
        tag(
            "tr",
            tag("th", row.rows, scope="row"),
            tag("td", _bar(row.raw, most, "second"), class_="drawn"),
            tag("td", data(row.raw, digits=3), class_="number"),
            tag("td", _bar(row.retrieval, most, "main"), class_="drawn"),
            tag("td", data(row.retrieval, digits=3), class_="number"),
        )
        for row in rows
    ]
    head = tag(
        "tr",
        tag("th", "rows", scope="col"),
        tag("th", "features of the extractor", scope="col", colspan=2),
        tag("th", "retrieval features", scope="col", colspan=2),
    )
    return [
        tag("h3", "Discrimination ratio"),
        tag(
            "p",
            "Scatter between classes over scatter inside classes, tr(S_b) / tr(S_w), every class weighing the same: "
            "higher is better. Together, the gap between sketches and photos counts as scatter inside classes, which "
            "is why that row says the most about retrieval. It has no ratio where the two extractors give features of "
            "different sizes.",
            class_="quiet",
        ),
        tag(
            "div",
            tag("table", tag("thead", head), tag("tbody", *shown), class_="bars ratios"),
            class_="scroll",
            tabindex="0",
        ),
    ]


def _bar(value: float | None, most: float, style: str) -> Markup:
    share = 0.0 if value is None or most <= 0 else value / most
    bar = tag("i", class_=f"bar {style}", style=f"width:{100 * share:.1f}%")
    return tag("div", bar, class_="track", aria_hidden="true")
