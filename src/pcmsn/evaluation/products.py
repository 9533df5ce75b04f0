"""Blocks of order keys from matrix products: on the processor with NumPy, or on an accelerator with torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.counting import count_nearer
from pcmsn.evaluation.order_keys import Keys, KeyScale, order_keys
from pcmsn.evaluation.ranking import Distance

Floats = NDArray[np.float64]
STRIP = 2**18
"""Pairs whose keys are made and sorted at once: few enough for the processor's cache."""


class KeyBlock(Protocol):
    """The keys of some queries, one after another, against some photos."""

    queries: slice
    """Which queries of the block of products these are."""

    def host(self, query: int | None = None) -> Keys:
        """The (b, n) keys, or the (n,) of one query, as an array in memory."""

    def count(self, thresholds: Keys) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """What ``counting.count_nearer`` says of the keys and (b, R) thresholds."""


class Products(Protocol):
    """The matrix products of queries and photos, and the keys made of them."""

    pairs_at_once: int
    """Pairs in one block of products that suit the device."""

    def multiply(self, queries: slice, photos: Sequence[slice]) -> Any:
        """The (B, n) products of a block of queries and some slices of the photos, in the device's own array type."""

    def keys(self, products: Any, queries: slice, photos: Sequence[slice], distance: Distance) -> Iterator[KeyBlock]:
        """The keys of a block of products, a strip of queries at a time."""


class HostProducts:
    """Products with NumPy."""

    pairs_at_once = 2**22

    def __init__(self, sketch: Floats, photo: Floats, scales: dict[Distance, KeyScale]) -> None:
        self._sketch, self._photo, self._scales = sketch, photo, scales

    def multiply(self, queries: slice, photos: Sequence[slice]) -> Floats:
        """The (B, n) products, written slice by slice into one array."""
        products = np.empty((queries.stop - queries.start, sum(part.stop - part.start for part in photos)))
        start = 0
        for part in photos:
            stop = start + part.stop - part.start
            np.matmul(self._sketch[queries], self._photo[part].T, out=products[:, start:stop])
            start = stop
        return products

    def keys(
        self, products: Floats, queries: slice, photos: Sequence[slice], distance: Distance
    ) -> Iterator[_HostKeys]:
        """The keys, in strips that fit the processor's cache."""
        scale = self._scales[distance]
        term, factor = np.concatenate([scale.photo_term[part] for part in photos]), scale.query_factor[queries]
        for strip in strips(*products.shape):
            yield _HostKeys(strip, order_keys(products[strip], term, factor[strip], scale))


class _HostKeys:
    """The keys of a strip of queries, in memory."""

    def __init__(self, queries: slice, keys: Keys) -> None:
        self.queries, self._keys = queries, keys

    def host(self, query: int | None = None) -> Keys:
        """See ``KeyBlock``."""
        return self._keys if query is None else self._keys[query]

    def count(self, thresholds: Keys) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """See ``KeyBlock``."""
        return count_nearer(self._keys, thresholds)


def strips(queries: int, photos: int) -> list[slice]:
    """Slices that cover the queries, each of at most ``STRIP`` pairs or of one query."""
    size = max(1, STRIP // max(photos, 1))
    return [slice(start, min(start + size, queries)) for start in range(0, queries, size)]
