"""A picture of retrieval results: each row a query sketch and its nearest photos, right and wrong marked."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pcmsn.data.atomic import atomic_path
from pcmsn.data.pictures import load_picture
from pcmsn.data.records import Pictures
from pcmsn.errors import EvaluationError, UnreadablePictureError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

INK, QUIET, PAPER, BLANK = "#1f2328", "#6b7280", "#ffffff", "#e5e7eb"
RIGHT, WRONG = "#15803d", "#d1242f"
DOTS_PER_INCH = 150
THUMBNAIL = 200
"""Pixels a side of a picture in the file."""

CELL, GAP = 1.24, 0.13
"""Inches a picture, and between two photos."""
LABEL, SIDE, MARGIN = 0.30, 0.86, 0.30
"""Inches under a row for class names, right of it for precision, and around the figure."""
QUERY_GAP = 0.34
"""Inches between a sketch and its first photo."""
TITLE, HEADER, CAPTION_LINE = 0.36, 0.34, 0.19


@dataclass(frozen=True)
class RetrievedPhoto:
    """One photo of a result list."""

    path: Path
    class_name: str
    is_right: bool
    """Whether it has the query's class."""


@dataclass(frozen=True)
class QueryResult:
    """One query sketch with its nearest photos, nearest first."""

    sketch: Path
    class_name: str
    photos: tuple[RetrievedPhoto, ...]

    @property
    def precision(self) -> float:
        """Share of right photos among those shown, in 0..1."""
        return sum(photo.is_right for photo in self.photos) / len(self.photos) if self.photos else 0.0


def choose_queries(
    average_precision: NDArray[np.float64], labels: NDArray[np.generic], count: int
) -> NDArray[np.int64]:
    """(min(count, Q),) positions of queries that show the results as they are: neither the best nor the worst.

    Classes are ordered by their mean average precision, and those shown are spread evenly over that order, so that good
    and bad classes appear. Of a class with one example the median query is shown, with m examples the queries at m
    evenly spaced quantiles. Better classes come first; nothing is random.

    ``average_precision`` (Q,) is ``Scores.average_precision``, ``labels`` (Q,) are the sketches' classes.
    Raises EvaluationError when count is below 1 or the lengths differ.
    """
    if count < 1:
        raise EvaluationError(f"at least 1 query must be shown, got {count}")
    if average_precision.shape != labels.shape or labels.ndim != 1 or not len(labels):
        raise EvaluationError(f"{labels.shape} labels do not fit {average_precision.shape} average precisions")
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    members.sort(key=lambda queries: -float(average_precision[queries].mean()))
    chosen = []
    for queries, examples in zip(members, _examples_a_class(members, count), strict=True):
        ordered = queries[np.argsort(-average_precision[queries], kind="stable")]
        quantiles = [(len(ordered) * (2 * nth + 1)) // (2 * examples) for nth in range(examples)]
        chosen += [int(ordered[place]) for place in quantiles]
    return np.array(chosen, dtype=np.int64)


def query_results(
    sketches: Pictures, photos: Pictures, queries: NDArray[np.int64], nearest: NDArray[np.int64]
) -> tuple[QueryResult, ...]:
    """The results of (n,) query sketches from the (n, k) positions of their nearest photos, ready to be drawn."""

    def retrieved(position: int, class_name: str) -> RetrievedPhoto:
        name = photos.class_name(position)
        return RetrievedPhoto(photos.path(position), name, name == class_name)

    return tuple(
        QueryResult(
            sketches.path(int(query)),
            sketches.class_name(int(query)),
            tuple(retrieved(int(position), sketches.class_name(int(query))) for position in places),
        )
        for query, places in zip(queries, nearest, strict=True)
    )


def retrieval_grid(queries: Sequence[QueryResult], title: str, caption: str, target: Path) -> None:
    """Write a PNG with a row for each query: the sketch, its photos framed and ticked or crossed, and its precision.

    Right and wrong differ by sign as well as by colour. A picture that can not be read is left blank and says so.
    Raises EvaluationError when there is nothing to show or the file can not be written.
    """
    columns = max((len(query.photos) for query in queries), default=0)
    if not columns:
        raise EvaluationError("there is nothing to draw: give at least one query with at least one photo")
    figure = _draw(queries, columns, title, caption)
    try:
        with atomic_path(target) as temporary:
            metadata = {"Software": None, "Title": title}
            figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH, facecolor=PAPER, metadata=metadata)
    except OSError as error:
        raise EvaluationError(f"the picture can not be written to {target}: {error.strerror or error}") from error


def _examples_a_class(members: Sequence[NDArray[np.int64]], count: int) -> list[int]:
    """How many queries each class shows: ``count`` in all, spread evenly over the classes, at most what it has."""
    examples = [0] * len(members)
    left = min(count, sum(len(queries) for queries in members))
    while left:
        free = [place for place, queries in enumerate(members) if examples[place] < len(queries)]
        taken = min(left, len(free))
        for nth in range(taken):
            examples[free[len(free) * (2 * nth + 1) // (2 * taken)]] += 1
        left -= taken
    return examples


class _Canvas:
    """A figure that is drawn on in inches from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        # Slow to import, and this module is imported where no picture is drawn.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure: Figure = Figure(figsize=(width, height))
        FigureCanvasAgg(self.figure)
        self.width, self.height = width, height

    def text(self, left: float, top: float, words: str, size: float, **style: Any) -> Text:
        across, down = left / self.width, 1 - top / self.height
        return self.figure.text(across, down, words, fontsize=size, parse_math=False, **style)

    def picture(self, left: float, top: float, image: Image.Image, frame: str, thickness: float) -> None:
        place = (left / self.width, 1 - (top + CELL) / self.height, CELL / self.width, CELL / self.height)
        axes = self.figure.add_axes(place)
        axes.imshow(np.asarray(image), interpolation="lanczos")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(color=frame, linewidth=thickness)

    def line(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        from matplotlib.lines import Line2D

        across, down = [left / self.width, right / self.width], [1 - top / self.height, 1 - bottom / self.height]
        self.figure.add_artist(Line2D(across, down, color=colour, linewidth=0.8))

    def sign(self, centre: float, middle: float, is_right: bool) -> None:
        """A white tick or cross on a disc, drawn as strokes so that no font has to hold it."""
        from matplotlib.lines import Line2D

        x, y = centre / self.width, 1 - middle / self.height
        colour = RIGHT if is_right else WRONG
        disc = Line2D([x], [y], marker="o", markersize=13, color=colour, markeredgecolor=PAPER, markeredgewidth=1.2)
        self.figure.add_artist(disc)
        tick, cross = [[(-0.042, 0.004), (-0.012, 0.034), (0.044, -0.032)]], [[(-1, -1), (1, 1)], [(-1, 1), (1, -1)]]
        strokes = tick if is_right else [[(0.032 * a, 0.032 * b) for a, b in stroke] for stroke in cross]
        for stroke in strokes:
            across = [x + a / self.width for a, _ in stroke]
            down = [y - b / self.height for _, b in stroke]
            self.figure.add_artist(Line2D(across, down, color=PAPER, linewidth=1.7, solid_capstyle="round"))


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
    canvas.line(divider, top, divider, top + CELL, BLANK)
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
    """The picture on a square, whole, on white; a note in its place when it can not be read."""
    try:
        picture = load_picture(path)
    except UnreadablePictureError:
        return _unreadable()
    return ImageOps.pad(picture, (THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, color=PAPER)


def _unreadable() -> Image.Image:
    from PIL import ImageDraw

    blank = Image.new("RGB", (THUMBNAIL, THUMBNAIL), BLANK)
    middle = THUMBNAIL // 2
    ImageDraw.Draw(blank).text((middle, middle), "unreadable", fill=QUIET, anchor="mm")
    return blank


def _short(name: str, letters: int = 18) -> str:
    """A class name as words, cut to the width of a cell."""
    words = name.replace("_", " ")
    return words if len(words) <= letters else words[: letters - 1].rstrip() + "…"
