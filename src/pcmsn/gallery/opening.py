"""From the text after ``--gallery`` to the store that it names."""

from __future__ import annotations

from pathlib import Path

from pcmsn.gallery.milvus.location import is_milvus_location
from pcmsn.gallery.milvus.store import MilvusStore
from pcmsn.gallery.records import ModelIdentity
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import GalleryStore


def open_store(location: str, *, identity: ModelIdentity | None = None, writable: bool = False) -> GalleryStore:
    """The gallery at a location: ``milvus://HOST:PORT/NAME`` for one on a Milvus server, else a file.

    With ``writable`` and a model, a gallery that is not there is made. Raises GalleryError for one that is missing,
    damaged, locked, out of reach or made by another model than ``identity``, and where a package is not installed.
    """
    if is_milvus_location(location):
        return MilvusStore.open(location, identity=identity, writable=writable)
    return SqliteStore.open(location, identity=identity, writable=writable)


def is_new(location: str) -> bool:
    """Whether there is no gallery yet where a file is named; nothing is asked of a server."""
    if is_milvus_location(location):
        return False
    path = Path(location).expanduser()
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def ensure_gallery(location: str, identity: ModelIdentity) -> None:
    """Make an empty gallery where there is none. Raises GalleryError as ``open_store`` does."""
    if is_milvus_location(location) or is_new(location):
        open_store(location, identity=identity, writable=True).close()
