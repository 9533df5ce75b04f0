"""The rows of one gallery's collections, read as they are after every write that came before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pcmsn.gallery.milvus.connection import MilvusConnection
from pcmsn.gallery.milvus.filters import after, id_in
from pcmsn.gallery.milvus.rows import Row, messages

ROWS_A_CALL = 4096
"""Rows that are read at a time; so many are in memory."""

_IDS_A_CALL = 1024


class MilvusCollection:
    """One collection. A read sees what this process wrote, and what others wrote before it was opened.

    The server applies writes a fraction of a second after it accepted them. It can be asked to wait for its own last
    write (``Strong``), which costs about 0.2 s, so only the first read after a write asks for that; the others get what
    is applied. ``Session``, which promises the same, does not wait for deletions on Milvus 2.3.
    """

    def __init__(self, connection: MilvusConnection, name: str) -> None:
        self.name = name
        self._connection = connection
        self._writes = 1
        self._applied = 0

    def read(self, method: str, *, fresh: bool = False, **options: Any) -> Any:
        """What ``query`` or ``search`` answers; ``fresh`` also waits for what other processes wrote until now."""
        writes = self._writes
        level = "Session" if self._applied == writes and not fresh else "Strong"
        answer = self._connection.call(method, self.name, consistency_level=level, **options)
        self._applied = max(self._applied, writes)
        return answer

    def rows(
        self, condition: str, fields: Sequence[str], *, at_a_time: int = ROWS_A_CALL, fresh: bool = False
    ) -> Iterator[Row]:
        """All rows that meet a condition, ordered by photo id, read a few thousand at a time."""
        filter_, fields = condition, ["photo_id", *fields]
        while True:
            found = self.read("query", filter=filter_, output_fields=fields, limit=at_a_time, fresh=fresh)
            fresh = False
            yield from sorted(found, key=_id_of)
            if len(found) < at_a_time:
                return
            filter_ = after(max(map(_id_of, found)), condition)

    def of_ids(self, photo_ids: Sequence[str], fields: Sequence[str]) -> list[Row]:
        """The rows of those of the ids that are there, in any order."""
        fields, found = ["photo_id", *fields], []
        for start in range(0, len(photo_ids), _IDS_A_CALL):
            condition = id_in(photo_ids[start : start + _IDS_A_CALL])
            found += self.read("query", filter=condition, output_fields=fields)
        return found

    def count(self, condition: str = "", *, fresh: bool = False) -> int:
        """Number of rows that meet a condition; an empty one is met by all."""
        (row,) = self.read("query", filter=condition, output_fields=["count(*)"], fresh=fresh)
        return int(row["count(*)"])

    def upsert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows, or replace those with the same id; the ids must differ. Safe to repeat."""
        for portion in messages(rows):
            self._write("upsert", portion)

    def delete(self, photo_ids: Sequence[str]) -> None:
        """Remove the rows of those of the ids that are there."""
        for start in range(0, len(photo_ids), _IDS_A_CALL):
            self._write("delete", filter=id_in(photo_ids[start : start + _IDS_A_CALL]))

    def _write(self, method: str, *arguments: Any, **options: Any) -> None:
        try:
            self._connection.call(method, self.name, *arguments, **options)
        finally:
            self._writes += 1


def _id_of(row: Row) -> str:
    return str(row["photo_id"])
