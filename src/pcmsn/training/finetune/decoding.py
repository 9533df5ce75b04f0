"""Pictures decoded in threads while the network works; only a few batches are in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pcmsn.errors import DataError, UnreadablePictureError
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.extraction import MAX_UNREADABLE_SHARE
from pcmsn.in_order import in_order
from pcmsn.training.finetune.pictures import Division, Positions

BATCHES_AHEAD = 3
"""Batches that may wait for the network, decoded or being decoded."""

_LEAST_WORKERS, _MOST_WORKERS = 2, 16

Pixels = NDArray[np.uint8]


class Reader:
    """Decodes one modality's pictures and remembers which are unreadable; any number of threads may call it."""

    def __init__(self, division: Division, transform: Transform) -> None:
        self.pictures = division.pictures
        self.transform = transform
        self.unreadable: dict[int, str] = {}
        """Position -> why it cannot be read, of those that were tried."""
        labels = self.pictures.labels[division.training]
        self._training = [division.training[labels == label] for label in range(len(self.pictures.classes))]

    def read(self, position: int) -> Pixels | None:
        """The (H, W, 3) pixels of one picture; None for an unreadable one.

        Raises DataError as soon as more than 5 % of all are known to be unreadable.
        """
        if position in self.unreadable:
            return None
        try:
            return self.transform.decode(self.pictures.path(position))
        except UnreadablePictureError as error:
            self.note_unreadable(position, str(error))
            return None

    def read_or_next(self, position: int) -> Pixels:
        """The pixels of a training picture; for an unreadable one those of the next one of its class.

        So every batch stays full, and what it holds does not depend on who decodes it. Raises DataError when a class
        has no readable picture, and as ``read`` does.
        """
        label = int(self.pictures.labels[position])
        places = self._training[label]
        for place in np.roll(places, -int(np.searchsorted(places, position))):
            pixels = self.read(int(place))
            if pixels is not None:
                return pixels
        raise DataError(
            f"no readable {self.pictures.modality} is left in the class {self.pictures.classes[label]!r} of "
            f"{self.pictures.folder}: {self.unreadable[position]}"
        )

    def note_unreadable(self, position: int, reason: str) -> None:
        """Remember an unreadable picture. Raises DataError as soon as they are too many."""
        self.unreadable[position] = reason
        count, total = len(self.unreadable), len(self.pictures)
        if count > max(1, MAX_UNREADABLE_SHARE * total):
            first = "; ".join(sorted(self.unreadable.values())[:5])
            raise DataError(
                f"at least {count} of {total} {self.pictures.modality} pictures in {self.pictures.folder} are "
                f"unreadable, more than {MAX_UNREADABLE_SHARE:.0%}: {first}; repair or remove these files"
            )


@contextmanager
def decoding_threads() -> Iterator[ThreadPoolExecutor]:
    """Threads for decoding, as many as torch uses, at least two; none goes on afterwards."""
    workers = min(max(torch.get_num_threads(), _LEAST_WORKERS), _MOST_WORKERS)
    pool = ThreadPoolExecutor(workers, "decoding")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def decoded_batches(
    pool: ThreadPoolExecutor, reader: Reader, batches: Sequence[Positions]
) -> Iterator[tuple[Tensor, Positions]]:
    """For each batch of positions its (B, H, W, 3) uint8 pixels and (B,) labels, decoded ahead; all B are there."""
    largest = max((len(batch) for batch in batches), default=0)
    jobs = (partial(reader.read_or_next, int(position)) for batch in batches for position in batch)
    pixels = in_order(pool, jobs, ahead=BATCHES_AHEAD * largest)
    for batch in batches:
        yield torch.from_numpy(np.stack([next(pixels) for _ in batch])), reader.pictures.labels[batch]


def readable_batches(
    pool: ThreadPoolExecutor, reader: Reader, batches: Sequence[Positions]
) -> Iterator[tuple[Tensor, Positions]]:
    """For each batch the pixels of its readable pictures and their (b,) positions; a batch of none is left out."""
    largest = max((len(batch) for batch in batches), default=0)
    jobs = (partial(reader.read, int(position)) for batch in batches for position in batch)
    pixels = in_order(pool, jobs, ahead=BATCHES_AHEAD * largest)
    for batch in batches:
        found = [(position, next(pixels)) for position in batch]
        kept = [(position, picture) for position, picture in found if picture is not None]
        if kept:
            positions = np.array([position for position, _ in kept], dtype=np.int64)
            yield torch.from_numpy(np.stack([picture for _, picture in kept])), positions
