"""What runs on the nodes of a Ray cluster: the model, which takes photo files and gives back photos as table rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from pcmsn.errors import GalleryError
from pcmsn.gallery.embedder import Embedder, PhotoSource
from pcmsn.gallery.milvus.filters import from_stored, to_stored
from pcmsn.gallery.milvus.store import MilvusStore
from pcmsn.gallery.records import EmbeddedPhoto, PhotoRecord

_RECORD = [field.name for field in fields(PhotoRecord)]
_TEXTS = ("path", "label")
_EMPTY = {"vector": b"", "code": b"", "thumbnail": b"", "reason": ""}


class EmbeddingWorker:
    """Holds a model, and where the gallery is on a server, a connection to it; called with batches of photo files."""

    def __init__(
        self, *, make: Callable[[], Embedder], fingerprint: str, location: str | None, token: str | None
    ) -> None:
        """Raises GalleryError for another model than the gallery's, as a node with another run folder would have."""
        self._embedder = make()
        own = self._embedder.identity
        if own.fingerprint != fingerprint:
            raise GalleryError(
                f"a node has another model ({own.name}, {own.fingerprint[:12]}) than the gallery ({fingerprint[:12]}); "
                f"the run folder {own.run} must be the same on every node"
            )
        self._store = MilvusStore.open(location, writable=True, token=token) if location is not None else None

    def __call__(self, batch: Any) -> Any:
        """An Arrow table with a row for each photo file of the ``batch``, an Arrow table of ``row_of_source`` rows.

        The photos' vectors are in it unless the server has them already. Raises GalleryError where the server cannot
        take the photos.
        """
        import pyarrow

        sources = [PhotoSource(Path(os.fsdecode(row["path"])), from_stored(row["label"])) for row in batch.to_pylist()]
        embedded = self._embedder.embed_photos(sources)
        if self._store is not None:
            self._store.upsert(embedded.photos)
        rows = [_row_of_photo(photo, whole=self._store is None) for photo in embedded.photos]
        rows += [_row_of_unreadable(path, reason) for path, reason in embedded.unreadable]
        # The types are given: guessed ones differ between batches, and numpy's bytes lose zeros at their end.
        return pyarrow.Table.from_pylist(
            rows, pyarrow.schema([(name, _type_of(name)()) for name in (*_RECORD, *_EMPTY)])
        )


def _type_of(name: str) -> Any:
    import pyarrow

    if name in ("size", "modified_ns", "width", "height"):
        return pyarrow.int64
    return pyarrow.large_binary if name in ("vector", "code", "thumbnail") else pyarrow.large_string


def row_of_source(source: PhotoSource) -> dict[str, Any]:
    """The row of a photo file that a worker is to embed."""
    return {"path": os.fsencode(source.path), "label": to_stored(source.label)}


def outcome_of(row: Mapping[str, Any]) -> EmbeddedPhoto | PhotoRecord | tuple[Path, str]:
    """What a worker's row says: a photo to be written, the record of one that it wrote, or (path, reason) of a file.

    The last stands for a file that cannot be read.
    """
    if not row["photo_id"]:
        return Path(from_stored(row["path"])), from_stored(row["reason"])
    values: dict[str, Any] = {name: from_stored(row[name]) if name in _TEXTS else row[name] for name in _RECORD}
    record = PhotoRecord(**values)
    if not row["vector"]:
        return record
    vector = np.frombuffer(row["vector"], dtype=np.float32)
    return EmbeddedPhoto(record, vector, np.frombuffer(row["code"], dtype=np.uint8), row["thumbnail"])


def _row_of_photo(photo: EmbeddedPhoto, *, whole: bool) -> dict[str, Any]:
    row = {name: getattr(photo.record, name) for name in _RECORD}
    row |= {name: to_stored(row[name]) for name in _TEXTS}
    if not whole:
        return row | _EMPTY
    vector = np.ascontiguousarray(photo.vector, dtype=np.float32)
    parts = {"vector": vector.tobytes(), "code": photo.code.tobytes(), "thumbnail": photo.thumbnail}
    return row | _EMPTY | parts


def _row_of_unreadable(path: Path, reason: str) -> dict[str, Any]:
    empty = {"photo_id": "", "content_hash": "", "label": "", "size": 0, "modified_ns": 0, "width": 0, "height": 0}
    return {**empty, **_EMPTY, "path": to_stored(str(path)), "reason": to_stored(reason)}
