"""What every section is made of: tables, figures with their numbers, exact values."""

from __future__ import annotations

from collections.abc import Sequence

from pcmsn.report.markup import Markup, join, tag

SECTIONS = {
    "scores": "Scores",
    "curves": "Precision curves",
    "classes": "Classes",
    "examples": "Queries",
    "space": "Retrieval space",
    "training": "Training",
    "data": "Data and split",
    "run": "Run",
}
"""The sections of a page in their order: the identifier, and the words of its heading and of the navigation."""


def section(identifier: str, *content: str, lead: str = "") -> Markup:
    """A section of ``SECTIONS`` under its heading."""
    opening = [tag("h2", SECTIONS[identifier])] + ([tag("p", lead, class_="lead")] if lead else [])
    return tag("section", *opening, *content, id=identifier)


def data(value: float | None, *, digits: int = 4, **attributes: str) -> Markup:
    """A number rounded for people, with the exact one in its attribute ``value``; a dash for None."""
    if value is None:
        return tag("span", "–", title="not defined")
    return tag("data", f"{value:.{digits}f}", value=repr(float(value)), **attributes)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, class_: str = "", words: int = 1) -> Markup:
    """A table that scrolls inside itself; the first ``words`` columns are text, the others numbers."""
    body = tag("tbody", *(_row("td", row, words) for row in rows))
    whole = tag("table", tag("thead", _row("th", head, words)), body, class_=class_ or None)
    # A box that scrolls must be reachable by keyboard.
    return tag("div", whole, class_="scroll", tabindex="0")


def _row(cell: str, values: Sequence[str], words: int) -> Markup:
    cells = []
    for column, value in enumerate(values):
        scope = "col" if cell == "th" else "row" if column == 0 else None
        name = "th" if scope else cell
        cells.append(tag(name, value, class_=None if column < words else "number", scope=scope))
    return tag("tr", *cells)


def folded(summary: str, *content: str) -> Markup:
    """Content that unfolds under its summary; print shows it as the reader left it."""
    return tag("details", tag("summary", summary), *content)


def figure(picture: str, caption: str, *below: str, title: str = "") -> Markup:
    """A picture under its title, with its caption and what else belongs below it, such as its numbers."""
    heading = [tag("h3", title)] if title else []
    caption_parts = [tag("figcaption", caption)] if caption else []
    box = tag("div", picture, class_="scroll", tabindex="0")
    return tag("figure", *heading, box, *caption_parts, *below)


def key(*entries: tuple[str, str]) -> Markup:
    """What line styles stand for: pairs of a style and its name."""
    shown = [tag("span", tag("i", class_=f"swatch {style}", aria_hidden="true"), name) for style, name in entries]
    return tag("p", *shown, class_="key")


def spaced(name: str) -> str:
    """A class name as words."""
    return name.replace("_", " ")


def listed(names: Sequence[str]) -> Markup:
    """Names one after the other, which may break between any two."""
    return tag("p", *(join(tag("span", spaced(name), class_="chip"), " ") for name in names), class_="chips")


def count(value: int) -> str:
    """A whole number with separators."""
    return f"{value:,}"


def counted(value: int, one: str, many: str) -> str:
    """A number with what it counts: ``1 class``, ``2 classes``."""
    return f"{count(value)} {one if value == 1 else many}"
