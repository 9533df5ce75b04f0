"""A picture of one search: the sketch and the photos that it found, drawn from the gallery's thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path, PurePath

from PIL import Image, ImageDraw, ImageFont, ImageOps

from pcmsn.data.atomic import atomic_path
from pcmsn.errors import GalleryError
from pcmsn.files import picture_format
from pcmsn.gallery.records import Hit, PhotoRecord

COLUMNS = 10
"""Photos a row, at most."""

INK, QUIET, PAPER, BLANK = "#1f2328", "#6b7280", "#ffffff", "#e5e7eb"
_SIDE, _GAP, _TEXT, _MARGIN, _QUERY_GAP, _HEADER = 200, 20, 68, 45, 51, 45
"""Pixels: side of a picture, between pictures, for the text below one, around all, behind the sketch, above all."""
_TYPEFACES = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf")
_LONGEST_CAPTION = 18
"""In characters."""


def hit_grid(sketch: Image.Image, hits: Sequence[tuple[Hit, bytes | None]], target: Path) -> None:
    """Write a picture with the sketch and its hits, nearest first, each with rank, distance and label.

    It is a JPEG where the name ends so, else a PNG.

    ``hits`` come with their thumbnails' JPEG; one that is missing or damaged is left blank. Raises GalleryError when
    there is nothing to show or the file cannot be written.
    """
    if not hits:
        raise GalleryError(f"{target} cannot be drawn: no photo was found")
    page = _draw(sketch, hits)
    try:
        with atomic_path(target) as temporary:
            page.save(temporary, picture_format(target))
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


def _draw(sketch: Image.Image, hits: Sequence[tuple[Hit, bytes | None]]) -> Image.Image:
    columns, rows = min(len(hits), COLUMNS), -(-len(hits) // COLUMNS)
    first, top = _MARGIN + _SIDE + _QUERY_GAP, _MARGIN + _HEADER
    width = first + columns * (_SIDE + _GAP) - _GAP + _MARGIN
    page = Image.new("RGB", (width, top + rows * (_SIDE + _TEXT) - 14 + _MARGIN), PAPER)
    pen = ImageDraw.Draw(page)
    title = "nearest photos, nearest first" if len(hits) > 1 else "nearest photo"
    pen.text((_MARGIN, top - 12), "sketch", QUIET, _font(18), "ls")
    pen.text((first, top - 12), title, QUIET, _font(18), "ls")
    _paste(page, (_MARGIN, top), _on_square(sketch))
    for place, (hit, thumbnail) in enumerate(hits):
        left = first + place % COLUMNS * (_SIDE + _GAP)
        upper = top + place // COLUMNS * (_SIDE + _TEXT)
        _paste(page, (left, upper), _opened(thumbnail))
        pen.text((left, upper + _SIDE + 7), f"{place + 1}", INK, _font(18))
        pen.text((left + _SIDE, upper + _SIDE + 7), f"{hit.distance:.3f}", QUIET, _font(18), "ra")
        pen.text((left, upper + _SIDE + 32), caption(hit.photo), INK, _font(18))
    return page


def _paste(page: Image.Image, place: tuple[int, int], picture: Image.Image) -> None:
    page.paste(picture, place)
    box = (*place, place[0] + _SIDE - 1, place[1] + _SIDE - 1)
    ImageDraw.Draw(page).rectangle(box, outline=BLANK)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A typeface of this machine with many alphabets, or Pillow's own, which has Latin letters."""
    for name in _TYPEFACES:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _opened(thumbnail: bytes | None) -> Image.Image:
    try:
        with Image.open(BytesIO(thumbnail or b"")) as picture:
            return _on_square(picture.convert("RGB"))
    except OSError:
        return Image.new("RGB", (_SIDE, _SIDE), BLANK)


def _on_square(picture: Image.Image) -> Image.Image:
    return ImageOps.pad(picture, (_SIDE, _SIDE), Image.Resampling.LANCZOS, color=PAPER)
