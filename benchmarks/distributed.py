"""A gallery on a Milvus server beside one in a file: the same vectors, upserts, single queries and what they find.

The server is of the package ``milvus`` and runs on this machine, in a temporary folder, as in the tests.

    python benchmarks/distributed.py --photos 100000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from made_up_photos import made_up_id, made_up_model, made_up_photo
from pcmsn.gallery.milvus.connection import MilvusConnection
from pcmsn.gallery.milvus.location import TOKEN_VARIABLE, parse_milvus_location
from pcmsn.gallery.milvus.store import MilvusStore
from pcmsn.gallery.records import Queries
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import GalleryStore, SearchMode, SearchSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "gallery"))

from milvus_server import running_milvus

DIM, K, BATCH, CLUSTERS = 64, 20, 1000, 200
THUMBNAIL_BYTES = 8000
MODEL = made_up_model(DIM, DIM)


def main() -> None:
    """Fill three galleries with the same photos and time one query after the other in each mode."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=500)
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(CLUSTERS, DIM))
    vectors = drawn(generator, centres, options.photos)
    asked = drawn(generator, centres, options.queries)
    truth = [nearest(vectors, query) for query in asked]
    print(f"{options.photos:,} photos, {DIM} values, {options.queries} queries one at a time, k = {K}\n")
    print("| gallery | mode | upserts a second | p50 ms | p99 ms | recall@20 |")
    print("|---|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder, running_milvus(Path(folder)) as server:
        os.environ[TOKEN_VARIABLE] = server.token
        file = str(Path(folder) / "photos.gallery")
        with SqliteStore.open(file, identity=MODEL, writable=True) as store:
            rate = fill(store, vectors)
            report("file", store, ("exact", "shortlist", "approximate"), rate, asked, truth)
        for index, modes in (("flat", ("exact", "shortlist")), ("hnsw", ("approximate", "shortlist"))):
            location = server.location(query=f"?index={index}")
            with MilvusStore.open(location, identity=MODEL, writable=True, patience=120) as remote:
                rate = fill(remote, vectors)
                wait_for_index(location)
                report(f"Milvus, {index}", remote, modes, rate, asked, truth)


def drawn(generator: np.random.Generator, centres: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    """(count, DIM) vectors around the centres."""
    chosen = centres[generator.integers(0, len(centres), count)]
    return np.asarray(chosen + 0.5 * generator.normal(size=chosen.shape), dtype=np.float32)


def nearest(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> set[str]:
    """Ids of the K nearest, by comparing all."""
    squared = np.square(vectors - query, dtype=np.float64).sum(axis=1)
    return {made_up_id(place) for place in np.argpartition(squared, K)[:K]}


def codes_of(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(n, DIM / 8) signs of the values."""
    return np.packbits(vectors > 0, axis=1)


def fill(store: GalleryStore, vectors: NDArray[np.float32]) -> float:
    """Upserts a second, in batches."""
    codes = codes_of(vectors)
    photos = [made_up_photo(place, vectors[place], codes[place], THUMBNAIL_BYTES) for place in range(len(vectors))]
    started = time.perf_counter()
    for start in range(0, len(photos), BATCH):
        store.upsert(photos[start : start + BATCH])
    return len(photos) / (time.perf_counter() - started)


def wait_for_index(location: str) -> None:
    """Until the server has built the index over all that was written, as it does by itself after a while."""
    connection = MilvusConnection(parse_milvus_location(location), patience=600)
    name = connection.location.collection
    connection.call("flush", name)
    while int(connection.call("describe_index", name, index_name="vector").get("pending_index_rows", 0)):
        time.sleep(1)
    time.sleep(10)  # it takes the indexed segments into use a few seconds later
    connection.close()


def report(
    name: str,
    store: GalleryStore,
    modes: tuple[SearchMode, ...],
    rate: float,
    asked: NDArray[np.float32],
    truth: list[set[str]],
) -> None:
    """One line a mode; the first searches are not counted, because they load what is needed."""
    codes = codes_of(asked)
    for mode in modes:
        settings = SearchSettings(k=K, mode=mode)

        def search(place: int, settings: SearchSettings = settings) -> set[str]:
            (hits,) = store.search(Queries(asked[place : place + 1], codes[place : place + 1]), settings)
            return {hit.photo.photo_id for hit in hits}

        for place in range(min(20, len(asked))):
            search(place)
        found = [timed(search, place) for place in range(len(asked))]
        milliseconds = 1000 * np.array([seconds for seconds, _ in found])
        recall = np.mean([len(ids & expected) / K for (_, ids), expected in zip(found, truth, strict=True)])
        p50, p99 = np.percentile(milliseconds, [50, 99])
        print(f"| {name} | {mode} | {rate:,.0f} | {p50:.1f} | {p99:.1f} | {recall:.4f} |", flush=True)


def timed(search: Callable[[int], set[str]], place: int) -> tuple[float, set[str]]:
    """Seconds and result of one search."""
    started = time.perf_counter()
    found = search(place)
    return time.perf_counter() - started, found


if __name__ == "__main__":
    main()
