"""Unseen classes one by one, and which are taken for which."""

from __future__ import annotations

from pcmsn.report.contents import ClassResult, Confusions, Measured
from pcmsn.report.figures.heat_map import heat_map, strength
from pcmsn.report.markup import Markup, tag
from pcmsn.report.page.elements import count, data, figure, folded, key, section, spaced, table

LARGEST_MAP = 40
"""Classes that a heat map has at most; beyond that the names are unreadable, and the table of pairs stands alone."""

SCALE = (0.0, 0.05, 0.25, 0.5, 1.0)
"""Shares that the key of the heat map shows."""


def classes_section(measured: Measured) -> Markup:
    """Bars by class, and the confusions, under the reported protocol."""
    protocol = measured.protocols[0].protocol
    return section(
        "classes",
        key(("bar", "mAP@all, real-valued"), ("pin", "binary")),
        _bars(measured.classes),
        tag("h3", "What is taken for what"),
        tag(
            "p",
            "For the queries of one class the photos that are wrong among the first R, R being the number of photos "
            "of that class in the gallery. A perfect list has none.",
            class_="quiet",
        ),
        *_confusions(measured.confusions),
        lead=f"Each unseen class of {protocol}, the best first. A class is hard for all of its sketches, so "
        "differences between classes are much larger than between runs.",
    )


def _bars(results: tuple[ClassResult, ...]) -> Markup:
    rows = [_bar_row(result) for result in results]
    head = tag(
        "tr",
        tag("th", "class", scope="col"),
        tag("th", "mAP@all", scope="col"),
        tag("th", "real", scope="col", class_="number"),
        tag("th", "binary", scope="col", class_="number"),
        tag("th", "sketches", scope="col", class_="number wide"),
        tag("th", "photos", scope="col", class_="number wide"),
    )
    return tag(
        "div", tag("table", tag("thead", head), tag("tbody", *rows), class_="bars"), class_="scroll", tabindex="0"
    )


def _bar_row(result: ClassResult) -> Markup:
    chosen_on = tag("span", "val", class_="tag", title="the best epoch was chosen on this class")
    bar = tag(
        "div",
        tag("i", class_="bar", style=f"width:{100 * result.real:.1f}%"),
        tag("i", class_="pin", style=f"left:{100 * result.binary:.1f}%"),
        class_="track",
        aria_hidden="true",
    )
    name = [spaced(result.name), *([" ", chosen_on] if result.part == "val" else [])]
    return tag(
        "tr",
        tag("th", *name, scope="row"),
        tag("td", bar, class_="drawn"),
        tag("td", data(result.real, digits=3), class_="number"),
        tag("td", data(result.binary, digits=3), class_="number"),
        tag("td", count(result.sketches), class_="number wide"),
        tag("td", count(result.photos), class_="number wide"),
    )


def _confusions(confusions: Confusions) -> list[Markup]:
    names = [spaced(name) for name in confusions.classes]
    if not confusions.pairs:
        return [tag("p", "No photo of another class stands among the first R of any query.")]
    rows = [
        [names[pair.query], names[pair.photo], f"{pair.share:.1%}", f"{pair.share_of_wrong:.1%}"]
        for pair in confusions.pairs
    ]
    head = ["sketches of", "find photos of", "of the first R", "of the wrong ones"]
    pairs = tag("div", tag("h4", "Most confused pairs"), table(head, rows, words=2), class_="pairs")
    if len(names) > LARGEST_MAP:
        return [pairs]
    first = confusions.pairs[0]
    picture = heat_map(
        confusions.shares,
        names,
        names,
        title="Shares of each class among the first R photos",
        description="Rows are the classes of queries, columns the classes of photos. The largest share off the "
        f"diagonal: queries of {names[first.query]} find {first.share:.1%} photos of {names[first.photo]}.",
    )
    shares = [[name, *(f"{share:.2f}" for share in row)] for name, row in zip(names, confusions.shares, strict=True)]
    numbers = folded("Numbers", table(["queries of", *names], shares))
    caption = "Rows: the sketch's class. Columns: classes of the first R photos. The diagonal is right; rows sum to 1."
    return [tag("div", figure(picture, caption, _scale(), numbers), pairs, class_="taken")]


def _scale() -> Markup:
    """What the strengths of the heat map's colours stand for."""
    steps = [
        tag(
            "span",
            *(
                tag("i", class_=f"swatch shade{kind}", style=f"opacity:{strength(share):.2f}", aria_hidden="true")
                for kind in (" own", "")
            ),
            f"{share:.0%}",
        )
        for share in SCALE
    ]
    return tag("p", *steps, class_="key")
