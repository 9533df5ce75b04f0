"""A picture of one search: the sketch and the photos that it found, drawn from the gallery's thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from pcmsn.data.atomic import atomic_path
from pcmsn.errors import GalleryError
from pcmsn.gallery.records import Hit, PhotoRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 10
"""Photos a row, at most."""

INK, QUIET, PAPER, BLANK = "#1f2328", "#6b7280", "#ffffff", "#e5e7eb"
DOTS_PER_INCH = 150
_SIDE_IN_PIXELS = 200
_CELL, _GAP, _TEXT, _MARGIN, _QUERY_GAP, _HEADER = 1.24, 0.13, 0.44, 0.30, 0.34, 0.30
"""Inches: side of a picture, between pictures, for the text below one, around all, behind the sketch, above all."""
_LONGEST_CAPTION = 18
"""In characters."""


def hit_grid(sketch: Image.Image, hits: Sequence[tuple[Hit, bytes | None]], target: Path) -> None:
    """Write a PNG with the sketch and its hits, nearest first, each with rank, distance and label.

    ``hits`` come with their thumbnails' JPEG; one that is missing or damaged is left blank. Raises GalleryError when
    there is nothing to show or the file cannot be written.
    """
    if not hits:
        raise GalleryError(f"{target} cannot be drawn: no photo was found")
    figure = _draw(sketch, hits)
    try:
        with atomic_path(target) as temporary:
            figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH, facecolor=PAPER, metadata={"Software": None})
    except OSError as error:
        raise GalleryError(f"the picture cannot be written to {target}: {error.strerror or error}") from error


def caption(photo: PhotoRecord) -> str:
    """A photo's label, else its file's name, cut to the width of a cell; ``?`` stands for what cannot be printed.

    Labels are read as words, with spaces for underscores. Names keep their beginning and end, which tells photos apart.
    """
    text = photo.label.replace("_", " ") or PurePath(photo.path).name
    words = "".join(letter if letter.isprintable() else "?" for letter in text)
    if len(words) <= _LONGEST_CAPTION:
        return words
    if photo.label:
        return words[: _LONGEST_CAPTION - 1].rstrip() + "…"
    half = (_LONGEST_CAPTION - 1) // 2
    return words[:half] + "…" + words[half + 1 - _LONGEST_CAPTION :]


class _Page:
    """A figure that is drawn on in inches from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        # Slow to import, and this module is imported where no picture is drawn.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure: Figure = Figure(figsize=(width, height))
        FigureCanvasAgg(self.figure)
        self._width, self._height = width, height

    def text(self, left: float, top: float, words: str, size: float, **style: Any) -> None:
        across, down = left / self._width, 1 - top / self._height
        self.figure.text(across, down, words, fontsize=size, parse_math=False, **style)

    def picture(self, left: float, top: float, picture: Image.Image) -> None:
        place = (left / self._width, 1 - (top + _CELL) / self._height, _CELL / self._width, _CELL / self._height)
        axes = self.figure.add_axes(place)
        axes.imshow(np.asarray(picture), interpolation="lanczos")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(color=BLANK, linewidth=0.8)


def _draw(sketch: Image.Image, hits: Sequence[tuple[Hit, bytes | None]]) -> Figure:
    columns, rows = min(len(hits), COLUMNS), -(-len(hits) // COLUMNS)
    first = _MARGIN + _CELL + _QUERY_GAP
    top = _MARGIN + _HEADER
    page = _Page(first + columns * (_CELL + _GAP) - _GAP + _MARGIN, top + rows * (_CELL + _TEXT) - 0.1 + _MARGIN)
    page.text(_MARGIN, top - 0.12, "sketch", 9, color=QUIET)
    page.text(first, top - 0.12, "nearest photos, nearest first" if len(hits) > 1 else "nearest photo", 9, color=QUIET)
    page.picture(_MARGIN, top, _on_square(sketch))
    for place, (hit, thumbnail) in enumerate(hits):
        left = first + place % COLUMNS * (_CELL + _GAP)
        upper = top + place // COLUMNS * (_CELL + _TEXT)
        page.picture(left, upper, _opened(thumbnail))
        page.text(left, upper + _CELL + 0.05, f"{place + 1}", 8.5, va="top", color=INK, weight="bold")
        page.text(left + _CELL, upper + _CELL + 0.05, f"{hit.distance:.3f}", 8.5, va="top", ha="right", color=QUIET)
        page.text(left, upper + _CELL + 0.20, caption(hit.photo), 8.5, va="top", color=INK)
    return page.figure


def _opened(thumbnail: bytes | None) -> Image.Image:
    try:
        with Image.open(BytesIO(thumbnail or b"")) as picture:
            return _on_square(picture.convert("RGB"))
    except OSError:
        return Image.new("RGB", (_SIDE_IN_PIXELS, _SIDE_IN_PIXELS), BLANK)


def _on_square(picture: Image.Image) -> Image.Image:
    return ImageOps.pad(picture, (_SIDE_IN_PIXELS, _SIDE_IN_PIXELS), Image.Resampling.LANCZOS, color=PAPER)
