"""Drawings as strokes: read from Quick, Draw! files, varied as people vary, and drawn on a sheet by one rule.

A stroke is an array of points, (n, 2) floats with x to the right and y down; a drawing is a list of strokes. The sheet
is the same for every drawing: its ink, whatever was drawn where and how large, fills the square up to a margin, and
the line has one width. A model that learned from such sheets must be asked with such sheets, so the page, the command
line and Python draw with ``render``. A picture of a drawing is brought to the same form by ``fit_picture``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pcmsn.errors import DataError
from pcmsn.files import read_text

Stroke = NDArray[np.float32]

MARGIN = 1 / 16
"""The empty border on each side of the sheet, as a part of its side."""
LINE_WIDTH = 1 / 56
"""The width of a line, as a part of the sheet's side."""

_OVERSAMPLING = 2
_MOST_PASSES = 12
_INK = 96  # a pixel of a picture is ink when it is this much darker than the paper


@dataclass(frozen=True)
class Drawing:
    """One line of a Quick, Draw! file."""

    word: str
    strokes: tuple[Stroke, ...]
    recognized: bool
    """Whether the game guessed the word from the drawing."""


def read_quickdraw(path: Path) -> list[Drawing]:
    """The drawings of an ``.ndjson`` file of Quick, Draw! (the simplified form), in its order.

    Raises DataError for a line that is no drawing.
    """
    drawings = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            record = json.loads(line)
            strokes = tuple(np.asarray(stroke[:2], dtype=np.float32).T for stroke in record["drawing"])
            if not strokes or any(stroke.ndim != 2 or not len(stroke) for stroke in strokes):
                raise ValueError("a drawing needs strokes of [xs, ys]")
            drawings.append(Drawing(str(record["word"]), strokes, bool(record.get("recognized", True))))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DataError(f"{path}, line {number}: not a Quick, Draw! drawing ({error})") from error
    return drawings


def render(
    strokes: Sequence[Stroke],
    size: int,
    *,
    line_width: float = LINE_WIDTH,
    scale: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.uint8]:
    """(size, size) sheet, white with black lines, which the drawing fills up to the margin.

    ``line_width`` and ``shift`` are parts of the side; ``scale`` makes the fitted drawing smaller. These three are for
    training; queries keep what they say by default. A drawing without points is an empty sheet.
    """
    side = size * _OVERSAMPLING
    sheet = Image.new("L", (side, side), 255)
    if not any(len(stroke) for stroke in strokes):
        return np.asarray(sheet.resize((size, size)))
    pen = ImageDraw.Draw(sheet)
    points = np.concatenate([stroke for stroke in strokes if len(stroke)])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()), 1e-6)
    factor = side * (1 - 2 * MARGIN) * scale / extent
    centre = np.asarray([side / 2, side / 2]) + np.asarray(shift) * side
    width = max(line_width * side, 1.0)
    radius = width / 2
    for stroke in strokes:
        placed = ((stroke - (low + high) / 2) * factor + centre).tolist()
        if len(placed) > 1:
            pen.line([tuple(point) for point in placed], fill=0, width=round(width), joint="curve")
        for x, y in (placed[0], placed[-1]) if placed else ():
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return np.asarray(sheet.reduce(_OVERSAMPLING))


def fit_picture(
    picture: Image.Image, size: int, *, line_width: float = LINE_WIDTH, scale: float = 1.0
) -> NDArray[np.uint8]:
    """(size, size) sheet with a picture's dark ink on white, fitted and with lines about as wide as ``render`` draws.

    The picture is black ink on light paper; without ink the sheet is empty.
    """
    grey = np.asarray(picture.convert("L"))
    paper = float(np.percentile(grey, 90))
    ink = grey < paper - _INK
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return np.full((size, size), 255, dtype=np.uint8)
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    extent = max(box[2] - box[0], box[3] - box[1])
    inside = size * (1 - 2 * MARGIN) * scale
    # A line of width w has an area of w and a perimeter of 2 for each unit of its length. A slanted one shows more
    # steps than its perimeter is long, and is taken for a narrower line.
    cut = ink[box[1] : box[3], box[0] : box[2]]
    edges = np.count_nonzero(cut[1:] != cut[:-1]) + np.count_nonzero(cut[:, 1:] != cut[:, :-1])
    drawn = 2 * np.count_nonzero(cut) / max(int(edges), 1) * inside / extent
    canvas = Image.new("L", (extent, extent), 255)
    crop = Image.fromarray(
        np.clip(grey[box[1] : box[3], box[0] : box[2]] / max(paper, 1.0) * 255, 0, 255).astype(np.uint8)
    )
    canvas.paste(crop, ((extent - crop.width) // 2, (extent - crop.height) // 2))
    placed = round(inside * _OVERSAMPLING)
    fitted = canvas.resize((placed, placed), Image.Resampling.BOX if extent > placed else Image.Resampling.BICUBIC)
    sheet = Image.new("L", (size * _OVERSAMPLING,) * 2, 255)
    sheet.paste(fitted, ((sheet.width - placed) // 2,) * 2)
    # Each pass moves both edges of a line by one pixel; wide lines are thinned with care, so that none disappears.
    passes = (line_width * size - drawn) * _OVERSAMPLING / 2
    change = ImageFilter.MinFilter(3) if passes > 0 else ImageFilter.MaxFilter(3)
    for _ in range(min(round(passes) if passes > 0 else round(-0.6 * passes - 0.3), _MOST_PASSES)):
        sheet = sheet.filter(change)
    return np.asarray(sheet.reduce(_OVERSAMPLING))


def vary(strokes: Sequence[Stroke], generator: np.random.Generator) -> list[Stroke]:
    """The drawing as somebody else might have drawn it: turned, stretched, mirrored, wobbly, with strokes missing.

    One drawing in four is only partly finished, because the page searches while people draw.
    """
    kept = list(strokes)
    if len(kept) > 2 and generator.random() < 0.25:
        kept = kept[: max(2, int(np.ceil(len(kept) * generator.uniform(0.5, 1.0))))]
    if len(kept) > 3 and generator.random() < 0.25:
        del kept[int(generator.integers(len(kept)))]
    angle, shear = generator.normal(0, 0.14), generator.normal(0, 0.1)
    stretch = np.exp(generator.normal(0, 0.14))
    mirror = -1.0 if generator.random() < 0.5 else 1.0
    turn = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = (turn @ np.asarray([[mirror * stretch, shear], [0.0, 1 / stretch]])).astype(np.float32)
    extent = max(float(np.ptp(np.concatenate(kept), axis=0).max()), 1e-6)
    wobble = abs(generator.normal(0, 0.012)) * extent
    drift = generator.uniform(0, 0.03) * extent
    return [
        (stroke @ matrix.T + _smooth_noise(len(stroke), wobble, generator) + generator.normal(0, drift, 2)).astype(
            np.float32
        )
        for stroke in kept
    ]


def vary_sheet(sheet: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """(size, size) sheet turned, stretched, mirrored, moved and with thinner or thicker lines; for drawn pictures."""
    size = len(sheet)
    picture = Image.fromarray(sheet)
    if (change := generator.random()) < 0.25:
        picture = picture.filter(ImageFilter.MinFilter(3))
    elif change < 0.35:
        picture = picture.filter(ImageFilter.MaxFilter(3))
    angle, shear = generator.normal(0, 0.14), generator.normal(0, 0.1)
    across, down = np.exp(generator.normal(0.06, 0.12, 2))
    mirror = -1.0 if generator.random() < 0.5 else 1.0
    matrix = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.asarray(
        [[mirror * across, shear], [0.0, down]]
    )
    offset = size / 2 - matrix @ np.asarray([size / 2, size / 2]) + generator.uniform(-0.05, 0.05, 2) * size
    coefficients = (*matrix[0], offset[0], *matrix[1], offset[1])
    moved = picture.transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR, fillcolor=255
    )
    return np.asarray(moved)


def _smooth_noise(length: int, amplitude: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """(length, 2) offsets that change slowly along a stroke."""
    knots = generator.normal(0, amplitude, (max(2, length // 3 + 2), 2))
    places = np.linspace(0, len(knots) - 1, length)
    return np.stack([np.interp(places, np.arange(len(knots)), knots[:, axis]) for axis in (0, 1)], axis=1)
