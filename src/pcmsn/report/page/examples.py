"""Queries with their photos."""

from __future__ import annotations

from pathlib import Path

from pcmsn.evaluation.examples import RetrievedPhoto
from pcmsn.report.contents import Contents, Example, Measured
from pcmsn.report.markup import Markup, tag
from pcmsn.report.page.elements import section, spaced
from pcmsn.report.thumbnails import SIDE, thumbnail


def examples_section(contents: Contents, measured: Measured) -> Markup:
    """The best, the median and the worst queries, or why there are none."""
    examples = measured.examples
    if examples is None:
        return section("examples", tag("p", contents.pictures_missing, class_="quiet"))
    groups = [
        ("Best", "highest average precision", examples.best),
        ("In the middle", "nearest to the median query", examples.median),
        ("Worst", "lowest average precision", examples.worst),
    ]
    return section(
        "examples",
        *(_group(*group) for group in groups),
        lead="The sketch, then its nearest photos, nearest first, real-valued. Chosen by average precision alone and "
        "never two of one class in a group, so nothing is picked for its looks.",
    )


def _group(name: str, rule: str, examples: tuple[Example, ...]) -> Markup:
    heading = tag("h3", name, " ", tag("small", rule))
    return tag("div", heading, *(_row(example) for example in examples), class_="group")


def _row(example: Example) -> Markup:
    result = example.result
    name = spaced(result.class_name)
    right = sum(photo.is_right for photo in result.photos)
    query = tag(
        "div",
        _picture(result.sketch, f"sketch of {name}"),
        tag("p", tag("strong", name)),
        tag("p", f"AP {example.average_precision:.3f}, {right} of {len(result.photos)} right", class_="quiet"),
        class_="asked",
    )
    photos = tag("ol", *(_photo(photo) for photo in result.photos), class_="found")
    return tag("div", query, photos, class_="query")


def _photo(photo: RetrievedPhoto) -> Markup:
    name, verdict = spaced(photo.class_name), "right" if photo.is_right else "wrong"
    sign = tag("span", "✓" if photo.is_right else "✗", class_="sign", aria_hidden="true")
    below = tag("span", name, class_="below")
    return tag(
        "li", _picture(photo.path, f"{verdict}: {name}"), sign, below, class_=verdict, title=f"{name}, {verdict}"
    )


def _picture(path: Path, text: str) -> Markup:
    source = thumbnail(path)
    if source is None:
        return tag("span", "unreadable", class_="blank", role="img", aria_label=text)
    return tag("img", src=source, alt=text, width=SIDE, height=SIDE)
