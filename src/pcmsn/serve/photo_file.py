"""A gallery's photo as it may leave the machine: a regular file that is a picture by its content."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from PIL import Image

from pcmsn.data.pictures import know_heic, picture_from_bytes
from pcmsn.errors import UnreadablePictureError
from pcmsn.gallery.records import PhotoRecord
from pcmsn.serve.refusal import RefusalError

AS_THEY_ARE = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
"""Pillow's names of the kinds that browsers show, with their media types."""
CONVERTED = ("BMP", "TIFF", "HEIF", "AVIF")
"""Kinds that are sent as JPEG."""
OPENED = ("JPEG", "PNG", "WEBP", "GIF", *CONVERTED)
"""Pillow's readers that are used; the one of JPEG reads MPO too."""
MOST_PIXELS = 100_000_000
"""Of a photo that is converted."""
MOST_BYTES = 256 * 1024 * 1024
"""Of a photo's file."""
CONVERTED_SIDE = 4096
"""Longest side of a converted photo in pixels."""
PIECE = 256 * 1024


@dataclass(frozen=True, eq=False)
class PhotoFile:
    """A photo that is open, or converted."""

    photo_id: str
    media_type: str
    tag: str
    """Changes with the file."""
    content: IO[bytes]
    """At its start; whoever holds it closes it."""
    size: int
    """Bytes of ``content``."""

    @property
    def to_convert(self) -> bool:
        """Whether it is of a kind that browsers do not show."""
        return self.media_type not in AS_THEY_ARE.values()

    def pieces(self) -> Iterator[bytes]:
        """The content, then it is closed; never more than ``size`` bytes, even if the file grows meanwhile."""
        left = self.size
        with self.content:
            while left and (piece := self.content.read(min(PIECE, left))):
                left -= len(piece)
                yield piece


def open_photo(record: PhotoRecord) -> PhotoFile:
    """The photo in a record's file. Raises RefusalError 410 for a file that is gone or no longer a picture."""
    try:
        # without waiting: a pipe in place of the photo must not hold the server
        content = os.fdopen(os.open(record.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb")
    except (OSError, ValueError):
        raise _gone(record.photo_id, "the file of this photo is gone or cannot be read") from None
    try:
        status = os.fstat(content.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            raise _gone(record.photo_id, "the file of this photo is no longer a picture")
        know_heic()
        kind = _kind(record.photo_id, content)
        content.seek(0)
    except BaseException:
        content.close()
        raise
    media_type = AS_THEY_ARE.get(kind, f"image/{kind.lower()}")
    tag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
    return PhotoFile(record.photo_id, media_type, tag, content, status.st_size)


def converted(photo: PhotoFile) -> PhotoFile:
    """The photo as a JPEG of at most ``CONVERTED_SIDE`` pixels a side. Raises RefusalError 410 for a damaged one."""
    with photo.content:
        content = photo.content.read(MOST_BYTES)
    try:
        picture = picture_from_bytes(content, Path("photo"))
    except UnreadablePictureError:
        raise _gone(photo.photo_id, "the file of this photo is damaged") from None
    picture.thumbnail((CONVERTED_SIDE, CONVERTED_SIDE))
    written = BytesIO()
    picture.save(written, "JPEG", quality=90)
    size = written.tell()
    written.seek(0)
    return PhotoFile(photo.photo_id, AS_THEY_ARE["JPEG"], photo.tag, written, size)


def _kind(photo_id: str, content: IO[bytes]) -> str:
    try:
        with Image.open(content, formats=OPENED) as image:
            kind, (width, height) = image.format or "", image.size
    except Exception:  # damaged files make Pillow's readers raise almost anything
        raise _gone(photo_id, "the file of this photo is no longer a picture") from None
    if kind in CONVERTED and width * height > MOST_PIXELS:
        raise RefusalError(
            422, f"this photo has more than {MOST_PIXELS:,} pixels, too many to convert it for a browser"
        )
    return kind


def _gone(photo_id: str, what: str) -> RefusalError:
    return RefusalError(
        410, f"{what} since it was indexed (photo {photo_id}); bring the gallery up to date with pcmsn index"
    )
