"""The vectors of a gallery file in memory, kept in step with what a writer commits to the file."""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import GalleryError
from pcmsn.gallery.records import ModelIdentity, Queries
from pcmsn.gallery.sqlite.vector_blocks import REMOVE, VectorBlocks
from pcmsn.gallery.store import SearchSettings
from pcmsn.gallery.vectors.read_write_lock import ReadWriteLock
from pcmsn.gallery.vectors.vector_index import VectorIndex

_MORE_THAN_ASKED = 8
"""Neighbours that are looked at beyond the k-th, because some may be as far away as the k-th is."""


class LoadedVectors:
    """An index over the vectors of one gallery file; answers queries with row numbers and distances.

    Hold ``lock`` while asking and until the answer's rows are looked up, so that both are of one state of the file.
    """

    def __init__(self, identity: ModelIdentity, blocks: VectorBlocks) -> None:
        self.lock = ReadWriteLock()
        self._identity = identity
        self._blocks = blocks
        self._index: VectorIndex | None = None
        self._change = 0

    def is_current(self, connection: sqlite3.Connection) -> bool:
        """Whether the index is in the state that the connection's transaction sees."""
        latest, _ = self._blocks.latest(connection)
        return self._index is not None and self._change == latest

    def follow(self, connection: sqlite3.Connection) -> None:
        """Bring the index to the state that the connection's transaction sees; reads only what changed since.

        Raises ValueError where what is in the file does not fit together.
        """
        latest, rewritten = self._blocks.latest(connection)
        if self._index is None or self._change < rewritten or latest < self._change:
            self._load(connection)
        elif latest > self._change:
            self._apply_later(connection, self._index)
        self._change = latest

    def nearest(
        self, queries: Queries, settings: SearchSettings, label: int | None
    ) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """(distances, row numbers) of at least the k nearest photos of each query, and of all that tie with the k-th.

        Photos that are as far away as the k-th are all there, so that the caller can choose among them.
        """
        if self._index is None:
            raise GalleryError("the vectors of this gallery were not loaded; search by way of its store")
        size, index = len(self._index), self._index
        asked = min(settings.k + _MORE_THAN_ASKED, size)
        if not asked:
            return [(np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int64)) for _ in range(len(queries))]
        while True:
            shortlist = max(settings.shortlist, asked) if settings.shortlist else None
            distances, rows = index.search(queries, asked, label=label, mode=settings.mode, shortlist=shortlist)
            if asked == size or not _may_tie_further(distances, settings.k):
                return [(near[found >= 0], found[found >= 0]) for near, found in zip(distances, rows, strict=True)]
            asked = min(4 * asked, size)

    @property
    def approximate_recall(self) -> float | None:
        """As of ``VectorIndex``; None before the first search."""
        return self._index.approximate_recall if self._index else None

    def _load(self, connection: sqlite3.Connection) -> None:
        index = VectorIndex(self._identity.dim, self._identity.bits)
        live = self._blocks.live(connection)
        (expected,) = connection.execute("SELECT count(*) FROM photos").fetchone()
        if len(live.rows) != expected:
            raise ValueError(f"it has {expected} photos and {len(live.rows)} vectors")
        if len(live.rows):
            index.put(live.rows, live.vectors, live.codes, live.labels)
        self._index = index

    def _apply_later(self, connection: sqlite3.Connection, index: VectorIndex) -> None:
        for block in self._blocks.read(connection, after=self._change):
            if block.kind == REMOVE:
                index.remove(block.rows)
            else:
                index.put(block.rows, block.vectors, block.codes, block.labels)


def _may_tie_further(distances: NDArray[np.float32], k: int) -> bool:
    """Whether the k-th of (Q, more than k) distances goes on to the last one of some query."""
    last = distances[:, -1]
    return bool(((last == distances[:, k - 1]) & np.isfinite(last)).any())
