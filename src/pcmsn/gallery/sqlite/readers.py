"""Connections that read a gallery file, one for each question under way, so that threads do not wait for each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from pcmsn.errors import GalleryError
from pcmsn.gallery.sqlite.schema import connect


class Readers:
    """Lends connections that cannot write; it keeps as many as were ever lent at one time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """A connection for one question. Raises GalleryError after ``close``."""
        with self._lock:
            if self._closed:
                raise GalleryError(f"{self._path} was closed; open it again")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = connect(self._path, writable=False)
        try:
            yield connection
        finally:
            with self._lock:
                kept = not self._closed
                if kept:
                    self._idle.append(connection)
            if not kept:
                connection.close()

    def close(self) -> None:
        """Close all connections; those that are lent are closed when they come back."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for connection in idle:
            connection.close()
