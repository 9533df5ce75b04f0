"""A trained run as what a gallery needs of it: photos to vectors, codes and thumbnails, sketches to queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from pcmsn.gallery.records import EmbeddedPhoto, ModelIdentity, Queries


@dataclass(frozen=True)
class PhotoSource:
    """A photo file to be embedded, and the label for it."""

    path: Path
    label: str = ""


@dataclass(frozen=True, eq=False)
class EmbeddedBatch:
    """What became of the photo files of one call."""

    photos: tuple[EmbeddedPhoto, ...]
    """The readable ones, in the files' order."""
    unreadable: tuple[tuple[Path, str], ...]
    """(path, reason) of the others."""


class Embedder(Protocol):
    """Turns pictures into what a store keeps and searches; the trained run, or a stand-in in tests.

    A picture's vector and code do not depend on the others of its call. Safe to call from several threads.
    """

    @property
    def identity(self) -> ModelIdentity:
        """The model; a gallery refuses every other."""

    def embed_photos(self, sources: Sequence[PhotoSource]) -> EmbeddedBatch:
        """Read, hash, decode and embed photo files; what cannot be read is named, not raised."""

    def embed_sketches(self, sketches: Sequence[Image.Image]) -> Queries:
        """The queries of RGB pictures, dark strokes on white."""
