"""What is in a gallery file: an SQLite database, its tables, and the checks before one is used.

============== =======================================================================================================
``model``      the one model whose vectors these are
``photos``     a row a photo: path, content hash, size, time, label, and where its vector stands in ``blocks``
``thumbnails`` a row a photo: its JPEG
``labels``     the number that stands for each label in ``blocks``
``blocks``     the vectors and codes: each commit adds one block, a later block's rows take the place of earlier ones
``state``      the last change after which ``blocks`` was rewritten without the rows that nothing needs any more
============== =======================================================================================================

A block's number only ever grows, so a reader is up to date once it has read the blocks above the last one it knows.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pcmsn.errors import GalleryError
from pcmsn.gallery.records import ModelIdentity

SCHEMA_VERSION = 1
"""Written into every gallery file; another version is refused."""

APPLICATION_ID = 0x7063736E
"""``pcsn``: this number in the head of a database marks it as a gallery."""

SECONDS_TO_WAIT = 30.0
"""How long a statement waits for another connection's lock, which is held for moments only."""

_MAGIC = b"SQLite format 3\x00"

_TABLES = """
CREATE TABLE model (fingerprint TEXT NOT NULL, dim INTEGER NOT NULL, bits INTEGER NOT NULL, name TEXT NOT NULL,
    run BLOB NOT NULL);
CREATE TABLE photos (row INTEGER PRIMARY KEY AUTOINCREMENT, photo_id TEXT NOT NULL UNIQUE, path BLOB NOT NULL,
    content_hash TEXT NOT NULL, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, label TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, block INTEGER NOT NULL, slot INTEGER NOT NULL);
CREATE INDEX photos_by_path ON photos (path);
CREATE INDEX photos_by_label ON photos (label, path);
CREATE TABLE thumbnails (row INTEGER PRIMARY KEY, jpeg BLOB NOT NULL);
CREATE TABLE labels (number INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE);
CREATE TABLE blocks (change INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, rows BLOB NOT NULL, labels BLOB,
    vectors BLOB, codes BLOB);
CREATE TABLE state (rewritten INTEGER NOT NULL);
INSERT INTO state VALUES (0);
"""


def connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    """A connection to a file; a reader's cannot change it. Statements outside of ``BEGIN`` commit by themselves."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rwc' if writable else _mode_of_readers(path)}",
        uri=True,
        timeout=SECONDS_TO_WAIT,
        isolation_level=None,
        check_same_thread=False,
    )
    if writable:
        connection.execute("PRAGMA journal_mode = WAL")
        # a commit is on the disk when it returns; with a few hundred photos a commit, that costs next to nothing
        connection.execute("PRAGMA synchronous = FULL")
    else:
        connection.execute("PRAGMA query_only = ON")
    return connection


def refuse_what_is_not_a_gallery(path: Path) -> None:
    """Raise GalleryError for a folder or a file that is not an SQLite database; an empty file passes."""
    if path.is_dir():
        raise GalleryError(f"{path} is a folder; a gallery is a file, for example {path / 'photos.gallery'}")
    with path.open("rb") as file:
        head = file.read(len(_MAGIC))
    if head and head != _MAGIC:
        raise not_a_gallery(path)


def not_a_gallery(path: Path) -> GalleryError:
    """The error for a file that something else wrote."""
    return GalleryError(
        f"{path} is no gallery: it was not written by pcmsn index. Pass the file of a gallery, or the name of a new one"
    )


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether there is nothing in the database: it is new, or its first writer was stopped before its first commit."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(tables == 0 and application == 0)


def create(connection: sqlite3.Connection, identity: ModelIdentity) -> None:
    """Make the tables, all or none."""
    with transaction(connection):
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        row = (identity.fingerprint, identity.dim, identity.bits, identity.name, as_blob(identity.run))
        connection.execute("INSERT INTO model VALUES (?, ?, ?, ?, ?)", row)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def read_identity(connection: sqlite3.Connection, path: Path) -> ModelIdentity:
    """The model of a gallery. Raises GalleryError for a database that is no gallery or is of another version."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise not_a_gallery(path)
    if version != SCHEMA_VERSION:
        newer = "a newer pcmsn: update this one" if version > SCHEMA_VERSION else "an older pcmsn: index again"
        raise GalleryError(
            f"{path} is a gallery of version {version}, expected {SCHEMA_VERSION}; it was written by {newer}"
        )
    row = connection.execute("SELECT fingerprint, dim, bits, name, run FROM model").fetchone()
    if row is None:
        raise damaged(path, "it names no model")
    fingerprint, dim, bits, name, run = row
    return ModelIdentity(fingerprint=fingerprint, dim=dim, bits=bits, name=name, run=as_path(run))


def damaged(path: Path, reason: str) -> GalleryError:
    """The error for a gallery that does not hold what it must."""
    return GalleryError(
        f"{path} is damaged: {reason}. Put a copy of the file in its place, or move it away and index the photos "
        f"again: pcmsn index PHOTOS --run RUN --gallery {path}"
    )


@contextmanager
def transaction(connection: sqlite3.Connection, *, reading: bool = False) -> Iterator[None]:
    """All changes inside are written, or none; what is read inside is the state of one moment."""
    connection.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def errors_in_words(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into a GalleryError that names the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        if "file is not a database" in text:
            raise not_a_gallery(path) from error
        if "closed" in text:
            raise GalleryError(f"{path} was closed; open it again") from error
        if "locked" in text or "busy" in text:
            raise GalleryError(f"{path} is locked by another process; try again when that is done") from error
        if "full" in text:
            raise GalleryError(f"{path} cannot grow: the disk is full; free some space and run it again") from error
        if isinstance(error, sqlite3.OperationalError) and ("unable to open" in text or "readonly" in text):
            raise GalleryError(
                f"{path} cannot be opened: {text}; check the permissions of it and its folder"
            ) from error
        raise damaged(path, text) from error
    except OSError as error:
        raise GalleryError(f"{path} cannot be used: {error.strerror or error}; check its permissions") from error


def as_blob(path: str) -> bytes:
    """A path's own bytes: not every file name is valid text."""
    return path.encode("utf-8", "surrogateescape")


def as_path(blob: bytes) -> str:
    """The path that ``as_blob`` was given."""
    return blob.decode("utf-8", "surrogateescape")


def _mode_of_readers(path: Path) -> str:
    """How SQLite is to open a file for reading: the last connection removes its ``-wal`` and ``-shm``, if it may."""
    folder_is_writable = os.access(path.parent, os.W_OK)
    if folder_is_writable and os.access(path, os.W_OK):
        return "rw"
    has_log = path.with_name(path.name + "-wal").exists()
    # where SQLite cannot make the files by which readers and writers agree, there can be no writer either
    return "ro" if has_log or folder_is_writable else "ro&immutable=1"
