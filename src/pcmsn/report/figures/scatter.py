"""Points of many classes: the class by colour, the modality by shape."""

from __future__ import annotations

import numpy as np

from pcmsn.report.contents import Projection
from pcmsn.report.markup import Markup, join, tag

WIDTH, HEIGHT, MARGIN = 900.0, 640.0, 26.0


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
    names = []
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
        names.append((name.replace("_", " "), position, *_place(_middle(projection, rows))))
    parts += [_name(*each) for each in _apart(names)]
    view = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
    return tag("svg", *parts, viewBox=view, role="img", class_="chart scatter", aria_label=title)


def _place(point: np.ndarray) -> tuple[float, float]:
    return MARGIN + float(point[0]) * (WIDTH - 2 * MARGIN), MARGIN + float(point[1]) * (HEIGHT - 2 * MARGIN)


def _middle(projection: Projection, rows: np.ndarray) -> np.ndarray:
    """The point of a class with the most others of its class near it."""
    points = projection.points[rows]
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    return np.asarray(points[int((squared < 0.06**2).sum(axis=1).argmax())])


def _apart(names: list[tuple[str, int, float, float]]) -> list[tuple[str, int, float, float]]:
    """The names moved down where one would be written over another."""
    placed: list[tuple[str, int, float, float]] = []
    for name, position, middle, top in sorted(names, key=lambda each: each[3]):
        half, down = 3.8 * len(name) + 4, top
        across = min(max(middle, half), WIDTH - half)
        for other, _, there, below in placed:
            if abs(across - there) < half + 3.8 * len(other) and abs(down - below) < 15:
                down = below + 15
        placed.append((name, position, across, min(down, HEIGHT - 6)))
    return placed


def _name(name: str, position: int, across: float, down: float) -> Markup:
    return tag("text", name, x=across, y=down + 4, text_anchor="middle", class_=f"class-name c{position}")


def _dot(across: float, down: float) -> str:
    return f"M{across - 2.6:.1f} {down:.1f}a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0 -5.2 0"


def _triangle(across: float, down: float) -> str:
    return f"M{across:.1f} {down - 4.2:.1f}l3.8 6.6h-7.6z"
