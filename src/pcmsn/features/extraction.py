"""From picture files to features: each file is read once, and each content goes through the network once, ever.

On a CPU every worker thread takes a batch the whole way, from files to features, with its share of torch's threads.
Decoding in one worker so overlaps with the network in another, no thread waits for another inside an operation (which
costs more than half of the speed on a machine that others use too), and pixels live only as long as their batch.

Elsewhere the workers decode, one thread feeds the device, and finished features are fetched and written while it goes
on with the next batches.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat

import numpy as np
import torch
from numpy.typing import NDArray

from pcmsn.data.picture_files import PictureFile, files_of
from pcmsn.data.records import Pictures
from pcmsn.errors import DataError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.extraction_steps import FeatureBatch, Finished, Started, Work
from pcmsn.features.forward import Computation, Forward
from pcmsn.features.store import FeatureCache, FeatureRows
from pcmsn.in_order import in_order
from pcmsn.progress import Progress, silent

MAX_UNREADABLE_SHARE = 0.05
"""More unreadable pictures than this share of a data set's stop its extraction: something larger is wrong."""

ROWS_PER_BLOCK = 1024
"""Rows that are written to the cache at a time, and that a kill can lose."""

_BATCHES_ON_DEVICE = 3  # one that is computed, one that waits for it, one that is fetched


@dataclass(frozen=True, eq=False)
class Features:
    """The features of pictures, in the pictures' order, without those that could not be read."""

    values: NDArray[np.float32]
    """(M, D), one row a readable picture."""
    kept: NDArray[np.int64]
    """(M,) positions of the rows' pictures, ascending; ``pictures.select(kept)`` fits the rows."""
    unreadable: tuple[tuple[str, str], ...]
    """(name, reason) of each picture that was skipped."""
    computed: int
    """Pictures that went through the network; copies of one file in a batch count once."""
    from_cache: int
    """Pictures whose feature was in the cache before."""


def extract(
    backbone: Backbone,
    pictures: Pictures,
    *,
    cache: FeatureCache | None = None,
    computation: Computation | None = None,
    progress: Progress | None = None,
) -> Features:
    """The features of all readable pictures, taken from the cache where it has them, (M, D) for M of them.

    A picture's feature does not depend on the others or on their order, but for rounding (about 1e-5).
    Raises DataError when more than 5 % of the pictures are unreadable, CacheError when the cache cannot be used,
    BackboneError when a feature is not finite.
    """
    computation = computation or Computation()
    total = len(pictures)
    values = np.empty((total, backbone.feature_dim), dtype=np.float32)
    kept: list[int] = []
    unreadable: dict[int, str] = {}
    done = computed = from_cache = 0
    report, stage = progress or silent, f"{pictures.modality} features"
    report(stage, 0, total)
    batches = batches_of(files_of(pictures), computation.chosen_batch_size())
    with closing(stream_features(backbone, batches, cache=cache, computation=computation)) as stream:
        for batch in stream:
            values[len(kept) : len(kept) + len(batch.kept)] = batch.values
            kept.extend(done + position for position in batch.kept)
            unreadable.update((done + position, reason) for position, reason in batch.unreadable)
            _refuse_too_many(unreadable, pictures)
            done += len(batch.files)
            computed += batch.computed
            from_cache += batch.from_cache
            report(stage, done, total)
    return Features(
        values=values[: len(kept)],
        kept=np.array(kept, dtype=np.int64),
        unreadable=tuple((pictures.names[position], reason) for position, reason in unreadable.items()),
        computed=computed,
        from_cache=from_cache,
    )


def stream_features(
    backbone: Backbone,
    batches: Iterable[Sequence[PictureFile]],
    *,
    cache: FeatureCache | None = None,
    computation: Computation | None = None,
) -> Generator[FeatureBatch, None, None]:
    """The features of batches of files, in their order, whatever their number: a few batches are in memory at a time.

    New features are written to the cache every ``ROWS_PER_BLOCK`` rows and when the generator is closed.
    Raises CacheError when the cache cannot be used, BackboneError when a feature is not finite or the memory does not
    suffice.
    """
    computation = computation or Computation()
    rows = cache.open(backbone, computation.precision) if cache is not None else None
    work = Work(backbone.transform, Forward(backbone, computation), rows)
    run = _on_cpu if computation.on_cpu else _on_device
    with (
        _worker_pool(computation) as pool,
        closing(_PendingRows(rows)) as pending,  # what is computed is kept, whatever stops the rest
    ):
        if computation.compiled:
            pool.submit(work.forward.compile).result()
        for finished in run(work, pool, batches, computation.chosen_workers()):
            pending.add(finished.new, finished.new_values)
            yield finished.batch


def batches_of(files: Iterable[PictureFile], size: int) -> Iterator[tuple[PictureFile, ...]]:
    """The files in batches of ``size``, the last one perhaps shorter, each as soon as its files are there."""
    source = iter(files)
    while batch := tuple(islice(source, size)):
        yield batch


@contextmanager
def _worker_pool(computation: Computation) -> Iterator[ThreadPoolExecutor]:
    """Threads that share torch's threads evenly; torch's own setting is back at the end, and no job goes on."""
    threads, workers = torch.get_num_threads(), computation.chosen_workers()
    share = max(1, threads // workers)
    pool = ThreadPoolExecutor(workers, "extraction", initializer=torch.set_num_threads, initargs=(share,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _refuse_too_many(unreadable: dict[int, str], pictures: Pictures) -> None:
    """Raise DataError as soon as too many pictures are known to be unreadable."""
    count = len(unreadable)
    if count > MAX_UNREADABLE_SHARE * len(pictures):
        first = "; ".join(f"{pictures.names[position]} ({reason})" for position, reason in list(unreadable.items())[:5])
        raise DataError(
            f"at least {count} of {len(pictures)} {pictures.modality} pictures in {pictures.folder} are unreadable"
            f", more than {MAX_UNREADABLE_SHARE:.0%}: {first}; repair or remove these files"
        )


def _on_cpu(
    work: Work, pool: ThreadPoolExecutor, batches: Iterable[Sequence[PictureFile]], workers: int
) -> Iterator[Finished]:
    """Each worker takes a batch the whole way."""
    return in_order(pool, (partial(work.whole, batch) for batch in batches), ahead=2 * workers)


def _on_device(
    work: Work, pool: ThreadPoolExecutor, batches: Iterable[Sequence[PictureFile]], workers: int
) -> Iterator[Finished]:
    """The workers decode, a thread of its own feeds the device, the caller's thread fetches what is done."""
    taken = in_order(pool, (partial(work.take, batch) for batch in batches), ahead=workers + 1)

    def start_next() -> Started | None:
        batch = next(taken, None)
        return None if batch is None else work.start(batch)

    feeder = ThreadPoolExecutor(1, "feeding")
    try:
        for started in in_order(feeder, repeat(start_next), ahead=_BATCHES_ON_DEVICE):
            if started is None:
                return
            yield work.finish(started)
    finally:
        feeder.shutdown(cancel_futures=True)


class _PendingRows:
    """Computed rows that are not in the cache yet; written in blocks."""

    def __init__(self, rows: FeatureRows | None) -> None:
        self._rows = rows
        self._contents: list[bytes] = []
        self._values: list[NDArray[np.float32]] = []

    def add(self, contents: list[bytes], values: NDArray[np.float32]) -> None:
        """Keep rows; write all that are kept once they fill a block."""
        if self._rows is None or not contents:
            return
        self._contents.extend(contents)
        self._values.append(values)
        if len(self._contents) >= ROWS_PER_BLOCK:
            self.close()

    def close(self) -> None:
        """Write the kept rows. Raises CacheError; they are dropped then, so that a second try does not repeat it."""
        contents, values = self._contents, self._values
        self._contents, self._values = [], []
        if self._rows is not None and contents:
            self._rows.append(contents, np.concatenate(values))
