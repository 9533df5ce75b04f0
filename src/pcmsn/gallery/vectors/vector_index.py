"""All vectors and codes of a gallery in memory, kept up to date and searched."""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import GalleryError
from pcmsn.gallery.records import Queries
from pcmsn.gallery.store import SearchMode, SearchSettings
from pcmsn.gallery.vectors.approximate_search import SMALLEST_GALLERY, InvertedLists
from pcmsn.gallery.vectors.code_shortlist import default_shortlist, nearest_codes
from pcmsn.gallery.vectors.float_search import LARGEST_NORM, Floats, nearest_vectors
from pcmsn.gallery.vectors.read_write_lock import ReadWriteLock
from pcmsn.gallery.vectors.stored_rows import Slots, StoredRows, as_words

Rows = NDArray[np.int64]
"""Row numbers."""


class VectorIndex:
    """Vectors, codes and labels by row number, whatever a store means by it.

    Safe to use from several threads: a search sees each ``put`` and ``remove`` whole or not at all. It takes the memory
    of the vectors, the codes and 12 more bytes a row; room to grow takes none before it is needed.
    """

    def __init__(self, dim: int, bits: int) -> None:
        if dim < 1 or bits < 1:
            raise GalleryError(f"vectors have at least 1 dimension and codes 1 bit, got {dim} and {bits}")
        self.dim, self.bits = dim, bits
        self._stored = StoredRows(dim, bits)
        self._lists: InvertedLists | None = None
        self._lock = ReadWriteLock()
        self._building = Lock()

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def approximate_recall(self) -> float | None:
        """Share of the 50 nearest neighbours of a sample of stored vectors that mode ``approximate`` finds.

        Measured when the lists of that mode were last made, None before that; 1 where there are too few vectors for
        lists.
        """
        if self._lists is not None:
            return self._lists.recall
        return 1.0 if len(self) < SMALLEST_GALLERY else None

    def put(self, rows: Rows, vectors: Floats, codes: NDArray[np.uint8], labels: NDArray[np.int32]) -> None:
        """Add (N,) rows with (N, dim) vectors, (N, bytes) codes and (N,) labels, or replace those that are there.

        Of a row that is given twice, the last counts. Rows above all known ones cost the least: they are appended,
        and others are put between those there, which moves everything.
        Raises GalleryError for other shapes or types, and for vectors that are not finite or longer than 1e18.
        """
        _check("row numbers", rows, (len(rows),), np.int64)
        self._check_embeddings("stored", vectors, codes, len(rows))
        _check("labels", labels, (len(rows),), np.int32)
        words = as_words(codes)
        if (rows[1:] <= rows[:-1]).any():
            rows, last = np.unique(rows[::-1], return_index=True)
            chosen = len(labels) - 1 - last
            vectors, words, labels = vectors[chosen], words[chosen], labels[chosen]
        with self._lock.writing():
            slots = self._stored.find(rows)
            known = slots >= 0
            if known.any():
                self._stored.replace(slots[known], vectors[known], words[known], labels[known])
                new = ~known
                moved = self._stored.insert(rows[new], vectors[new], words[new], labels[new])
            else:
                moved = self._stored.insert(rows, vectors, words, labels)
            if self._lists is not None:
                self._lists.move(moved)
                self._lists.change(self._stored.find(rows))

    def remove(self, rows: Rows) -> None:
        """Take out the given (N,) rows; those that are not there are passed over. The rows behind them move up.

        Raises GalleryError for another shape or type.
        """
        _check("row numbers", rows, (len(rows),), np.int64)
        with self._lock.writing():
            slots = self._stored.find(np.unique(rows))
            moved = self._stored.remove(slots[slots >= 0])
            if self._lists is not None:
                self._lists.move(moved)

    def search(
        self,
        queries: Queries,
        k: int,
        *,
        label: int | None = None,
        mode: SearchMode = "exact",
        shortlist: int | None = None,
    ) -> tuple[Floats, Rows]:
        """The nearest rows of each query: (Q, k) Euclidean distances and row numbers, nearest first.

        Where there are fewer, inf and -1 follow. Distances are computed in float64 from the stored vectors and rounded
        to float32; equal ones are ordered by row number. In mode ``exact`` no other row is nearer, in the other modes
        some may be missing. With a label, its rows alone are compared, all of them in every mode.
        Raises GalleryError for queries of other shapes or types or that are not finite, for k below 1, for an unknown
        mode, for a shortlist below k, and where FAISS is missing.
        """
        settings = SearchSettings(k=k, mode=mode, shortlist=shortlist)
        self._check_embeddings("asked", queries.vectors, queries.codes, len(queries.vectors))
        asked = Queries(np.ascontiguousarray(queries.vectors), queries.codes)
        distances = np.full((len(asked), k), np.inf, dtype=np.float32)
        found = np.full((len(asked), k), -1, dtype=np.int64)
        with self._lock.reading():
            nearest, slots = self._nearest(asked, settings, label)
            distances[:, : slots.shape[1]], found[:, : slots.shape[1]] = nearest, self._stored.rows[slots]
        return distances, found

    def _nearest(self, queries: Queries, settings: SearchSettings, label: int | None) -> tuple[Floats, Slots]:
        vectors, k = self._stored.vectors, settings.k
        if label is not None:
            return nearest_vectors(vectors, queries.vectors, k, np.flatnonzero(self._stored.labels == label))
        if settings.mode == "shortlist":
            size = settings.shortlist or default_shortlist(len(vectors), k)
            return self._nearest_on_shortlist(queries, k, size)
        if settings.mode == "approximate" and len(vectors) >= SMALLEST_GALLERY:
            return self._built_lists().nearest(vectors, queries.vectors, k)
        return nearest_vectors(vectors, queries.vectors, k)

    def _nearest_on_shortlist(self, queries: Queries, k: int, size: int) -> tuple[Floats, Slots]:
        stored, k = self._stored, min(k, len(self._stored))
        distances = np.empty((len(queries), k), dtype=np.float32)
        slots = np.empty((len(queries), k), dtype=np.int64)
        for place, code in enumerate(as_words(queries.codes)):
            candidates = nearest_codes(stored.words, code, size)
            found = nearest_vectors(stored.vectors, queries.vectors[place : place + 1], k, candidates)
            distances[place], slots[place] = found[0][0], found[1][0]
        return distances, slots

    def _built_lists(self) -> InvertedLists:
        """The lists of mode ``approximate``, made when first asked for and again when too much has changed since.

        The caller holds the lock as a reader, so nothing changes meanwhile; writers wait until the lists are made.
        """
        with self._building:
            if self._lists is None or self._lists.outdated:
                self._lists = InvertedLists(self._stored.vectors)
            return self._lists

    def _check_embeddings(self, which: str, vectors: Floats, codes: NDArray[np.uint8], count: int) -> None:
        _check(f"{which} vectors", vectors, (count, self.dim), np.float32)
        _check(f"{which} codes", codes, (count, -(-self.bits // 8)), np.uint8)
        squared = np.einsum("ij,ij->i", vectors, vectors)
        wrong = np.flatnonzero(~(squared <= LARGEST_NORM**2))
        if len(wrong):
            raise GalleryError(
                f"{which} vectors must be finite and at most {LARGEST_NORM:g} long, but {len(wrong)} of {count} are "
                f"not, the first in place {wrong[0]}; check the run that made them: pcmsn test --run RUN"
            )


def _check(name: str, array: NDArray[np.generic], shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    if array.shape != shape or array.dtype != dtype:
        expected = f"{np.dtype(dtype)} of shape {shape}"
        raise GalleryError(f"{name} must be {expected}, got {array.dtype} of shape {array.shape}")
