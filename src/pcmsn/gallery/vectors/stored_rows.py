"""Vectors, codes and labels in memory, in the order of their row numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Slots = NDArray[np.int64]
"""Places in the columns of ``StoredRows``."""

_GROWTH = 1.5
_ROWS_AT_ONCE = 2**16


def code_words(bits: int) -> int:
    """Number of 64-bit words that hold a code."""
    return -(-bits // 64)


def as_words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(N, words) 64-bit words of (N, bytes) packed codes, filled up with zeros."""
    padded = np.zeros((len(codes), -(-codes.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : codes.shape[1]] = codes
    return padded.view(np.uint64)


class StoredRows:
    """The columns of the rows that are there; a row's slot is its place in them. Not safe for several threads.

    Rows that come in rising order are appended in amortised constant time. A row below the highest is put between the
    others, and rows after a removed one move up, which both cost one pass over the columns.
    """

    def __init__(self, dim: int, bits: int) -> None:
        self._size = 0
        self._columns: list[NDArray[Any]] = [
            np.empty(0, dtype=np.int64),
            np.empty((0, dim), dtype=np.float32),
            np.empty((0, code_words(bits)), dtype=np.uint64),
            np.empty(0, dtype=np.int32),
        ]

    def __len__(self) -> int:
        return self._size

    @property
    def rows(self) -> NDArray[np.int64]:
        """(N,) row numbers, rising."""
        return self._columns[0][: self._size]

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(N, dim), C-contiguous."""
        return self._columns[1][: self._size]

    @property
    def words(self) -> NDArray[np.uint64]:
        """(N, words) codes."""
        return self._columns[2][: self._size]

    @property
    def labels(self) -> NDArray[np.int32]:
        """(N,)."""
        return self._columns[3][: self._size]

    def find(self, rows: NDArray[np.int64]) -> Slots:
        """(n,) slots of the rows, -1 for those that are not there."""
        if not self._size:
            return np.full(len(rows), -1, dtype=np.int64)
        slots = np.minimum(np.searchsorted(self.rows, rows), self._size - 1)
        return np.where(self.rows[slots] == rows, slots, -1)

    def replace(
        self,
        slots: Slots,
        vectors: NDArray[np.float32],
        words: NDArray[np.uint64],
        labels: NDArray[np.int32],
    ) -> None:
        """Overwrite what is in these slots."""
        for column, values in zip(self._columns[1:], [vectors, words, labels], strict=True):
            column[slots] = values

    def insert(
        self,
        rows: NDArray[np.int64],
        vectors: NDArray[np.float32],
        words: NDArray[np.uint64],
        labels: NDArray[np.int32],
    ) -> Slots | None:
        """Add rows that are not there yet, in rising order; (N,) new slots of the old ones, None where none moved."""
        values: list[NDArray[Any]] = [rows, vectors, words, labels]
        if not len(rows):
            return None
        if not self._size or rows[0] > self.rows[-1]:
            self._append(values)
            return None
        places = np.searchsorted(self.rows, rows)
        moved = np.arange(self._size) + np.searchsorted(rows, self.rows)
        self._columns = [
            np.insert(column[: self._size], places, part, axis=0)
            for column, part in zip(self._columns, values, strict=True)
        ]
        self._size += len(rows)
        return moved

    def remove(self, slots: Slots) -> Slots | None:
        """Take out these slots; (N,) new slots of the old ones, -1 for those taken out, None where nothing was."""
        if not len(slots):
            return None
        keep = np.full(self._size, True)
        keep[slots] = False
        moved = np.where(keep, np.cumsum(keep) - 1, -1)
        first, left = int(slots.min()), int(np.count_nonzero(keep))
        for column in self._columns:
            target = first
            for start in range(first, self._size, _ROWS_AT_ONCE):
                stop = min(start + _ROWS_AT_ONCE, self._size)
                kept = column[start:stop][keep[start:stop]]
                column[target : target + len(kept)] = kept
                target += len(kept)
        self._size = left
        if left < len(self._columns[0]) // 4:
            self._move(left)
        return moved

    def _append(self, values: list[NDArray[Any]]) -> None:
        size = self._size + len(values[0])
        if size > len(self._columns[0]):
            # What comes first is taken to be all there is; pages of spare room cost no memory until they are used.
            self._move(max(size, int(_GROWTH * self._size)))
        for column, part in zip(self._columns, values, strict=True):
            column[self._size : size] = part
        self._size = size

    def _move(self, capacity: int) -> None:
        """Into new columns with room for so many rows."""
        moved = [np.empty((capacity, *column.shape[1:]), dtype=column.dtype) for column in self._columns]
        for old, new in zip(self._columns, moved, strict=True):
            new[: self._size] = old[: self._size]
        self._columns = moved
