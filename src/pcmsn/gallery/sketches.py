"""From whatever holds a user's sketch to the RGB picture that is embedded."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PIL import Image

from pcmsn.data.ink import LEAST_CONTRAST, find_ink
from pcmsn.data.pictures import as_rgb, picture_from_bytes
from pcmsn.errors import GalleryError, UnreadablePictureError

Fit = Literal["ink", "whole"]
"""``ink`` cuts a sketch out of its canvas and centres it on a square; ``whole`` takes the canvas as it is."""

MARGIN = 0.1
"""White on each side of cut-out ink, as a share of its longer side."""

_PAPER_SHARE = 0.25
"""Share of the range of grey values, counted from the lightest, that is paper: scans and JPEG make it uneven."""


def read_sketch(sketch: Path | str | bytes | Image.Image) -> Image.Image:
    """The sketch as an RGB picture: from a file, a file's content, or a picture in memory.

    Transparent pictures are laid on white. Raises GalleryError for a file that is not there, UnreadablePictureError for
    what is no picture.
    """
    if isinstance(sketch, Image.Image):
        return _from_memory(sketch)
    if isinstance(sketch, bytes):
        return picture_from_bytes(sketch, Path("sketch"))
    path = Path(sketch).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GalleryError(
            f"the sketch {path} cannot be read: {error.strerror or error}; pass a picture file"
        ) from error
    return picture_from_bytes(content, path)


def _from_memory(picture: Image.Image) -> Image.Image:
    try:
        return as_rgb(picture)
    except Exception as error:  # damaged files make Pillow's decoders raise almost anything
        raise UnreadablePictureError(
            f"the sketch, a picture of mode {picture.mode}, cannot be converted to RGB: {error}"
        ) from error


def prepare_sketch(picture: Image.Image, fit: Fit) -> Image.Image:
    """The RGB picture as it is to be embedded: dark strokes on white, cut to them where ``fit`` says so.

    A picture that is no line drawing keeps its pixels.

    Raises GalleryError for a canvas with nothing on it.
    """
    if fit not in ("ink", "whole"):
        raise GalleryError(f"unknown fit {fit!r} of sketches; expected 'ink' or 'whole'")
    ink = find_ink(picture)
    if ink is None:
        raise GalleryError("the sketch is empty; draw strokes that stand out from their ground")
    if ink.kind == "other":
        picture = ink.picture()
    return fit_ink(picture) if fit == "ink" else picture


def fit_ink(picture: Image.Image) -> Image.Image:
    """The bounding box of all that is darker than the paper, with a margin, in the middle of a white square.

    A picture without ink comes back as it is.
    """
    darkest, lightest = _grey_range(picture)
    if lightest - darkest < LEAST_CONTRAST:
        return picture
    paper = lightest - _PAPER_SHARE * (lightest - darkest)
    box = picture.convert("L").point([255 * (value < paper) for value in range(256)]).getbbox()
    if box is None:
        return picture
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    side = max(width, height)
    side += 2 * max(1, round(MARGIN * side))
    square = Image.new("RGB", (side, side), "white")
    square.paste(picture.crop(box), ((side - width) // 2, (side - height) // 2))
    return square


def _grey_range(picture: Image.Image) -> tuple[float, float]:
    """The darkest and the lightest grey value, 0..255."""
    darkest, lightest = picture.convert("L").getextrema()
    return float(darkest), float(lightest)  # type: ignore[arg-type]  # of one channel these are numbers
