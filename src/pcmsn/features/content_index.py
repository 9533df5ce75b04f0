"""Where the features of each file content are: 24 bytes a content, so that millions of them fit into memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_ROW_BITS = np.uint64(32)
_Words = NDArray[np.uint64]


class _Run(NamedTuple):
    """Contents in the order of their first 8 bytes."""

    first: _Words
    """(n,) first 8 bytes of each hash, ascending."""
    second: _Words
    """(n,) the next 8 bytes: 16 together tell any two contents apart."""
    place: _Words
    """(n,) block and row, 32 bits each."""


class ContentIndex:
    """Finds block and row by content hash. One thread may add while others look up."""

    def __init__(self) -> None:
        self._runs: tuple[_Run, ...] = ()  # ever shorter ones; replaced, never changed

    def __len__(self) -> int:
        return sum(len(run.first) for run in self._runs)

    def __contains__(self, content: bytes) -> bool:
        return self.find(content) is not None

    def find(self, content: bytes) -> tuple[int, int] | None:
        """(block, row) of a content; None for one that was not added."""
        first, second = np.frombuffer(content[:16], dtype=">u8").astype(np.uint64)
        for run in self._runs:
            position = int(np.searchsorted(run.first, first))
            if position < len(run.first) and run.first[position] == first and run.second[position] == second:
                place = int(run.place[position])
                return place >> 32, place & 0xFFFFFFFF
        return None

    def add(self, hashes: NDArray[np.uint8], block: int) -> None:
        """Note the rows of a block by their (n, 32) content hashes; a content that is known stays where it is."""
        words = np.ascontiguousarray(hashes[:, :16]).view(">u8").astype(np.uint64).reshape(-1, 2)
        rows = np.arange(len(words), dtype=np.uint64) | (np.uint64(block) << _ROW_BITS)
        _, distinct = np.unique(words, axis=0, return_index=True)
        new = distinct[~self._known(words[distinct])]
        if len(new):
            order = new[np.argsort(words[new, 0], kind="stable")]
            self._append(_Run(words[order, 0].copy(), words[order, 1].copy(), rows[order]))

    def _known(self, words: _Words) -> NDArray[np.bool_]:
        """(n,) whether each of (n, 2) first words is there."""
        known = np.zeros(len(words), dtype=bool)
        for run in self._runs:
            position = np.minimum(np.searchsorted(run.first, words[:, 0]), len(run.first) - 1)
            known |= (run.first[position] == words[:, 0]) & (run.second[position] == words[:, 1])
        return known

    def _append(self, run: _Run) -> None:
        """Add a run; runs of like length become one, so that there are few."""
        runs = [*self._runs, run]
        while len(runs) > 1 and 2 * len(runs[-1].first) >= len(runs[-2].first):
            last, before = runs.pop(), runs.pop()
            joined = [np.concatenate(pair) for pair in zip(before, last, strict=True)]
            order = np.argsort(joined[0], kind="stable")
            runs.append(_Run(*(words[order] for words in joined)))
        self._runs = tuple(runs)
