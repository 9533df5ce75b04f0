"""Photos as rows of the two collections, and back."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pcmsn.gallery.milvus.filters import from_stored, to_stored
from pcmsn.gallery.milvus.schema import LONGEST_TEXT
from pcmsn.gallery.records import EmbeddedPhoto, PhotoRecord
from pcmsn.gallery.store import KnownFile

RECORD_FIELDS = ["path", "content_hash", "label", "size", "modified_ns", "width", "height"]
"""What a ``PhotoRecord`` is read from, besides the id."""

KNOWN_FIELDS = ["path", "size", "modified_ns", "content_hash", "label"]
"""What a ``KnownFile`` is read from, besides the id."""

Row = Mapping[str, Any]

_BYTES_A_CALL = 8 * 2**20
_LONGEST_JPEG = LONGEST_TEXT // 4 * 3
_QUALITIES = (75, 60, 45, 30, 15)


def truth_row(photo: EmbeddedPhoto) -> dict[str, Any]:
    """What the truth keeps of a photo."""
    record = photo.record
    return {
        "photo_id": record.photo_id,
        "path": to_stored(record.path),
        "content_hash": record.content_hash,
        "label": to_stored(record.label),
        "size": record.size,
        "modified_ns": record.modified_ns,
        "width": record.width,
        "height": record.height,
        "vector": np.ascontiguousarray(photo.vector, dtype=np.float32),
    }


def codes_row(photo: EmbeddedPhoto) -> dict[str, Any]:
    """What stands beside the truth: code and thumbnail."""
    return {
        "photo_id": photo.record.photo_id,
        "label": to_stored(photo.record.label),
        "thumbnail": base64.b64encode(fitting_jpeg(photo.thumbnail)).decode("ascii"),
        "code": photo.code.tobytes(),
    }


def fitting_jpeg(thumbnail: bytes) -> bytes:
    """The thumbnail itself, or where it is too long for a field of text, the same picture in a lower quality."""
    for quality in _QUALITIES:
        if len(thumbnail) <= _LONGEST_JPEG:
            break
        with Image.open(BytesIO(thumbnail)) as picture:
            written = BytesIO()
            picture.save(written, "JPEG", quality=quality)
        thumbnail = written.getvalue()
    return thumbnail


def record_of(row: Row, photo_id: str) -> PhotoRecord:
    """A photo's record from a row with ``RECORD_FIELDS``."""
    return PhotoRecord(
        photo_id=photo_id,
        path=from_stored(row["path"]),
        content_hash=row["content_hash"],
        size=row["size"],
        modified_ns=row["modified_ns"],
        label=from_stored(row["label"]),
        width=row["width"],
        height=row["height"],
    )


def known_file_of(row: Row) -> KnownFile:
    """What tells whether a file changed, from a row with ``KNOWN_FIELDS``."""
    return KnownFile(
        photo_id=row["photo_id"],
        path=from_stored(row["path"]),
        size=row["size"],
        modified_ns=row["modified_ns"],
        content_hash=row["content_hash"],
        label=from_stored(row["label"]),
    )


def vectors_of(rows: Sequence[Row], dim: int) -> NDArray[np.float32]:
    """(n, dim) vectors of n rows."""
    return np.array([row["vector"] for row in rows], dtype=np.float32).reshape(-1, dim)


def messages(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows in portions that a server takes in one call."""
    portion: list[dict[str, Any]] = []
    length = 0
    for row in rows:
        size = 512 + 4 * len(row["path"]) if "path" in row else len(row["thumbnail"])
        size += getattr(row.get("vector"), "nbytes", 0)
        if portion and length + size > _BYTES_A_CALL:
            yield portion
            portion, length = [], 0
        portion.append(row)
        length += size
    if portion:
        yield portion
