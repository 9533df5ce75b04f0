"""A gallery in one file on this machine: an SQLite database that one process writes while any number search it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from pcmsn.gallery.records import EmbeddedPhoto, Hit, ModelIdentity, PhotoRecord, Queries
from pcmsn.gallery.sqlite import schema
from pcmsn.gallery.sqlite.loaded_vectors import LoadedVectors
from pcmsn.gallery.sqlite.readers import Readers
from pcmsn.gallery.sqlite.records import COLUMNS, hits_of, record_of
from pcmsn.gallery.sqlite.vector_blocks import VectorBlocks
from pcmsn.gallery.sqlite.writer_lock import WriterLock
from pcmsn.gallery.sqlite.writing import Writing
from pcmsn.gallery.store import KnownFile, SearchMode, SearchSettings
from pcmsn.gallery.store_checks import (
    missing_gallery,
    open_for_searching_only,
    refuse_another_model,
    refuse_unfitting_photos,
    refuse_unfitting_queries,
)

_KNOWN_AT_A_TIME = 4096


class SqliteStore:
    """A ``GalleryStore`` in a file. Safe to use from several threads."""

    def __init__(
        self, location: str, path: Path, identity: ModelIdentity, writer: tuple[WriterLock, sqlite3.Connection] | None
    ) -> None:
        """As ``open`` makes it; ``writer`` holds the right to write, and the connection that writes."""
        self._location, self._path, self._identity = location, path, identity
        self._readers = Readers(path)
        self._blocks = VectorBlocks(identity)
        self._vectors = LoadedVectors(identity, self._blocks)
        self._writing_lock = RLock()
        self._lock: WriterLock | None = None
        self._writer: sqlite3.Connection | None = None
        if writer is not None:
            self._lock, self._writer = writer

    @classmethod
    def open(cls, location: str, *, identity: ModelIdentity | None = None, writable: bool = False) -> SqliteStore:
        """The gallery in a file; with ``writable`` and a model, a file that is not there is made.

        Raises GalleryError for a file that is missing, no gallery, of another version, damaged, made by another model
        than ``identity``, or being written by another process.
        """
        path = Path(location).expanduser()
        with schema.errors_in_words(path):
            if path.exists():
                schema.refuse_what_is_not_a_gallery(path)
            elif not writable or identity is None:
                raise missing_gallery(path)
            opened = cls._open_writable if writable else cls._open_reading
            return opened(location, path, identity)

    @classmethod
    def _open_reading(cls, location: str, path: Path, identity: ModelIdentity | None) -> SqliteStore:
        connection = schema.connect(path, writable=False)
        try:
            if schema.is_empty(connection):
                raise missing_gallery(path)
            own = schema.read_identity(connection, path)
        finally:
            connection.close()
        refuse_another_model(path, own, identity or own)
        return cls(location, path, own, None)

    @classmethod
    def _open_writable(cls, location: str, path: Path, identity: ModelIdentity | None) -> SqliteStore:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(path)
        connection = None
        try:
            connection = schema.connect(path, writable=True)
            if schema.is_empty(connection):
                if identity is None:
                    raise missing_gallery(path)
                schema.create(connection, identity)
            own = schema.read_identity(connection, path)
            refuse_another_model(path, own, identity or own)
            if identity and identity.run != own.run:  # the run was moved; searches must find it
                connection.execute("UPDATE model SET run = ?", (schema.as_blob(identity.run),))
                own = identity
        except BaseException:
            if connection is not None:
                connection.close()
            lock.release()
            raise
        return cls(location, path, own, (lock, connection))

    @property
    def location(self) -> str:
        """The file, as it was given."""
        return self._location

    @property
    def identity(self) -> ModelIdentity:
        """The model that made it."""
        return self._identity

    def __len__(self) -> int:
        return self.count()

    def count(self, label: str | None = None) -> int:
        """Number of photos with exactly this label, None for all."""
        condition = "" if label is None else "WHERE label = ?"
        with self._reading() as connection:
            given = () if label is None else (label,)
            (count,) = connection.execute(f"SELECT count(*) FROM photos {condition}", given).fetchone()
        return int(count)

    def known_files(self) -> Iterator[KnownFile]:
        """All photos, in the order in which they came in; read a few thousand at a time."""
        query = (
            "SELECT row, photo_id, path, size, modified_ns, content_hash, label FROM photos WHERE row > ? "
            f"ORDER BY row LIMIT {_KNOWN_AT_A_TIME}"
        )
        last = 0
        while True:
            with self._reading() as connection:
                found = connection.execute(query, (last,)).fetchall()
            if not found:
                return
            last = found[-1][0]
            for _, photo_id, path, *others in found:
                yield KnownFile(photo_id, schema.as_path(path), *others)

    def upsert(self, photos: Sequence[EmbeddedPhoto]) -> None:
        """Add photos, or replace those with the same id; on disk, all or none, when this returns."""
        refuse_unfitting_photos(self._identity, photos)
        with self._writing() as writing:
            writing.upsert(photos)

    def relabel(self, labels: Sequence[tuple[str, str]]) -> None:
        """Set (photo id, label) of photos that are there."""
        with self._writing() as writing:
            writing.relabel(labels)

    def touch(self, files: Sequence[KnownFile]) -> None:
        """Set size and time of photos whose content did not change."""
        with self._writing() as writing:
            writing.touch(files)

    def delete(self, photo_ids: Sequence[str]) -> int:
        """Remove photos; the number that were there."""
        with self._writing() as writing:
            return writing.delete(photo_ids)

    def search(self, queries: Queries, settings: SearchSettings) -> list[list[Hit]]:
        """The nearest photos of each query among all that are committed now, nearest first, equal ones by photo id.

        The first call reads all vectors into memory, later calls what changed since. Raises GalleryError for queries of
        another model's length.
        """
        refuse_unfitting_queries(self._identity, queries)
        with self._vectors.lock.reading(), self._reading_one_state() as connection:
            if self._vectors.is_current(connection):
                return self._found(connection, queries, settings)
        with self._vectors.lock.writing(), self._reading_one_state() as connection:
            self._vectors.follow(connection)
            return self._found(connection, queries, settings)

    @property
    def modes(self) -> tuple[SearchMode, ...]:
        """All."""
        return ("exact", "shortlist", "approximate")

    @property
    def approximate_recall(self) -> float | None:
        """Share of the 50 nearest photos that mode ``approximate`` finds; None before that mode was used."""
        return self._vectors.approximate_recall

    def photo(self, photo_id: str) -> PhotoRecord | None:
        """What is known of one photo; None where it is not in the gallery."""
        with self._reading() as connection:
            found = connection.execute(f"SELECT {COLUMNS} FROM photos WHERE photo_id = ?", (photo_id,)).fetchone()
        return record_of(found) if found else None

    def thumbnail(self, photo_id: str) -> bytes | None:
        """A photo's JPEG thumbnail; None where it is not in the gallery."""
        query = "SELECT jpeg FROM thumbnails JOIN photos USING (row) WHERE photo_id = ?"
        with self._reading() as connection:
            found = connection.execute(query, (photo_id,)).fetchone()
        return bytes(found[0]) if found else None

    def photos(self, *, label: str | None = None, offset: int = 0, limit: int = 100) -> list[PhotoRecord]:
        """A page of the photos, ordered by path."""
        condition = "" if label is None else "WHERE label = ?"
        query = f"SELECT {COLUMNS} FROM photos {condition} ORDER BY path LIMIT ? OFFSET ?"
        with self._reading() as connection:
            given = [] if label is None else [label]
            found = connection.execute(query, [*given, max(limit, 0), max(offset, 0)]).fetchall()
        return [record_of(row) for row in found]

    def labels(self) -> dict[str, int]:
        """Number of photos by label, sorted by label; those without one under the empty text."""
        with self._reading() as connection:
            return dict(connection.execute("SELECT label, count(*) FROM photos GROUP BY label ORDER BY label"))

    def close(self) -> None:
        """Let go of the file and of the right to write to it."""
        with self._writing_lock, schema.errors_in_words(self._path):
            writer, self._writer = self._writer, None
            try:
                if writer is not None:
                    with schema.transaction(writer):
                        Writing(writer, self._blocks).tidy()
            finally:
                self._readers.close()
                if writer is not None:
                    writer.close()  # the last to close, so that it can remove the log
                if self._lock is not None:
                    self._lock.release()

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with schema.errors_in_words(self._path), self._readers.one() as connection:
            try:
                yield connection
            except ValueError as error:
                raise schema.damaged(self._path, str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[Writing]:
        with self._writing_lock, schema.errors_in_words(self._path):
            if self._writer is None:
                raise open_for_searching_only(self._path)
            try:
                with schema.transaction(self._writer):
                    yield Writing(self._writer, self._blocks)
            except ValueError as error:
                raise schema.damaged(self._path, str(error)) from error

    @contextmanager
    def _reading_one_state(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection, schema.transaction(connection, reading=True):
            yield connection

    def _found(self, connection: sqlite3.Connection, queries: Queries, settings: SearchSettings) -> list[list[Hit]]:
        label = None
        if settings.label is not None:
            found = connection.execute("SELECT number FROM labels WHERE label = ?", (settings.label,)).fetchone()
            if found is None:
                return [[] for _ in range(len(queries))]
            (label,) = found
        nearest = self._vectors.nearest(queries, settings, label)
        return [hits_of(connection, distances, rows)[: settings.k] for distances, rows in nearest]
