"""One photo file on its way into a gallery: read once, decoded once, made into a thumbnail and a network's input."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pcmsn.data.pictures import picture_from_bytes
from pcmsn.errors import UnreadablePictureError
from pcmsn.gallery.embedder import PhotoSource
from pcmsn.gallery.records import THUMBNAIL_SIDE, PhotoRecord, photo_id_of

_JPEG_QUALITY = 85


@dataclass(frozen=True, eq=False)
class DecodedPhoto:
    """A photo before the network sees it."""

    record: PhotoRecord
    pixels: NDArray[np.uint8]
    """(height, width, 3), as the network takes them."""
    thumbnail: bytes
    """A JPEG of at most ``THUMBNAIL_SIDE`` pixels a side."""


@dataclass(frozen=True)
class UnreadableFile:
    """A file that is no picture that can be decoded, and why."""

    path: Path
    reason: str


def decode_photo(
    source: PhotoSource, pixels_of: Callable[[Image.Image], NDArray[np.uint8]]
) -> DecodedPhoto | UnreadableFile:
    """Read a file; size and time are those of the content that was read, should the file change meanwhile.

    ``pixels_of`` gives the (height, width, 3) pixels of an RGB picture that a network takes.
    """
    path = source.path
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
        picture = picture_from_bytes(content, path)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        return UnreadableFile(path, getattr(error, "strerror", None) or str(error))
    except UnreadablePictureError as error:
        return UnreadableFile(path, str(error).removeprefix(f"{path}: "))
    record = PhotoRecord(
        photo_id=photo_id_of(path),
        path=str(path.absolute()),
        content_hash=hashlib.sha256(content).hexdigest(),
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        label=source.label,
        width=picture.width,
        height=picture.height,
    )
    return DecodedPhoto(record, pixels_of(picture), thumbnail_of(picture))


def thumbnail_of(picture: Image.Image) -> bytes:
    """A JPEG of an RGB picture, its longest side ``THUMBNAIL_SIDE`` pixels or less; never enlarged."""
    small = picture.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC)
    written = BytesIO()
    small.save(written, "JPEG", quality=_JPEG_QUALITY)
    return written.getvalue()
