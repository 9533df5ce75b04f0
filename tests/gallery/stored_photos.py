"""A gallery as a plain dictionary, searched with slow loops: what the vector index must agree with."""

from dataclasses import dataclass, field

import numpy as np

from pcmsn.gallery.records import Queries
from pcmsn.gallery.vectors.vector_index import VectorIndex


@dataclass
class StoredPhotos:
    """The same rows in a dictionary and in an index."""

    dim: int
    bits: int
    photos: dict[int, tuple[np.ndarray, np.ndarray, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index = VectorIndex(self.dim, self.bits)

    def put(self, rows: list[int], vectors: np.ndarray, codes: np.ndarray, labels: list[int]) -> None:
        self.photos.update(zip(rows, zip(vectors, codes, labels, strict=True), strict=True))
        self.index.put(np.array(rows, dtype=np.int64), vectors, codes, np.array(labels, dtype=np.int32))

    def remove(self, rows: list[int]) -> None:
        for row in rows:
            self.photos.pop(row, None)
        self.index.remove(np.array(rows, dtype=np.int64))

    def nearest(self, queries: Queries, k: int, label: int | None = None, shortlist: int | None = None) -> tuple:
        """(Q, k) distances and rows; only the photos with the ``shortlist`` nearest codes are looked at, if given."""
        distances, found = np.full((len(queries), k), np.inf, np.float32), np.full((len(queries), k), -1)
        for place, (vector, code) in enumerate(zip(queries.vectors, queries.codes, strict=True)):
            rows = sorted(row for row, photo in self.photos.items() if label in (None, photo[2]))
            if shortlist is not None and label is None:
                rows = sorted(rows, key=lambda row: (hamming(code, self.photos[row][1]), row))[:shortlist]
            ranked = sorted((distance(vector, self.photos[row][0]), row) for row in rows)[:k]
            for rank, (value, row) in enumerate(ranked):
                distances[place, rank], found[place, rank] = value, row
        return distances, found

    def assert_same(self, queries: Queries, k: int, **settings: object) -> None:
        """Distances and row numbers are those of the dictionary, in the same order."""
        asked = {"label": settings.get("label"), "shortlist": settings.get("shortlist")}
        expected = self.nearest(queries, k, **asked)
        distances, rows = self.index.search(queries, k, **settings)
        assert distances.dtype == np.float32 and rows.dtype == np.int64
        np.testing.assert_array_equal(rows, expected[1])
        np.testing.assert_array_equal(distances, expected[0])


def distance(first: np.ndarray, second: np.ndarray) -> np.float32:
    return np.float32(np.sqrt(((first.astype(np.float64) - second.astype(np.float64)) ** 2).sum()))


def hamming(first: np.ndarray, second: np.ndarray) -> int:
    return sum((int(one) ^ int(other)).bit_count() for one, other in zip(first, second, strict=True))


def random_codes(generator: np.random.Generator, count: int, bits: int) -> np.ndarray:
    return np.packbits(generator.integers(0, 2, (count, bits), dtype=np.uint8), axis=1)


def clustered(generator: np.random.Generator, count: int, dim: int = 16, classes: int = 40) -> np.ndarray:
    """(count, dim) vectors around as many centres as there are classes; the centres are the same for every call."""
    centres = np.random.default_rng(99).normal(size=(classes, dim))
    return (centres[generator.integers(0, classes, count)] + 0.2 * generator.normal(size=(count, dim))).astype("f4")
