"""From pictures to features: each picture file's content goes through the network once, ever.

Every worker thread takes a batch the whole way, from files to features, with its share of torch's threads. Decoding in
one worker so overlaps with the network in another, no thread waits for another inside an operation (which costs more
than half of the speed on a machine that others use too), and pixels live only as long as their batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from pcmsn.backbones.base import Backbone
from pcmsn.backbones.cache import FeatureCache, FeatureRows, content_hash
from pcmsn.backbones.transform import Transform
from pcmsn.data.records import Pictures
from pcmsn.errors import BackboneError, ConfigError, DataError, UnreadablePictureError

MAX_UNREADABLE_SHARE = 0.05
"""More unreadable pictures than this share of all stop an extraction: something larger is wrong."""

ROWS_PER_BLOCK = 1024
"""Rows that are written to the cache at a time, and that a kill can lose."""

_MAX_WORKERS = 16
_BATCH_SIZE_ON_CPU = 16  # larger batches only fall out of the processor's caches
_BATCH_SIZE_ON_DEVICE = 64

Result = TypeVar("Result")

Progress = Callable[[int, int], None]
"""Called with (pictures done, pictures in all)."""


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
    """Pictures that went through the network; copies of one file count once."""
    from_cache: int
    """Pictures whose feature was in the cache before."""


def extract(
    backbone: Backbone,
    pictures: Pictures,
    *,
    cache: FeatureCache | None = None,
    device: str | torch.device = "cpu",
    batch_size: int | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Features:
    """The features of all readable pictures, taken from the cache where it has them, (M, D) for M of them.

    ``workers`` threads (None: as many as torch uses, at most 16) each hold one batch of pixels at a time; a
    ``batch_size`` of None is 16 on a CPU, 64 elsewhere. New features are written to the cache every
    ``ROWS_PER_BLOCK`` rows. A picture's feature does not depend on the others or on their order, but for rounding
    (about 1e-5).
    Raises DataError when more than 5 % of the pictures are unreadable, CacheError when the cache can not be used,
    BackboneError when a feature is not finite, ConfigError for a batch size or number of workers below 1.
    """
    device = torch.device(device)
    if batch_size is None:
        batch_size = _BATCH_SIZE_ON_CPU if device.type == "cpu" else _BATCH_SIZE_ON_DEVICE
    if workers is None:
        workers = min(torch.get_num_threads(), _MAX_WORKERS)
    if batch_size < 1 or workers < 1:
        raise ConfigError(f"batch_size and workers must be at least 1, got {batch_size} and {workers}")
    backbone.to(device)
    with _worker_pool(workers) as pool:
        inventory = _take_inventory(pictures, pool)
        values = np.zeros((len(pictures), backbone.feature_dim), dtype=np.float32)
        rows = cache.open(backbone) if cache is not None else None
        known = [content for content in inventory.positions if rows is not None and content in rows]
        if rows is not None:
            for contents, features in rows.read(known):
                inventory.fill(values, contents, features)
        missing = [content for content in inventory.positions if rows is None or content not in rows]
        batches = [missing[start : start + batch_size] for start in range(0, len(missing), batch_size)]
        jobs = (partial(_compute, backbone, device, inventory, batch) for batch in batches)
        computed = 0
        with closing(_PendingRows(rows)) as pending:  # what is computed is kept, whatever stops the rest
            for contents, features in _checked(_in_order(pool, jobs, ahead=2 * workers), inventory, missing, progress):
                inventory.fill(values, contents, features)
                pending.add(contents, features)
                computed += len(contents)
    unreadable = sorted(inventory.reasons.items())
    kept = np.setdiff1d(np.arange(len(pictures), dtype=np.int64), [position for position, _ in unreadable])
    return Features(
        values=values[kept] if unreadable else values,
        kept=kept.astype(np.int64),
        unreadable=tuple((pictures.names[position], reason) for position, reason in unreadable),
        computed=computed,
        from_cache=sum(len(inventory.positions[content]) for content in known),
    )


@contextmanager
def _worker_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that share torch's threads evenly; torch's own setting is back at the end, and no job goes on."""
    threads = torch.get_num_threads()
    share = max(1, threads // workers)
    pool = ThreadPoolExecutor(workers, "extraction", initializer=torch.set_num_threads, initargs=(share,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _in_order(pool: ThreadPoolExecutor, jobs: Iterable[Callable[[], Result]], ahead: int) -> Iterator[Result]:
    """The results of jobs in the jobs' order; at most ``ahead`` of them are waiting, running or done and not taken."""
    source = iter(jobs)
    under_way = deque(pool.submit(job) for job in islice(source, ahead))
    while under_way:
        result = under_way.popleft().result()
        under_way.extend(pool.submit(job) for job in islice(source, 1))
        yield result


@dataclass(eq=False)
class _Inventory:
    """Which file contents there are, and where."""

    pictures: Pictures
    positions: dict[bytes, list[int]]
    """Content hash -> positions of the pictures that have it, ascending; the file of the first one is decoded."""
    reasons: dict[int, str]
    """Position -> why the picture is unreadable; grows while pictures are decoded."""

    def fill(self, values: NDArray[np.float32], contents: list[bytes], features: NDArray[np.float32]) -> None:
        """Copy (n, D) features of n contents into the rows of ``values`` of every picture that has the content."""
        for content, feature in zip(contents, features, strict=True):
            values[self.positions[content]] = feature

    def give_up(self, positions: list[int], reason: str) -> None:
        """Note unreadable pictures. Raises DataError as soon as they are too many."""
        self.reasons.update(dict.fromkeys(positions, reason))
        pictures, count = self.pictures, len(self.reasons)
        if count > MAX_UNREADABLE_SHARE * len(pictures):
            first = "; ".join(f"{pictures.names[i]} ({self.reasons[i]})" for i in sorted(self.reasons)[:5])
            raise DataError(
                f"at least {count} of {len(pictures)} {pictures.modality} pictures in {pictures.folder} are unreadable"
                f", more than {MAX_UNREADABLE_SHARE:.0%}: {first}; repair or remove these files"
            )


def _take_inventory(pictures: Pictures, pool: ThreadPoolExecutor) -> _Inventory:
    """The contents of all picture files; reads every file once."""

    def hashed(position: int) -> bytes | str:
        try:
            return content_hash(pictures.path(position).read_bytes())
        except OSError as error:
            return error.strerror or str(error)

    inventory = _Inventory(pictures, {}, {})
    for position, content in enumerate(pool.map(hashed, range(len(pictures)))):
        if isinstance(content, bytes):
            inventory.positions.setdefault(content, []).append(position)
        else:
            inventory.give_up([position], content)
    return inventory


@dataclass(frozen=True, eq=False)
class _Batch:
    """What one job gives."""

    contents: list[bytes]
    values: NDArray[np.float32]
    """(n, D), one row a content."""
    failures: list[tuple[bytes, str]]
    """Contents without a row, and why."""


def _compute(backbone: Backbone, device: torch.device, inventory: _Inventory, contents: list[bytes]) -> _Batch:
    """The features of a batch of contents, from their files. Raises BackboneError if one is not finite."""
    decoded = [(content, _decode(backbone.transform, inventory, content)) for content in contents]
    failures = [(content, reason) for content, reason in decoded if isinstance(reason, str)]
    readable = [(content, pixels) for content, pixels in decoded if not isinstance(pixels, str)]
    if not readable:
        return _Batch([], np.zeros((0, backbone.feature_dim), dtype=np.float32), failures)
    pixels = torch.from_numpy(np.stack([pixels for _, pixels in readable]))
    with torch.inference_mode():
        features = backbone(backbone.transform.normalise(pixels.to(device)))
    values: NDArray[np.float32] = features.float().cpu().numpy()
    if not np.isfinite(values).all():
        raise BackboneError(f"{backbone.name} gives features that are not finite; its weights are damaged")
    return _Batch([content for content, _ in readable], values, failures)


def _decode(transform: Transform, inventory: _Inventory, content: bytes) -> NDArray[np.uint8] | str:
    """The (H, W, 3) pixels of the first picture with this content, or why there are none."""
    path = inventory.pictures.path(inventory.positions[content][0])
    try:
        found = path.read_bytes()
        if content_hash(found) != content:
            return "the file changed while it was being read"
        return transform.decode_bytes(found, path)
    except OSError as error:
        return error.strerror or str(error)
    except UnreadablePictureError as error:
        return str(error).removeprefix(f"{path}: ")


def _checked(
    batches: Iterable[_Batch], inventory: _Inventory, missing: list[bytes], progress: Progress | None
) -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
    """(n contents, their (n, D) features) of each batch; failures are noted and progress is reported on the way."""
    total = len(inventory.pictures)
    done = total - sum(len(inventory.positions[content]) for content in missing)
    report = progress or (lambda done, total: None)
    report(done, total)
    for batch in batches:
        yield batch.contents, batch.values
        for content, reason in batch.failures:
            inventory.give_up(inventory.positions[content], reason)
        for content in (*batch.contents, *(content for content, _ in batch.failures)):
            done += len(inventory.positions[content])
        report(done, total)


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
