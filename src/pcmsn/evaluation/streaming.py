"""The scores of every query, exact and in bounded memory: blocks of queries against blocks of the gallery.

No photos are put in order. Queries go class by class, so that the relevant photos of a block are one range of a gallery
in class order; of every other photo it only matters in front of how many of them it stands. Those counts come from
order keys (``order_keys``), made of one matrix product for all distances, and what the keys leave open is settled by
the exact pairwise distance (``resolving``). So the result is that of the full ranking by ``ranking.pair_distances`` in
float64, equal distances in gallery order, whatever the blocks, the threads and the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pcmsn.evaluation.families import MetricFamily
from pcmsn.evaluation.order_keys import key_scale
from pcmsn.evaluation.places import RelevantPlaces
from pcmsn.evaluation.products import HostProducts, KeyBlock, Products
from pcmsn.evaluation.ranking import Distance, pair_distances
from pcmsn.evaluation.resolving import Doubt, OrderedRelevant, order_relevant
from pcmsn.evaluation.threads import in_threads

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PHOTOS_AT_ONCE = 2**16
"""Photos of other classes that one block of the gallery has at most."""

PHOTOS_IN_ONE_CALL = 256
"""Doubtful photos of some queries that are compared with all of these queries in one call."""


@dataclass(frozen=True, eq=False)
class ClassOrder:
    """Queries and photos sorted by class, each class in its original order."""

    query: Integers
    """(Q,) original places of the queries."""
    photo: Integers
    """(N,) original places of the photos."""
    classes: tuple[tuple[slice, slice], ...]
    """For each class that has both, its range of queries and its range of photos in this order."""

    @classmethod
    def of(cls, sketch_label: Integers, photo_label: Integers) -> ClassOrder:
        """The order for (Q,) and (N,) labels."""
        query, photo = (np.argsort(label, kind="stable") for label in (sketch_label, photo_label))
        ordered = sketch_label[query], photo_label[photo]
        shared = np.intersect1d(*ordered)
        ranges = [
            [slice(int(start), int(stop)) for start, stop in zip(*_bounds(labels, shared), strict=True)]
            for labels in ordered
        ]
        return cls(query, photo, tuple(zip(*ranges, strict=True)))


@dataclass(frozen=True)
class Block:
    """Some queries of one class and the photos of that class, as ranges of the class order."""

    queries: slice
    """At most as many as suit the device."""
    relevant: slice
    """All photos of the class."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and of relevant photos."""
        return self.queries.stop - self.queries.start, self.relevant.stop - self.relevant.start

    def others(self, gallery: int) -> list[list[slice]]:
        """The photos of other classes, in blocks of at most ``PHOTOS_AT_ONCE``."""
        blocks: list[list[slice]] = [[]]
        room = PHOTOS_AT_ONCE
        for start, stop in ((0, self.relevant.start), (self.relevant.stop, gallery)):
            at = start
            while at < stop:
                taken = min(room, stop - at)
                blocks[-1].append(slice(at, at + taken))
                at, room = at + taken, room - taken
                if not room:
                    blocks.append([])
                    room = PHOTOS_AT_ONCE
        return [block for block in blocks if block]


@dataclass(frozen=True, eq=False)
class QueryScores:
    """What one family says of every query."""

    values: Floats
    """(4, Q) AP over the whole list, AP@200, P@100 and P@200."""
    seconds: float
    """Time on one core for all distances and places; metrics are not in it."""


def blocks_of(order: ClassOrder, gallery: int, pairs_at_once: int) -> list[Block]:
    """Blocks that cover every query whose class has photos, of at most ``pairs_at_once`` pairs or of one query."""
    blocks = []
    for queries, relevant in order.classes:
        widest = max(relevant.stop - relevant.start, min(gallery, PHOTOS_AT_ONCE))
        size = max(1, pairs_at_once // widest)
        # Blocks of one class are of even size, since a matrix product is slow for a few queries left over.
        count = -(-(queries.stop - queries.start) // size)
        edges = np.linspace(queries.start, queries.stop, count + 1).astype(int).tolist()
        blocks += [Block(slice(start, stop), relevant) for start, stop in pairwise(edges)]
    return blocks


def measure(
    sketch: Floats,
    sketch_label: Integers,
    photo: Floats,
    photo_label: Integers,
    families: Sequence[MetricFamily],
    device: str | None = None,
) -> list[QueryScores]:
    """The scores of all queries under each family, from checked (Q, D) and (N, D) embeddings and their labels.

    ``device`` is torch's name of an accelerator, or None for NumPy. Raises EvaluationError for a device without
    float64, whose products would not be exact enough.
    """
    order = ClassOrder.of(sketch_label, photo_label)
    sketch, photo = sketch[order.query], photo[order.photo]
    distances: list[Distance] = sorted({family.distance for family in families})
    products = _products(sketch, photo, distances, device)
    work = _Work(sketch, photo, order, products, distances)
    values = [np.zeros((4, len(sketch))) for _ in families]
    seconds = dict.fromkeys(distances, 0.0)

    def scores_of(block: Block) -> tuple[Block, list[Floats], dict[Distance, float]]:
        places, spent = work.places(block)
        return block, [family.measure_places(places[family.distance]) for family in families], spent

    # One thread a block: threads inside each product would only get into each other's way.
    with threadpool_limits(1, "blas"):
        for block, scores, spent in in_threads(scores_of, blocks_of(order, len(photo), products.pairs_at_once)):
            for target, part in zip(values, scores, strict=True):
                target[:, order.query[block.queries]] = part
            seconds = {distance: total + spent[distance] for distance, total in seconds.items()}
    return [QueryScores(target, seconds[family.distance]) for target, family in zip(values, families, strict=True)]


@dataclass(frozen=True, eq=False)
class _Work:
    """Everything that a block of queries is counted against, in class order."""

    sketch: Floats
    """(Q, D)."""
    photo: Floats
    """(N, D)."""
    order: ClassOrder
    products: Products
    distances: Sequence[Distance]

    def places(self, block: Block) -> tuple[dict[Distance, RelevantPlaces], dict[Distance, float]]:
        """The places of the relevant photos by each distance, and the seconds that each would take alone."""
        counters = {distance: _Counter(self, block, distance) for distance in self.distances}
        shared = self._pass(counters, block, [block.relevant])
        for photos in block.others(len(self.photo)):
            shared += self._pass(counters, block, photos)
        places = {distance: counter.places() for distance, counter in counters.items()}
        return places, {distance: counter.seconds + shared for distance, counter in counters.items()}

    def _pass(self, counters: dict[Distance, _Counter], block: Block, photos: list[slice]) -> float:
        """Let every counter see a block of the gallery; returns the seconds of their common product."""
        start = perf_counter()
        products = self.products.multiply(block.queries, photos)
        seconds = perf_counter() - start
        for distance, counter in counters.items():
            start = perf_counter()
            keys = self.products.keys(products, block.queries, photos, distance)
            if photos == [block.relevant]:
                counter.begin(np.concatenate([strip.host() for strip in keys]))
            else:
                for strip in keys:
                    counter.add(strip, photos)
            counter.seconds += perf_counter() - start
        return seconds


class _Counter:
    """Counts the photos in front of the relevant ones of some queries, one block of the gallery after the other.

    ``begin`` comes first, with the relevant photos, then ``add`` for the others; the counts are all (B, R).
    """

    def __init__(self, work: _Work, block: Block, distance: Distance) -> None:
        self.work, self.block, self.distance = work, block, distance
        self.seconds = 0.0
        # Set by ``begin``: the relevant photos in order, and for each of them the photos that are strictly nearer, that
        # stand in front of it, and that are at most as far.
        self.relevant: OrderedRelevant
        self.nearer: Integers
        self.in_front: Integers
        self.as_near: Integers

    def begin(self, keys: NDArray[np.int32]) -> None:
        """Order the relevant photos by their (B, R) keys."""
        self.relevant = order_relevant(keys, self.block.relevant.start, self._exact)
        self.nearer, self.as_near = self.relevant.first, self.relevant.last
        self.in_front = np.broadcast_to(np.arange(keys.shape[1]), keys.shape).copy()

    def add(self, strip: KeyBlock, photos: list[slice]) -> None:
        """Count photos of other classes for some of the queries, by exact distances where keys leave a doubt."""
        below, doubtful = strip.count(self.relevant.key[strip.queries])
        counts = [below, below, below]
        uncertain = np.flatnonzero(doubtful.any(axis=1)).tolist()
        if uncertain:
            counts = [below.copy() for _ in range(3)]
            numbers = np.concatenate([np.arange(part.start, part.stop) for part in photos])
            doubts = [self._doubt(strip, query, doubtful[query], below[query], numbers) for query in uncertain]
            distances = self._exact([strip.queries.start + query for query in uncertain], [d.photos for d in doubts])
            for doubt, distance in zip(doubts, distances, strict=True):
                for count, exact in zip(counts, doubt.settle(distance, self.work.order.photo), strict=True):
                    count[doubt.query, doubt.slots] = exact
        for total, count in zip((self.nearer, self.in_front, self.as_near), counts, strict=True):
            total[strip.queries] += count

    def places(self) -> RelevantPlaces:
        """The places of the relevant photos, when all photos have been counted."""
        return RelevantPlaces(self.in_front, self.nearer, self.as_near, len(self.work.photo))

    def _doubt(
        self, strip: KeyBlock, query: int, doubtful: NDArray[np.bool_], below: Integers, numbers: Integers
    ) -> Doubt:
        slots = np.flatnonzero(doubtful)
        in_block = strip.queries.start + query
        thresholds, relevant = self.relevant.key[in_block, slots], self.relevant.photo[in_block, slots]
        return Doubt.of(query, slots, relevant, thresholds, below[slots], strip.host(query), numbers)

    def _exact(self, queries: Sequence[int], photos: Sequence[Integers]) -> list[Floats]:
        """See ``ExactDistances``. A few photos are compared in one call: most of a small call's time is overhead."""
        if not queries:
            return []
        rows = self.work.sketch[self.block.queries][list(queries)]
        ends = np.cumsum([len(numbers) for numbers in photos])
        if ends[-1] <= PHOTOS_IN_ONE_CALL:
            distance = pair_distances(rows, self.work.photo[np.concatenate(photos)], self.distance)
            parts = zip(distance, ends, photos, strict=True)
            return [row[end - len(numbers) : end] for row, end, numbers in parts]
        pairs = zip(rows, photos, strict=True)
        return [pair_distances(row[None], self.work.photo[numbers], self.distance)[0] for row, numbers in pairs]


def _products(sketch: Floats, photo: Floats, distances: Sequence[Distance], device: str | None) -> Products:
    scales = {distance: key_scale(sketch, photo, distance) for distance in distances}
    if device is None or device == "cpu":
        return HostProducts(sketch, photo, scales)
    # Torch is slow to import, and nothing else here needs it.
    from pcmsn.evaluation.device_products import DeviceProducts

    return DeviceProducts(sketch, photo, scales, device)


def _bounds(labels: Integers, classes: Integers) -> tuple[Integers, Integers]:
    """(C,) places in sorted labels where each class begins, and (C,) where it ends: one after its last."""
    return np.searchsorted(labels, classes, side="left"), np.searchsorted(labels, classes, side="right")
