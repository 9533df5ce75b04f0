"""Points of many classes: the class by colour, the modality by shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pcmsn.report.contents import Projection
from pcmsn.report.markup import Markup, join, tag

WIDTH, HEIGHT, MARGIN = 900.0, 640.0, 26.0
"""Of the whole picture, in pixels."""

HALF_LETTER, LINE = 3.8, 15
"""Half the width of a letter of a name, and the height of a line of text."""


class _Label(NamedTuple):
    """A class's name in the picture, its middle at (across, down)."""

    name: str
    position: int
    across: float
    down: float


def class_colours(count: int) -> tuple[str, ...]:
    """``count`` colours of equal lightness to the eye, neighbours far apart, readable on white and on near black."""
    # Steps by the golden angle keep any number of hues apart; two chromas tell near ones apart again.
    return tuple(
        f"oklch({0.68 if nth % 2 else 0.58} {0.17 if nth % 3 else 0.11} {(25 + 137.508 * nth) % 360:.0f})"
        for nth in range(count)
    )


def scatter(projection: Projection, *, title: str, description: str) -> Markup:
    """An SVG: open triangles are sketches, filled dots photos; each class is named where its points are densest."""
    colours = class_colours(len(projection.classes))
    parts = [tag("title", title), tag("desc", description)]
    labels = []
    for position, name in enumerate(projection.classes):
        rows = np.flatnonzero(projection.label == position)
        if not len(rows):
            continue
        photos = [_dot(*_place(projection.points[row])) for row in rows if not projection.is_sketch[row]]
        sketches = [_triangle(*_place(projection.points[row])) for row in rows if projection.is_sketch[row]]
        group = join(
            tag("title", name),
            tag("path", d="".join(photos), class_="photo"),
            tag("path", d="".join(sketches), class_="sketch"),
        )
        parts.append(tag("g", group, class_=f"class c{position}", style=f"--c:{colours[position]}"))
        labels.append(_Label(name.replace("_", " "), position, *_place(_middle(projection, rows))))
    parts += [_name(label) for label in _apart(labels)]
    view = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
    return tag("svg", *parts, viewBox=view, role="img", class_="chart scatter", aria_label=title)


def _place(point: NDArray[np.float64]) -> tuple[float, float]:
    """(across, down) in pixels of a point in 0..1."""
    return MARGIN + float(point[0]) * (WIDTH - 2 * MARGIN), MARGIN + float(point[1]) * (HEIGHT - 2 * MARGIN)


def _middle(projection: Projection, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The point of a class with the most others of its class near it."""
    points = projection.points[rows]
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    return np.asarray(points[int((squared < 0.06**2).sum(axis=1).argmax())])


def _apart(labels: list[_Label]) -> list[_Label]:
    """The labels moved down where one would be written over another."""
    placed: list[_Label] = []
    for label in sorted(labels, key=lambda each: each.down):
        half, down = HALF_LETTER * len(label.name) + 4, label.down
        across = min(max(label.across, half), WIDTH - half)
        for other in placed:
            overlaps = abs(across - other.across) < half + HALF_LETTER * len(other.name)
            if overlaps and abs(down - other.down) < LINE:
                down = other.down + LINE
        placed.append(label._replace(across=across, down=min(down, HEIGHT - 6)))
    return placed


def _name(label: _Label) -> Markup:
    kind = f"class-name c{label.position}"
    return tag("text", label.name, x=label.across, y=label.down + 4, text_anchor="middle", class_=kind)


def _dot(across: float, down: float) -> str:
    return f"M{across - 2.6:.1f} {down:.1f}a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0 -5.2 0"


def _triangle(across: float, down: float) -> str:
    return f"M{across:.1f} {down - 4.2:.1f}l3.8 6.6h-7.6z"
