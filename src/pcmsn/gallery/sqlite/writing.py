"""The changes of a gallery file, each inside a transaction of the caller's."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from pcmsn.gallery.records import EmbeddedPhoto
from pcmsn.gallery.sqlite.schema import as_blob
from pcmsn.gallery.sqlite.vector_blocks import PUT, REMOVE, Block, VectorBlocks, joined
from pcmsn.gallery.store import KnownFile

_CHANGES_BETWEEN_TIDYING = 512

_UPSERT = """
INSERT INTO photos (photo_id, path, content_hash, size, modified_ns, label, width, height, block, slot)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
ON CONFLICT (photo_id) DO UPDATE SET path = excluded.path, content_hash = excluded.content_hash, size = excluded.size,
    modified_ns = excluded.modified_ns, label = excluded.label, width = excluded.width, height = excluded.height
RETURNING row
"""


class Writing:
    """What can be done in one transaction."""

    def __init__(self, connection: sqlite3.Connection, blocks: VectorBlocks) -> None:
        self._connection = connection
        self._blocks = blocks

    def upsert(self, photos: Sequence[EmbeddedPhoto]) -> None:
        """Add or replace photos; of several with one id the last counts."""
        once = list({photo.record.photo_id: photo for photo in photos}.values())
        if not once:
            return
        rows = [self._put_record(photo) for photo in once]
        numbers = self._label_numbers([photo.record.label for photo in once])
        self._put_block(
            Block(
                PUT,
                np.array(rows, dtype=np.int64),
                np.array([numbers[photo.record.label] for photo in once], dtype=np.int32),
                np.stack([photo.vector for photo in once]).astype(np.float32),
                np.stack([photo.code for photo in once]),
            )
        )

    def relabel(self, labels: Sequence[tuple[str, str]]) -> None:
        """Set labels; a photo's vector is put again with the number of the new one, so that readers learn of it."""
        wanted: dict[int, list[tuple[int, str]]] = {}
        for photo_id, label in dict(labels).items():
            query = "UPDATE photos SET label = ? WHERE photo_id = ? AND label <> ? RETURNING block, slot"
            for block, slot in self._connection.execute(query, (label, photo_id, label)).fetchall():
                wanted.setdefault(block, []).append((slot, label))
        if not wanted:
            return
        numbers = self._label_numbers([label for places in wanted.values() for _, label in places])
        parts = []
        for change, places in wanted.items():
            part = self._blocks.read_one(self._connection, change).take(np.array([slot for slot, _ in places]))
            new = np.array([numbers[label] for _, label in places], dtype=np.int32)
            parts.append(Block(PUT, part.rows, new, part.vectors, part.codes))
        self._put_block(joined(parts))

    def touch(self, files: Sequence[KnownFile]) -> None:
        """Set size and time."""
        self._connection.executemany(
            "UPDATE photos SET size = ?, modified_ns = ? WHERE photo_id = ?",
            [(file.size, file.modified_ns, file.photo_id) for file in files],
        )

    def delete(self, photo_ids: Sequence[str]) -> int:
        """Remove photos; the number that were there."""
        rows: list[int] = []
        for photo_id in photo_ids:
            query = "DELETE FROM photos WHERE photo_id = ? RETURNING row"
            rows.extend(row for (row,) in self._connection.execute(query, (photo_id,)).fetchall())
        if rows:
            self._connection.executemany("DELETE FROM thumbnails WHERE row = ?", [(row,) for row in rows])
            nothing = self._blocks.empty()
            removed = np.array(rows, dtype=np.int64)
            self._blocks.append(
                self._connection, Block(REMOVE, removed, nothing.labels, nothing.vectors, nothing.codes)
            )
        return len(rows)

    def tidy(self) -> None:
        """Write the vectors anew where most of what is stored is of no use any more."""
        (photos,) = self._connection.execute("SELECT count(*) FROM photos").fetchone()
        self._blocks.rewrite_if_wasteful(self._connection, photos)

    def _put_record(self, photo: EmbeddedPhoto) -> int:
        record = photo.record
        values = (
            record.photo_id,
            as_blob(record.path),
            record.content_hash,
            record.size,
            record.modified_ns,
            record.label,
            record.width,
            record.height,
        )
        ((row,),) = self._connection.execute(_UPSERT, values).fetchall()
        self._connection.execute("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", (row, photo.thumbnail))
        return int(row)

    def _put_block(self, block: Block) -> None:
        change = self._blocks.append(self._connection, block)
        places = [(change, slot, row) for slot, row in enumerate(block.rows.tolist())]
        self._connection.executemany("UPDATE photos SET block = ?, slot = ? WHERE row = ?", places)
        if change % _CHANGES_BETWEEN_TIDYING == 0:
            self.tidy()

    def _label_numbers(self, labels: Sequence[str]) -> dict[str, int]:
        distinct = sorted(set(labels))
        self._connection.executemany(
            "INSERT OR IGNORE INTO labels (label) VALUES (?)", [(label,) for label in distinct]
        )
        query = "SELECT number FROM labels WHERE label = ?"
        return {label: self._connection.execute(query, (label,)).fetchone()[0] for label in distinct}
