"""Lists of near vectors, so that a query is compared with a few lists instead of everything; some are missed.

An inverted file: k-means puts every vector on the list of its nearest centroid, and a query looks through the lists of
the centroids that are nearest to it. The lists hold places only, the vectors stay where they are, and what was found is
ranked by its exact distance. Vectors that came or changed later are compared with every query until the lists are made
anew. Where vectors have no groups and a query had to look through much of them, everything is compared instead.
"""

from __future__ import annotations

import math

import numpy as np

from pcmsn.gallery.vectors.float_search import Floats, nearest_vectors
from pcmsn.gallery.vectors.stored_rows import Slots

SMALLEST_GALLERY = 100_000
"""Of fewer vectors no lists are made: comparing all of them takes about a millisecond."""

RECALL_AT = 50
"""Neighbours of a stored vector whose share that is found is called the recall."""

_WANTED_RECALL = 0.95
_SAMPLED_QUERIES = 100
_FEWEST_COMPARED = 10_000
"""Vectors that a query is compared with at least.

One or two lists often hold the neighbours of a stored vector, but sketches lie further from photos than photos do.
"""
_MOST_PROBED = 0.12
"""Share of the lists beyond which it is quicker to compare everything, in order."""
_TRAINED_ON = 40
_ITERATIONS = 10
_ROWS_AT_ONCE = 2**16
_OUTDATED_FROM = 0.1
_SEED = 0


class InvertedLists:
    """The lists of N stored vectors; not safe for several threads while it is changed."""

    def __init__(self, vectors: Floats) -> None:
        """Make the lists of (N, dim) vectors and measure how many of them have to be looked through."""
        self._centroids = _centroids(vectors)
        nearest = _nearest_centroid(vectors, self._centroids)
        self._slots = np.argsort(nearest, kind="stable")
        counts = np.bincount(nearest, minlength=len(self._centroids))
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self._fresh = np.empty(0, dtype=np.int64)
        self._built_of, self._gone = len(vectors), 0
        self.probes = math.ceil(_FEWEST_COMPARED * len(self._centroids) / len(vectors))
        """Lists that a query looks through."""
        self.recall = 1.0
        """Share of the nearest ``RECALL_AT`` of stored vectors, without themselves, that is found; of a sample.

        1 where everything is compared.
        """
        self._choose_probes(vectors)

    @property
    def outdated(self) -> bool:
        """Whether so much changed that the lists should be made anew."""
        return len(self._fresh) + self._gone > _OUTDATED_FROM * self._built_of

    def nearest(self, vectors: Floats, queries: Floats, k: int) -> tuple[Floats, Slots]:
        """What ``nearest_vectors`` gives, of the vectors that are compared."""
        if self.probes > _MOST_PROBED * len(self._centroids):
            return nearest_vectors(vectors, queries, k)
        k = min(k, len(vectors))
        distances = np.empty((len(queries), k), dtype=np.float32)
        slots = np.empty((len(queries), k), dtype=np.int64)
        for place in range(len(queries)):
            query = queries[place : place + 1]
            found = nearest_vectors(vectors, query, k, self._candidates(query, k, self.probes))
            distances[place], slots[place] = found[0][0], found[1][0]
        return distances, slots

    def change(self, slots: Slots) -> None:
        """The vectors in these slots are new or others than they were."""
        listed = np.isin(self._slots, slots)
        self._gone += int(np.count_nonzero(listed))
        self._slots[listed] = -1
        self._fresh = np.union1d(self._fresh, slots)

    def move(self, moved: Slots | None) -> None:
        """The vector of slot i is now in slot moved[i], or nowhere if that is -1; None where none moved."""
        if moved is None:
            return
        listed = self._slots >= 0
        self._slots[listed] = moved[self._slots[listed]]
        self._gone += int(np.count_nonzero(listed) - np.count_nonzero(self._slots >= 0))
        fresh = moved[self._fresh]
        self._fresh = fresh[fresh >= 0]

    def _candidates(self, query: Floats, k: int, probes: int) -> Slots:
        """The slots, each once, that a (1, dim) query is compared with: at least k of them where there are so many."""
        while True:
            _, lists = nearest_vectors(self._centroids, query, probes)
            parts = [self._slots[self._starts[one] : self._starts[one + 1]] for one in lists[0]]
            found = np.concatenate([*parts, self._fresh])
            found = found[found >= 0]
            if len(found) >= k or probes >= len(self._centroids):
                return found
            probes *= 2

    def _choose_probes(self, vectors: Floats) -> None:
        """Look through twice as many lists until enough of the true neighbours of a sample of vectors are in them."""
        sample = np.random.default_rng(_SEED).choice(len(vectors), min(_SAMPLED_QUERIES, len(vectors)), replace=False)
        _, nearest = nearest_vectors(vectors, vectors[sample], RECALL_AT + 1)
        neighbours = [near[near != own][:RECALL_AT] for near, own in zip(nearest, sample, strict=True)]
        while self.probes <= _MOST_PROBED * len(self._centroids):
            found = [
                np.isin(near, self._candidates(vectors[own : own + 1], RECALL_AT + 1, self.probes)).mean()
                for near, own in zip(neighbours, sample, strict=True)
            ]
            self.recall = float(np.mean(found))
            if self.recall >= _WANTED_RECALL:
                return
            self.probes *= 2
        self.recall = 1.0


def _centroids(vectors: Floats) -> Floats:
    """(L, dim) centroids of a sample, L about 2 √N."""
    import faiss

    count = max(1, round(2 * len(vectors) ** 0.5))
    random = np.random.default_rng(_SEED)
    sample = vectors[np.sort(random.choice(len(vectors), min(len(vectors), _TRAINED_ON * count), replace=False))]
    # The sample is what it is: without these bounds FAISS draws another one, or prints a warning.
    bounds = {"min_points_per_centroid": 1, "max_points_per_centroid": len(sample)}
    kmeans = faiss.Kmeans(vectors.shape[1], count, niter=_ITERATIONS, seed=_SEED, **bounds)
    kmeans.train(sample)
    return np.ascontiguousarray(kmeans.centroids, dtype=np.float32)


def _nearest_centroid(vectors: Floats, centroids: Floats) -> Slots:
    """(N,) which centroid is nearest to each vector, to float32."""
    import faiss

    nearest = np.empty(len(vectors), dtype=np.int64)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        nearest[block] = faiss.knn(vectors[block], centroids, 1)[1][:, 0]
    return nearest
