"""A picture of retrieval results: each row a query sketch and its nearest photos, right and wrong marked."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from pcmsn.data.atomic import atomic_path
from pcmsn.data.pictures import load_picture
from pcmsn.errors import EvaluationError, UnreadablePictureError
from pcmsn.evaluation.examples import QueryResult, RetrievedPhoto
from pcmsn.files import picture_format

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

INK, QUIET, PAPER, BLANK = "#1f2328", "#6b7280", "#ffffff", "#e5e7eb"
RIGHT, WRONG = "#15803d", "#d1242f"
"""Colours of right and of wrong photos."""
DOTS_PER_INCH = 150
THUMBNAIL = 200
"""Pixels on each side of a picture before it is drawn."""

CELL, GAP = 1.24, 0.13
"""Inches on each side of a picture, and between two photos."""
LABEL, SIDE, MARGIN = 0.30, 0.86, 0.30
"""Inches under a row for class names, to its right for precision, and around the figure."""
QUERY_GAP = 0.34
"""Inches between a sketch and its first photo."""
TITLE, HEADER, CAPTION_LINE = 0.36, 0.34, 0.19
"""Inches for the title, for the line above the columns, and for each line of the caption."""

TICK = (((-0.042, 0.004), (-0.012, 0.034), (0.044, -0.032)),)
"""Its one stroke, as points in inches to the right of and below the middle."""
CROSS = (((-0.032, -0.032), (0.032, 0.032)), ((-0.032, 0.032), (0.032, -0.032)))
"""Its two strokes."""


def plot_grid(
    target: str | Path,
    sketches: Sequence[str | Path],
    sketch_labels: Sequence[object],
    photos: Sequence[str | Path],
    photo_labels: Sequence[object],
    nearest: NDArray[np.integer],
    *,
    title: str = "Sketches and their nearest photos",
    caption: str = "",
) -> None:
    """Write a picture with a row for each sketch: the sketch and its nearest photos, right and wrong ones marked.

    ``sketches`` and ``photos`` are files with their labels; ``nearest`` (n, k) has the positions of each sketch's
    photos, nearest first. Raises EvaluationError where the lengths do not fit or the file cannot be written.
    """
    rows = np.asarray(nearest)
    if rows.ndim != 2 or len(rows) != len(sketches) or len(sketches) != len(sketch_labels):
        raise EvaluationError(
            f"{len(sketches)} sketches need as many labels and rows of nearest photos, got {len(sketch_labels)} "
            f"labels and rows of shape {rows.shape}"
        )
    if len(photos) != len(photo_labels):
        raise EvaluationError(f"{len(photos)} photos need as many labels, got {len(photo_labels)}")
    results = [
        QueryResult(
            Path(sketch),
            str(label),
            tuple(
                RetrievedPhoto(Path(photos[place]), str(photo_labels[place]), photo_labels[place] == label)
                for place in row
            ),
        )
        for sketch, label, row in zip(sketches, sketch_labels, rows.tolist(), strict=True)
    ]
    retrieval_grid(results, title, caption, Path(target))


def retrieval_grid(queries: Sequence[QueryResult], title: str, caption: str, target: Path) -> None:
    """Write a picture with a row for each query: the sketch, its photos framed and ticked or crossed, its precision.

    It is a JPEG where the name ends so, else a PNG.
    Right and wrong differ by sign as well as by colour. A picture that cannot be read is left blank and says so.
    Raises EvaluationError when there is nothing to show or the file cannot be written.
    """
    columns = max((len(query.photos) for query in queries), default=0)
    if not columns:
        raise EvaluationError("there is nothing to draw: give at least one query with at least one photo")
    figure = _draw(queries, columns, title, caption)
    try:
        with atomic_path(target) as temporary:
            kind = picture_format(target)
            facts: dict[str, Any] = {"metadata": {"Software": None, "Title": title}} if kind == "PNG" else {}
            figure.savefig(temporary, format=kind.lower(), dpi=DOTS_PER_INCH, facecolor=PAPER, **facts)
    except OSError as error:
        raise EvaluationError(f"the picture cannot be written to {target}: {error.strerror or error}") from error


class _Canvas:
    """A figure that is drawn on in inches, to the right of and below its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        # Matplotlib is slow to import, and this module is imported where no picture is drawn.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure: Figure = Figure(figsize=(width, height))
        FigureCanvasAgg(self.figure)
        self.width, self.height = width, height

    def text(self, left: float, top: float, words: str, size: float, **style: Any) -> Text:
        """Words in a size in points; ``style`` is matplotlib's."""
        across, down = left / self.width, 1 - top / self.height
        return self.figure.text(across, down, words, fontsize=size, parse_math=False, **style)

    def picture(self, left: float, top: float, image: Image.Image, frame: str, thickness: float) -> None:
        """A square picture in a frame, whose thickness is in points."""
        place = (left / self.width, 1 - (top + CELL) / self.height, CELL / self.width, CELL / self.height)
        axes = self.figure.add_axes(place)
        axes.imshow(np.asarray(image), interpolation="lanczos")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(color=frame, linewidth=thickness)

    def line(self, points: Sequence[tuple[float, float]], **style: Any) -> None:
        """A line through points, each (left, top); ``style`` is matplotlib's."""
        from matplotlib.lines import Line2D

        across, down = [left / self.width for left, _ in points], [1 - top / self.height for _, top in points]
        self.figure.add_artist(Line2D(across, down, **style))

    def sign(self, centre: float, middle: float, is_right: bool) -> None:
        """A white tick or cross on a disc, drawn as strokes so that no font has to hold it."""
        colour, strokes = (RIGHT, TICK) if is_right else (WRONG, CROSS)
        disc = {"marker": "o", "markersize": 13, "markeredgecolor": PAPER, "markeredgewidth": 1.2}
        self.line([(centre, middle)], color=colour, **disc)
        for stroke in strokes:
            points = [(centre + right, middle + below) for right, below in stroke]
            self.line(points, color=PAPER, linewidth=1.7, solid_capstyle="round")


def _draw(queries: Sequence[QueryResult], columns: int, title: str, caption: str) -> Figure:
    width = 2 * MARGIN + CELL + QUERY_GAP + columns * (CELL + GAP) - GAP + SIDE
    lines = textwrap.wrap(caption, width=max(40, int((width - 2 * MARGIN) * 15)))
    top = MARGIN + TITLE + HEADER
    height = top + len(queries) * (CELL + LABEL) + CAPTION_LINE * len(lines) + MARGIN
    canvas = _Canvas(width, height)
    canvas.text(MARGIN, MARGIN, title, 15, va="top", color=INK, weight="bold")
    _draw_header(canvas, columns, top - 0.13)
    for nth, query in enumerate(queries):
        _draw_row(canvas, query, top + nth * (CELL + LABEL))
    canvas.text(MARGIN, height - MARGIN, "\n".join(lines), 8.5, va="bottom", color=QUIET, linespacing=1.45)
    return canvas.figure


def _photo_left(column: int) -> float:
    return MARGIN + CELL + QUERY_GAP + column * (CELL + GAP)


def _draw_header(canvas: _Canvas, columns: int, baseline: float) -> None:
    canvas.text(MARGIN, baseline, "sketch", 9, color=QUIET)
    photos = "nearest photo" if columns == 1 else "nearest photos, nearest first"
    canvas.text(_photo_left(0), baseline, photos, 9, color=QUIET)
    canvas.text(canvas.width - MARGIN, baseline, f"P@{columns}", 9, color=QUIET, ha="right")


def _draw_row(canvas: _Canvas, query: QueryResult, top: float) -> None:
    canvas.picture(MARGIN, top, _thumbnail(query.sketch), QUIET, 0.8)
    canvas.text(
        MARGIN + CELL / 2, top + CELL + 0.05, _short(query.class_name), 9.5, va="top", ha="center", weight="bold"
    )
    divider = MARGIN + CELL + QUERY_GAP / 2
    canvas.line([(divider, top), (divider, top + CELL)], color=BLANK, linewidth=0.8)
    for column, photo in enumerate(query.photos):
        left = _photo_left(column)
        canvas.picture(left, top, _thumbnail(photo.path), RIGHT if photo.is_right else WRONG, 2.6)
        canvas.sign(left + CELL - 0.06, top + 0.06, photo.is_right)
        if not photo.is_right:
            name = _short(photo.class_name)
            canvas.text(left + CELL / 2, top + CELL + 0.055, name, 8.5, va="top", ha="center", color=WRONG)
    right, middle = canvas.width - MARGIN, top + CELL / 2
    hits = sum(photo.is_right for photo in query.photos)
    canvas.text(right, middle - 0.02, f"{query.precision:.3f}", 14, va="bottom", ha="right", color=INK)
    canvas.text(right, middle + 0.05, f"{hits} of {len(query.photos)}", 9, va="top", ha="right", color=QUIET)


def _thumbnail(path: Path) -> Image.Image:
    """The picture on a square, whole, on white; a note in its place when it cannot be read."""
    try:
        picture = load_picture(path)
    except UnreadablePictureError:
        return _unreadable()
    return ImageOps.pad(picture, (THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, color=PAPER)


def _unreadable() -> Image.Image:
    blank = Image.new("RGB", (THUMBNAIL, THUMBNAIL), BLANK)
    middle = THUMBNAIL // 2
    ImageDraw.Draw(blank).text((middle, middle), "unreadable", fill=QUIET, anchor="mm")
    return blank


def _short(name: str, letters: int = 18) -> str:
    """A class name as words, cut to the width of a cell."""
    words = name.replace("_", " ")
    return words if len(words) <= letters else words[: letters - 1].rstrip() + "…"
