"""The vectors and codes of a gallery file: blocks that are only ever added, and read back in order.

So a million vectors are a few thousand long runs of bytes, which are read about as fast as the disk allows, instead of
a million rows among as many thumbnails.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.gallery.records import ModelIdentity

PUT, REMOVE = "put", "remove"
ROWS_PER_BLOCK = 4096
"""Rows in a block of a rewritten gallery; a commit makes one block of whatever it puts."""

_WASTE_BELOW = 2048
"""So many useless rows, or small blocks, are not worth rewriting the others."""


@dataclass(frozen=True, eq=False)
class Block:
    """The photos that one change put or removed."""

    kind: str
    rows: NDArray[np.int64]
    """(N,) row numbers."""
    labels: NDArray[np.int32]
    """(N,) numbers of labels; of a removal (0,), as vectors and codes."""
    vectors: NDArray[np.float32]
    """(N, dim)."""
    codes: NDArray[np.uint8]
    """(N, code bytes)."""

    def take(self, places: NDArray[np.int64]) -> Block:
        """Some of the rows."""
        return Block(self.kind, self.rows[places], self.labels[places], self.vectors[places], self.codes[places])


def joined(blocks: list[Block]) -> Block:
    """One block of several that put; of those that put the same row all remain."""
    return Block(
        PUT,
        np.concatenate([block.rows for block in blocks]),
        np.concatenate([block.labels for block in blocks]),
        np.concatenate([block.vectors for block in blocks]),
        np.concatenate([block.codes for block in blocks]),
    )


class VectorBlocks:
    """Reads and writes the blocks of one gallery, always inside a transaction of the caller's."""

    def __init__(self, identity: ModelIdentity) -> None:
        self._dim = identity.dim
        self._code_bytes = identity.code_bytes

    def append(self, connection: sqlite3.Connection, block: Block) -> int:
        """Add a block; the number of the change."""
        stored: list[bytes | str | None] = [block.kind, block.rows.astype("<i8").tobytes(), None, None, None]
        if block.kind == PUT:
            stored[2:] = [
                block.labels.astype("<i4").tobytes(),
                block.vectors.astype("<f4").tobytes(),
                np.ascontiguousarray(block.codes).tobytes(),
            ]
        cursor = connection.execute(
            "INSERT INTO blocks (kind, rows, labels, vectors, codes) VALUES (?,?,?,?,?)", stored
        )
        return int(cursor.lastrowid or 0)

    def latest(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """(number of the last change, number of the change up to which blocks were rewritten)."""
        query = "SELECT (SELECT max(change) FROM blocks), rewritten FROM state"
        last, rewritten = connection.execute(query).fetchone()
        return max(last or 0, rewritten), rewritten

    def read(self, connection: sqlite3.Connection, *, after: int = 0) -> Iterator[Block]:
        """The blocks of all later changes, in order. Raises ValueError for one whose parts do not fit."""
        query = "SELECT kind, rows, labels, vectors, codes FROM blocks WHERE change > ? ORDER BY change"
        for stored in connection.execute(query, (after,)):
            yield self._block(*stored)

    def read_one(self, connection: sqlite3.Connection, change: int) -> Block:
        """The block of one change. Raises ValueError for one that is not there or whose parts do not fit."""
        query = "SELECT kind, rows, labels, vectors, codes FROM blocks WHERE change = ?"
        stored = connection.execute(query, (change,)).fetchone()
        if stored is None:
            raise ValueError(f"block {change} of its vectors is missing")
        return self._block(*stored)

    def live(self, connection: sqlite3.Connection) -> Block:
        """The rows that are there after all changes, as one block, in the order in which they were put last."""
        blocks: list[Block] = []
        removed_after: list[tuple[int, NDArray[np.int64]]] = []
        count = 0
        for block in self.read(connection):
            if block.kind == REMOVE:
                removed_after.append((count, block.rows))
            else:
                blocks.append(block)
                count += len(block.rows)
        everything = joined(blocks) if blocks else self.empty()
        return _without_superseded(everything, removed_after)

    def empty(self) -> Block:
        """A block that puts nothing."""
        return self._block(PUT, b"", b"", b"", b"")

    def rewrite_if_wasteful(self, connection: sqlite3.Connection, photos: int) -> bool:
        """Write the live rows anew once most of the stored ones, or most blocks, are of no use; whether it did."""
        blocks, stored = connection.execute(
            "SELECT count(*), coalesce(sum(length(rows)), 0) / 8 FROM blocks"
        ).fetchone()
        if stored - photos < photos + _WASTE_BELOW and blocks < photos // 64 + _WASTE_BELOW:
            return False
        live = self.live(connection)
        connection.execute("DELETE FROM blocks")
        for start in range(0, len(live.rows), ROWS_PER_BLOCK):
            part = live.take(np.arange(start, min(start + ROWS_PER_BLOCK, len(live.rows))))
            change = self.append(connection, part)
            places = [(change, slot, row) for slot, row in enumerate(part.rows.tolist())]
            connection.executemany("UPDATE photos SET block = ?, slot = ? WHERE row = ?", places)
        connection.execute("UPDATE state SET rewritten = (SELECT seq FROM sqlite_sequence WHERE name = 'blocks')")
        return True

    def _block(self, kind: str, rows: bytes, labels: bytes | None, vectors: bytes | None, codes: bytes | None) -> Block:
        numbers = np.frombuffer(rows, dtype="<i8").astype(np.int64)
        count = 0 if kind == REMOVE else len(numbers)
        return Block(
            kind,
            numbers,
            np.frombuffer(labels or b"", dtype="<i4").astype(np.int32, copy=False).reshape(count),
            np.frombuffer(vectors or b"", dtype="<f4").astype(np.float32, copy=False).reshape(count, self._dim),
            np.frombuffer(codes or b"", dtype=np.uint8).reshape(count, self._code_bytes),
        )


def _without_superseded(block: Block, removed_after: list[tuple[int, NDArray[np.int64]]]) -> Block:
    """Of each row only where it was put last, unless it was removed after that.

    ``removed_after`` has (number of rows that were put before, rows that were removed), in order.
    """
    if not len(block.rows):
        return block
    highest = int(max([block.rows.max(), *(rows.max(initial=0) for _, rows in removed_after)]))
    last_place = np.full(highest + 1, -1, dtype=np.int64)
    done = 0
    for before, rows in (*removed_after, (len(block.rows), np.zeros(0, dtype=np.int64))):
        # of equal indices numpy keeps the last, which is the latest
        last_place[block.rows[done:before]] = np.arange(done, before)
        last_place[rows] = -1
        done = before
    places = np.sort(last_place[last_place >= 0])
    return block if len(places) == len(block.rows) else block.take(places)
