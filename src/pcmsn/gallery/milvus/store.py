"""A gallery on a Milvus server: the same photos and the same answers as a gallery file, for more than one machine."""

from __future__ import annotations

import base64
import heapq
from collections import Counter
from collections.abc import Iterator, Sequence

from pcmsn.gallery.milvus.collections import MilvusCollection
from pcmsn.gallery.milvus.connection import DEFAULT_PATIENCE, MilvusConnection
from pcmsn.gallery.milvus.filters import from_stored, label_is, to_stored
from pcmsn.gallery.milvus.location import MilvusIndex, parse_milvus_location
from pcmsn.gallery.milvus.rows import KNOWN_FIELDS, RECORD_FIELDS, codes_row, known_file_of, record_of, truth_row
from pcmsn.gallery.milvus.schema import codes_collection, find_gallery, make_gallery, make_ready
from pcmsn.gallery.milvus.search import MilvusSearch
from pcmsn.gallery.records import EmbeddedPhoto, Hit, ModelIdentity, PhotoRecord, Queries
from pcmsn.gallery.store import KnownFile, SearchMode, SearchSettings
from pcmsn.gallery.store_checks import (
    missing_gallery,
    open_for_searching_only,
    refuse_another_model,
    refuse_unfitting_photos,
    refuse_unfitting_queries,
)

_ROWS_WITH_VECTORS = 512


class MilvusStore:
    """A ``GalleryStore`` in two collections. Safe to use from several threads, and to write from several processes.

    A photo is there when it is in the truth. Its code is written before and removed after, so that a stop in between
    leaves at most a code that no search shows; writing the same photo again makes it whole.
    """

    def __init__(
        self, connection: MilvusConnection, identity: ModelIdentity, index: MilvusIndex, *, writable: bool
    ) -> None:
        """As ``open`` makes it."""
        self._connection, self._identity, self._writable = connection, identity, writable
        collection = connection.location.collection
        self._truth = MilvusCollection(connection, collection)
        self._codes = MilvusCollection(connection, codes_collection(collection, identity.fingerprint))
        self._search = MilvusSearch(self.location, self._truth, self._codes, index)

    @classmethod
    def open(
        cls,
        location: str,
        *,
        identity: ModelIdentity | None = None,
        writable: bool = False,
        token: str | None = None,
        patience: float = DEFAULT_PATIENCE,
    ) -> MilvusStore:
        """The gallery at ``milvus://host:port/collection``; with ``writable`` and a model, a missing one is made.

        ``token`` is ``user:password`` or an API key, by default what the environment variable PCMSN_MILVUS_TOKEN holds.
        A call that the server does not answer is tried again for ``patience`` seconds. Raises GalleryError for a server
        out of reach, a refused token, a collection that is missing, no gallery or made by another model, and
        settings of the location that it does not have.
        """
        connection = MilvusConnection(parse_milvus_location(location), token, patience)
        try:
            found = find_gallery(connection)
            if found is None and writable and identity is not None:
                make_gallery(connection, identity)
                found = find_gallery(connection)
            if found is None:
                raise missing_gallery(location)
            own, index = found
            refuse_another_model(location, own, identity or own)
            make_ready(connection, own, index, writable=writable)
        except BaseException:
            connection.close()
            raise
        return cls(connection, own, index, writable=writable)

    @property
    def location(self) -> str:
        """As it was given."""
        return self._connection.location.text

    @property
    def identity(self) -> ModelIdentity:
        """The model that made it."""
        return self._identity

    @property
    def modes(self) -> tuple[SearchMode, ...]:
        """Those that its index has."""
        return ("exact", "shortlist") if self._search.index == "flat" else ("approximate", "shortlist")

    @property
    def approximate_recall(self) -> float | None:
        """Not known: a collection with an HNSW index has no exact search to compare with."""
        return None

    def __len__(self) -> int:
        return self._truth.count(fresh=True)

    def count(self, label: str | None = None) -> int:
        """Number of photos with exactly this label, None for all; what others wrote just now may not be in it."""
        return self._truth.count(label_is(label))

    def known_files(self) -> Iterator[KnownFile]:
        """All photos, ordered by photo id; a few thousand are in memory at a time."""
        for row in self._truth.rows("", KNOWN_FIELDS, fresh=True):
            yield known_file_of(row)

    def upsert(self, photos: Sequence[EmbeddedPhoto]) -> None:
        """Add photos, or replace those with the same id; stopped in between, the same call makes it whole."""
        self._refuse_writing()
        refuse_unfitting_photos(self._identity, photos)
        # an id that comes twice in one call would be stored twice
        latest = list({photo.record.photo_id: photo for photo in photos}.values())
        self._codes.upsert([codes_row(photo) for photo in latest])
        self._truth.upsert([truth_row(photo) for photo in latest])

    def relabel(self, labels: Sequence[tuple[str, str]]) -> None:
        """Set (photo id, label) of photos that are there."""
        self._refuse_writing()
        wanted = {photo_id: to_stored(label) for photo_id, label in labels}
        for ids in _portions(list(wanted)):
            truth = self._truth.of_ids(ids, [*RECORD_FIELDS, "vector"])
            present = [row["photo_id"] for row in truth]
            codes = self._codes.of_ids(present, ["thumbnail", "code"])
            self._codes.upsert(
                [{**row, "code": _bytes_of(row["code"]), "label": wanted[row["photo_id"]]} for row in codes]
            )
            self._truth.upsert([{**row, "label": wanted[row["photo_id"]]} for row in truth])

    def touch(self, files: Sequence[KnownFile]) -> None:
        """Set size and time of photos whose content did not change."""
        self._refuse_writing()
        wanted = {file.photo_id: {"size": file.size, "modified_ns": file.modified_ns} for file in files}
        for ids in _portions(list(wanted)):
            rows = self._truth.of_ids(ids, [*RECORD_FIELDS, "vector"])
            self._truth.upsert([{**row, **wanted[row["photo_id"]]} for row in rows])

    def delete(self, photo_ids: Sequence[str]) -> int:
        """Remove photos; the number that were there."""
        self._refuse_writing()
        ids = list(dict.fromkeys(photo_ids))
        present = len(self._truth.of_ids(ids, []))
        self._truth.delete(ids)
        self._codes.delete(ids)
        return present

    def search(self, queries: Queries, settings: SearchSettings) -> list[list[Hit]]:
        """The nearest photos of each query, nearest first, equal ones by photo id.

        Raises GalleryError for queries of another model's length, a number of photos that the server does not give,
        mode ``approximate`` of a gallery with ``index=flat``, and mode ``exact`` of one with ``index=hnsw``.
        """
        refuse_unfitting_queries(self._identity, queries)
        return self._search.search(queries, settings)

    def photo(self, photo_id: str) -> PhotoRecord | None:
        """What is known of one photo; None where it is not in the gallery."""
        found = self._truth.of_ids([photo_id], RECORD_FIELDS)
        return record_of(found[0], photo_id) if found else None

    def thumbnail(self, photo_id: str) -> bytes | None:
        """A photo's JPEG thumbnail; None where it is not in the gallery."""
        if not self._truth.of_ids([photo_id], []):
            return None
        found = self._codes.of_ids([photo_id], ["thumbnail"])
        return base64.b64decode(found[0]["thumbnail"]) if found else None

    def photos(self, *, label: str | None = None, offset: int = 0, limit: int = 100) -> list[PhotoRecord]:
        """A page of the photos, ordered by path. Milvus cannot sort: all paths are read, ``offset + limit`` kept."""
        offset, limit = max(offset, 0), max(limit, 0)
        paths = ((_sort_key(row["path"]), row["photo_id"]) for row in self._truth.rows(label_is(label), ["path"]))
        page = [photo_id for _, photo_id in heapq.nsmallest(offset + limit, paths)[offset:]]
        records = {row["photo_id"]: row for row in self._truth.of_ids(page, RECORD_FIELDS)}
        return [record_of(records[photo_id], photo_id) for photo_id in page if photo_id in records]

    def labels(self) -> dict[str, int]:
        """Number of photos by label, sorted by label; those without one under the empty text."""
        counts = Counter(from_stored(row["label"]) for row in self._truth.rows("", ["label"]))
        return dict(sorted(counts.items(), key=lambda item: item[0].encode("utf-8", "surrogatepass")))

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def __enter__(self) -> MilvusStore:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _refuse_writing(self) -> None:
        if not self._writable:
            raise open_for_searching_only(self.location)


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _ROWS_WITH_VECTORS):
        yield ids[start : start + _ROWS_WITH_VECTORS]


def _bytes_of(code: bytes | list[bytes]) -> bytes:
    """A binary vector; the client gives it in a list of one."""
    return code if isinstance(code, bytes) else b"".join(code)


def _sort_key(stored_path: str) -> bytes:
    return from_stored(stored_path).encode("utf-8", "surrogateescape")
