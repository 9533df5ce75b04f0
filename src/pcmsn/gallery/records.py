"""What a gallery holds and gives back: photos with their embeddings, queries, hits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

THUMBNAIL_SIDE = 256
"""Longest side of a thumbnail in pixels."""


def photo_id_of(path: Path) -> str:
    """32 hexadecimal digits that stand for a photo's absolute path: the same file is the same photo in every store.

    Whoever only knows an id learns nothing about the path, and no id names a path that is not in the gallery.
    """
    return hashlib.sha256(str(path.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class ModelIdentity:
    """The model that made a gallery; vectors of two models cannot be compared."""

    fingerprint: str
    """64 hexadecimal digits over the weights of the run, both extractors and the preparation of their pictures."""
    dim: int
    """Length of a vector."""
    bits: int
    """Length of a code."""
    name: str
    """For people, for example ``Sketchy, preset paper, seed 0, vit_tiny_patch16_224``."""
    run: str
    """Absolute path of the run folder when the gallery was made."""

    @property
    def code_bytes(self) -> int:
        """Length of a packed code in bytes: 8 bits to a byte, the last one filled up with zeros."""
        return -(-self.bits // 8)


@dataclass(frozen=True, kw_only=True)
class PhotoRecord:
    """What a gallery knows of one photo, without its embedding."""

    photo_id: str
    path: str
    """Absolute."""
    content_hash: str
    """SHA-256 of the file's content, hexadecimal."""
    size: int
    """In bytes."""
    modified_ns: int
    """Time of last change in nanoseconds since 1970, as the file system says."""
    label: str = ""
    """Empty for none."""
    width: int
    """Of the upright picture in pixels."""
    height: int
    """Of the upright picture in pixels."""


@dataclass(frozen=True, eq=False)
class EmbeddedPhoto:
    """One photo as it enters a store."""

    record: PhotoRecord
    vector: NDArray[np.float32]
    """(dim,) retrieval feature."""
    code: NDArray[np.uint8]
    """(code_bytes,) packed binary code."""
    thumbnail: bytes
    """A JPEG of at most ``THUMBNAIL_SIDE`` pixels a side."""


@dataclass(frozen=True, eq=False)
class Queries:
    """Embedded sketches, one row each."""

    vectors: NDArray[np.float32]
    """(Q, dim) retrieval features."""
    codes: NDArray[np.uint8]
    """(Q, code_bytes) packed binary codes."""

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One photo found."""

    photo: PhotoRecord
    distance: float
    """Euclidean distance of the retrieval features; smaller is more alike."""
