r"""Searching galleries of 100,000 and 1,000,000 photos, beside bare FAISS on the same vectors in the same process.

Photos and sketches are drawn around class centres, in a few strong and many weak directions and with the sketches apart
from the photos, as trained embeddings are (class variance, spectrum and distance of the modalities are those of a run
on Sketchy). With ``--embeddings`` they are drawn around the real ones that ``pcmsn test --embeddings FILE`` wrote: a
photo with half of the spread of its class, and the sketches as they are. Codes are ITQ's, fitted on other draws of the
made-up data, or on the real embeddings.

Queries take turns between our modes and FAISS' IndexFlatL2, so that other load on the machine meets all; "FAISS / ours"
divides medians, above 1 is quicker than FAISS. FAISS' own threads share out queries, so one query uses one; "two at
once" is two threads that search at the same time, as a server does. The gallery file and FAISS' own file of the same
vectors are opened in a process of their own.

    python benchmarks/search.py
    python benchmarks/search.py --sizes 1000000 --embeddings embeddings.npz --no-gallery
    python benchmarks/search.py --sizes 20000 --queries 20
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from made_up_photos import made_up_model, made_up_photo
from pcmsn.evaluation.embeddings_file import read_embeddings
from pcmsn.gallery.records import Queries
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.gallery.store import SearchSettings
from pcmsn.gallery.vectors.code_shortlist import default_shortlist
from pcmsn.gallery.vectors.vector_index import VectorIndex
from pcmsn.hashing.hamming import pack_codes
from pcmsn.hashing.itq import ITQ

CLASSES, BITS, K, ROWS_AT_ONCE, PHOTOS_A_COMMIT = 125, 64, 50, 50_000, 10_000
WITHIN_CLASSES, MODALITY_GAP = 0.36, 0.35
SHARES = (1000, 500, 200, 100, 50, 20, 10, 5)
MODES = ("exact", "shortlist", "approximate")
FAISS_FILE = "vectors.faiss"
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class World:
    """Where photos and sketches come from."""

    draw_photos: Callable[[int], Floats]
    sketches: Floats
    itq: ITQ

    def codes(self, photos: Floats) -> NDArray[np.uint8]:
        """(N, bytes) of (N, dim) photos."""
        blocks = [photos[start : start + ROWS_AT_ONCE] for start in range(0, len(photos), ROWS_AT_ONCE)]
        return np.concatenate([pack_codes(self.itq.encode_photos(block)) for block in blocks])

    def queries(self) -> Queries:
        """All sketches."""
        return Queries(self.sketches, pack_codes(self.itq.encode_sketches(self.sketches)))


def made_up_world(dim: int, sketches: int) -> World:
    """Classes whose variance falls off over the directions as that of trained embeddings does."""
    random = np.random.default_rng(0)
    deviation = np.sqrt(0.3 / np.arange(1, dim + 1) ** 1.2)
    centres = np.sqrt(1 - WITHIN_CLASSES) * random.normal(size=(CLASSES, dim)) * deviation
    gap = MODALITY_GAP * np.linalg.norm(deviation) * random.normal(size=dim) / np.sqrt(dim)

    def draw(count: int) -> Floats:
        spread = np.sqrt(WITHIN_CLASSES) * random.normal(size=(count, dim)) * deviation
        return (centres[random.integers(0, CLASSES, count)] + spread).astype(np.float32)

    bits = min(BITS, dim)
    return World(draw, draw(sketches) + gap.astype("f4"), ITQ.fit(draw(3000) + gap, draw(5000), bits, random))


def world_around(path: Path, sketches: int) -> World:
    """Real sketches, and photos near to the real ones."""
    random, real = np.random.default_rng(0), read_embeddings(path)
    photo, label = real.photo_embedding, real.photo_label
    within = np.concatenate([photo[label == one] - photo[label == one].mean(axis=0) for one in np.unique(label)])
    spread = 0.5 * np.linalg.cholesky(np.cov(within.T) + 1e-9 * np.eye(photo.shape[1])).T

    def draw(count: int) -> Floats:
        blocks = []
        for start in range(0, count, ROWS_AT_ONCE):
            near = random.integers(0, len(photo), min(ROWS_AT_ONCE, count - start))
            blocks.append((photo[near] + random.normal(size=(len(near), photo.shape[1])) @ spread).astype(np.float32))
        return np.concatenate(blocks)

    asked = real.sketch_embedding[random.permutation(len(real.sketch_embedding))[:sketches]].astype(np.float32)
    bits = min(BITS, photo.shape[1])
    return World(draw, np.ascontiguousarray(asked), ITQ.fit(real.sketch_embedding, photo, bits, random))


def main() -> None:
    """Run what the options say and print it."""
    options = parse_options()
    if options.open:
        print_opening(options.open)
        print_opening_of_faiss(options.open.with_name(FAISS_FILE))
        return
    if options.embeddings:
        world = world_around(options.embeddings, options.queries)
    else:
        world = made_up_world(options.dim, options.queries)
    print(f"{world.sketches.shape[1]} dimensions, {world.itq.bits} bits, {len(world.sketches)} sketches, k = {K}")
    print(f"FAISS {faiss.__version__}, {os.cpu_count()} cores")
    for size in options.sizes:
        photos = world.draw_photos(size)
        codes = world.codes(photos)
        print(f"\n## {size:,} photos\n", flush=True)
        compare(world.queries(), photos, codes, options.rounds)
        if not options.no_gallery:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                write_and_open(Path(folder) / "photos.gallery", photos, codes, options.thumbnail_bytes)


def compare(queries: Queries, photos: Floats, codes: NDArray[np.uint8], rounds: int) -> None:
    """Memory, one query, two at once, batches, recall by size of the shortlist."""
    index, bare = build_both(queries, photos, codes)
    expected = index.search(queries, K)[1]
    faiss.omp_set_num_threads(1)
    print_single_queries(queries, index, bare, expected, rounds)
    print_batches(queries, index, bare, rounds)
    print_shortlists(queries, index, bare, expected)


def build_both(queries: Queries, photos: Floats, codes: NDArray[np.uint8]) -> tuple[VectorIndex, faiss.IndexFlatL2]:
    """Our index and FAISS' over the same photos; prints how long they took and how much memory."""
    before = memory_mib()
    index = VectorIndex(photos.shape[1], 8 * codes.shape[1])
    stored, _ = timed(lambda: index.put(np.arange(len(photos)), photos, codes, np.zeros(len(photos), np.int32)))
    ours = memory_mib() - before
    bare, before = faiss.IndexFlatL2(photos.shape[1]), memory_mib()
    added, _ = timed(lambda: bare.add(photos))
    print(
        f"in memory: {ours:.0f} MiB, stored in {stored:.2f} s (IndexFlatL2: {memory_mib() - before:.0f}, {added:.2f})"
    )
    before = memory_mib()
    built, _ = timed(lambda: index.search(first(queries, 0), K, mode="approximate"))
    print(f"approximate: built in {built:.1f} s, {memory_mib() - before:.0f} MiB more, ", end="")
    print(f"its recall@50 of stored vectors is {index.approximate_recall:.3f}\n")
    return index, bare


def print_single_queries(
    queries: Queries, index: VectorIndex, bare: faiss.IndexFlatL2, expected: NDArray[np.int64], rounds: int
) -> None:
    """Recall and times of one query after the other in each mode, and of two at once."""
    tasks = {mode: lambda query, mode=mode: index.search(query, K, mode=mode) for mode in MODES}
    tasks["IndexFlatL2"] = lambda query: bare.search(query.vectors, K)
    print("| | recall@10 | recall@50 | one query, p50 ms | p99 ms | FAISS / ours | two at once, p50 ms | queries/s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    alone = take_turns(tasks, queries, rounds)
    pairs = {name: two_at_once(task, queries) for name, task in tasks.items()}
    base = statistics.median(alone["IndexFlatL2"])
    for name, seconds in alone.items():
        found = [tasks[name](first(queries, place))[1][0] for place in range(len(queries))]
        middle = statistics.median(seconds)
        cells = [recall(expected[:, :10], found), recall(expected, found), 1e3 * middle]
        cells += [1e3 * float(np.quantile(seconds, 0.99)), base / middle, *pairs[name]]
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in cells[:4])} | ", end="")
        print(" | ".join(f"{value:.2f}" for value in cells[4:]) + " |", flush=True)


def take_turns(tasks: dict[str, Callable[[Queries], object]], queries: Queries, rounds: int) -> dict[str, list[float]]:
    """Seconds of every query alone, of each task."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(rounds):
        for place in range(len(queries)):
            query = first(queries, place)
            for name, task in list(tasks.items())[:: 1 if (turn + place) % 2 else -1]:
                seconds[name].append(timed(lambda task=task, query=query: task(query))[0])
    return seconds


def two_at_once(task: Callable[[Queries], object], queries: Queries) -> tuple[float, float]:
    """Median milliseconds of a query while another thread searches, too, and queries a second of both."""

    def search(place: int) -> float:
        return timed(lambda: task(first(queries, place)))[0]

    with ThreadPoolExecutor(2, initializer=lambda: faiss.omp_set_num_threads(1)) as threads:
        spent, seconds = timed(lambda: list(threads.map(search, range(len(queries)))))
    return 1e3 * statistics.median(seconds), len(queries) / spent


def print_batches(queries: Queries, index: VectorIndex, bare: faiss.IndexFlatL2, rounds: int) -> None:
    """All queries in one call, with one thread and with all."""
    print(
        "\n| batch | threads | exact, queries/s | IndexFlatL2, queries/s | ours / FAISS |\n|---:|---:|---:|---:|---:|"
    )
    for threads in sorted({1, os.cpu_count() or 1}):
        faiss.omp_set_num_threads(threads)
        taken: dict[str, list[float]] = {"ours": [], "bare": []}
        for turn in range(max(3, rounds)):
            both = {"ours": lambda: index.search(queries, K), "bare": lambda: bare.search(queries.vectors, K)}
            for name, task in list(both.items())[:: 1 if turn % 2 else -1]:
                taken[name].append(timed(task)[0])
        ours, other = (len(queries) / statistics.median(taken[name]) for name in ("ours", "bare"))
        print(f"| {len(queries)} | {threads} | {ours:.0f} | {other:.0f} | {ours / other:.2f} |", flush=True)
    faiss.omp_set_num_threads(1)


def print_shortlists(
    queries: Queries, index: VectorIndex, bare: faiss.IndexFlatL2, expected: NDArray[np.int64]
) -> None:
    """How many of the true neighbours shortlists of several sizes find, and how long that takes."""
    count = len(index)
    default = default_shortlist(count, K)
    print("\n| shortlist | share of the photos | recall@10 | recall@50 | one query, p50 ms | FAISS / ours |")
    print("|---:|---:|---:|---:|---:|---:|")
    for size in sorted({max(K, count // share) for share in SHARES} | {default}):
        tasks = {
            "ours": lambda query, size=size: index.search(query, K, mode="shortlist", shortlist=size),
            "bare": lambda query: bare.search(query.vectors, K),
        }
        taken = take_turns(tasks, queries, 1)
        middle, other = (1e3 * statistics.median(taken[name]) for name in ("ours", "bare"))
        found = list(tasks["ours"](queries)[1])
        cells = f"{recall(expected[:, :10], found):.3f} | {recall(expected, found):.3f} | {middle:.2f}"
        name = f"{size:,}{' (default)' if size == default else ''}"
        print(f"| {name} | {size / count:.4f} | {cells} | {other / middle:.1f} |", flush=True)


def write_and_open(path: Path, photos: Floats, codes: NDArray[np.uint8], thumbnail_bytes: int) -> None:
    """A gallery file and one of FAISS: time to write, size, and what opening them costs in a new process."""
    spent, model = 0.0, made_up_model(photos.shape[1], 8 * codes.shape[1])
    with SqliteStore.open(str(path), identity=model, writable=True) as store:
        for start in range(0, len(photos), PHOTOS_A_COMMIT):
            rows = range(start, min(start + PHOTOS_A_COMMIT, len(photos)))
            some = [made_up_photo(row, photos[row], codes[row], thumbnail_bytes) for row in rows]
            spent += timed(lambda some=some: store.upsert(some))[0]
    files = sum(file.stat().st_size for file in path.parent.iterdir())
    bare, target = faiss.IndexFlatL2(photos.shape[1]), path.with_name(FAISS_FILE)
    bare.add(photos)
    written, _ = timed(lambda: faiss.write_index(bare, str(target)))
    thumbnails = len(photos) * thumbnail_bytes / 2**20
    print("\n| file | written, s | on disk, MiB | opened, s | first search, s | second, ms | memory, MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    result = subprocess.run([sys.executable, __file__, "--open", str(path)], check=True, capture_output=True, text=True)
    ours, others = result.stdout.splitlines()
    print(f"| gallery, {thumbnails:.0f} MiB of it thumbnails | {spent:.1f} | {files / 2**20:.0f} | {ours}")
    print(f"| IndexFlatL2 | {written:.1f} | {target.stat().st_size / 2**20:.0f} | {others}", flush=True)


def print_opening(path: Path) -> None:
    """Seconds until a store is open, until its first and its second search are answered, and the memory that takes."""
    faiss.knn(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32), 1)
    before = memory_mib()
    opened, store = timed(lambda: SqliteStore.open(str(path)))
    model = store.identity
    query = Queries(np.zeros((1, model.dim), np.float32), np.zeros((1, model.code_bytes), np.uint8))
    searched, again = (timed(lambda: store.search(query, SearchSettings(k=K)))[0] for _ in range(2))
    print(f"{opened:.2f} | {searched:.2f} | {1e3 * again:.1f} | {memory_mib() - before:.0f} |")
    store.close()


def print_opening_of_faiss(path: Path) -> None:
    """The same of an index that FAISS wrote."""
    before = memory_mib()
    opened, index = timed(lambda: faiss.read_index(str(path)))
    query = np.zeros((1, index.d), np.float32)
    searched, again = (timed(lambda: index.search(query, K))[0] for _ in range(2))
    print(f"{opened:.2f} | {searched:.2f} | {1e3 * again:.1f} | {memory_mib() - before:.0f} |")


def first(queries: Queries, place: int) -> Queries:
    """One of the queries."""
    return Queries(queries.vectors[place : place + 1], queries.codes[place : place + 1])


def recall(expected: NDArray[np.int64], found: list[NDArray[np.int64]]) -> float:
    """Mean share of each query's expected photos that were found."""
    return float(np.mean([np.isin(right, some).mean() for right, some in zip(expected, found, strict=True)]))


def memory_mib() -> float:
    """Memory of this process now, in MiB; 0 where there is no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def timed(task: Callable[[], object]) -> tuple[float, object]:
    """Seconds that the task took, and what it gave."""
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


def parse_options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--dim", type=int, default=64, help="of the made-up embeddings")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--embeddings", type=Path, help="an .npz file of pcmsn test --embeddings")
    parser.add_argument("--no-gallery", action="store_true", help="leave out the gallery file")
    parser.add_argument("--thumbnail-bytes", type=int, default=400)
    parser.add_argument("--folder", type=Path, help="where the gallery file is put for the time")
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
