"""The pictures of a fine-tuning: which are held out, in which order they come, and the batches of changed ones.

Pictures are decoded in threads while the network works; only a few batches are in memory at a time. The batches are the
same ones on any number of processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pcmsn.data.records import Modality, Pictures
from pcmsn.errors import DataError, UnreadablePictureError, enumerate_names
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.extraction import MAX_UNREADABLE_SHARE
from pcmsn.in_order import in_order
from pcmsn.seeding import numpy_generator, torch_generator
from pcmsn.training.finetune.augmentation import (
    changed_photos,
    changed_sketches,
    draw_photo_changes,
    draw_sketch_changes,
)

Positions = NDArray[np.int64]
Pixels = NDArray[np.uint8]

BATCHES_AHEAD = 3
"""Batches that may wait for the network, decoded or being decoded."""

_LEAST_WORKERS, _MOST_WORKERS = 2, 16


@dataclass(frozen=True, eq=False)
class HoldOutSplit:
    """One modality's pictures of some classes, and what each is for."""

    pictures: Pictures
    """All of them, in an order that depends on their names alone."""
    training: Positions
    """(N,) positions of those that the network learns from, ascending; none where the classes stay unseen."""
    held_out: Positions
    """(M,) positions of those that it is measured on, ascending."""

    @property
    def classes_without_held_out(self) -> tuple[str, ...]:
        """Classes of which no picture could be held out."""
        counts = np.bincount(self.pictures.labels[self.held_out], minlength=len(self.pictures.classes))
        return tuple(name for name, count in zip(self.pictures.classes, counts, strict=True) if count == 0)


def hold_out(pictures: Pictures, classes: Iterable[str], share: float, seed: int) -> HoldOutSplit:
    """The pictures of ``classes`` with a ``share`` of each class held out, at least one of a class with two.

    Which ones depends on the seed and the names alone, not on their order. Pictures of other classes are left out.
    Raises DataError for a class without pictures.
    """
    pictures = _by_name(pictures, classes)
    held_out = np.zeros(len(pictures), dtype=bool)
    for label, name in enumerate(pictures.classes):
        members = np.flatnonzero(pictures.labels == label)
        count = min(max(1, round(share * len(members))), len(members) - 1) if share > 0 else 0
        held_out[numpy_generator(seed, "held out", pictures.modality, name).permutation(members)[:count]] = True
    return HoldOutSplit(pictures, training=np.flatnonzero(~held_out), held_out=np.flatnonzero(held_out))


def all_held_out(pictures: Pictures, classes: Iterable[str]) -> HoldOutSplit:
    """The pictures of ``classes`` that nothing is learned from, all held out. Raises DataError as ``hold_out`` does."""
    pictures = _by_name(pictures, classes)
    return HoldOutSplit(pictures, training=np.arange(0), held_out=np.arange(len(pictures)))


def _by_name(pictures: Pictures, classes: Iterable[str]) -> Pictures:
    """The pictures of some classes in the order of classes and names."""
    pictures = pictures.of_classes(sorted(classes))
    empty = [name for name, count in pictures.counts().items() if count == 0]
    if empty:
        raise DataError(f"no {pictures.modality} of the class {enumerate_names(empty)} in {pictures.folder}")
    return pictures.select(np.lexsort((np.array(pictures.names), pictures.labels)))


class BalancedOrder:
    """Draws pictures: every class equally often, and all pictures of a class once before any of them comes again."""

    def __init__(self, split: HoldOutSplit) -> None:
        labels = split.pictures.labels[split.training]
        self._members = [split.training[labels == label] for label in range(len(split.pictures.classes))]

    def draw(self, count: int, generator: np.random.Generator) -> Positions:
        """(count,) positions of training pictures; how often two classes come differs by one at most."""
        classes = len(self._members)
        rounds = -(-count // classes)
        order = generator.permuted(np.tile(np.arange(classes), (rounds, 1)), axis=1).reshape(-1)[:count]
        positions = np.empty(count, dtype=np.int64)
        for label, members in enumerate(self._members):
            places = np.flatnonzero(order == label)
            cycles = -(-len(places) // len(members))
            drawn = [generator.permutation(members) for _ in range(cycles)]
            if drawn:
                positions[places] = np.concatenate(drawn)[: len(places)]
        return positions


@dataclass(frozen=True, eq=False)
class Source:
    """One modality's pictures for a network, and how they are prepared."""

    modality: Modality
    split: HoldOutSplit
    transform: Transform


class Reader:
    """Decodes one modality's pictures and remembers which are unreadable; any number of threads may call it."""

    def __init__(self, split: HoldOutSplit, transform: Transform) -> None:
        self.pictures = split.pictures
        self.transform = transform
        self.unreadable: dict[int, str] = {}
        """Position -> why it cannot be read, of those that were tried."""
        labels = self.pictures.labels[split.training]
        self._training = [split.training[labels == label] for label in range(len(self.pictures.classes))]

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


@dataclass(frozen=True)
class Portion:
    """How many pictures of a batch are of one modality, and which of those are this process's."""

    size: int
    """Pictures of the modality in a batch, over all processes."""
    rows: slice
    process: int
    processes: int


class PictureStream:
    """One modality's pictures for training and evaluation, on one process."""

    def __init__(self, source: Source, portion: Portion, *, seed: int, strength: float, device: torch.device) -> None:
        self.source = source
        self.reader = Reader(source.split, source.transform)
        self._portion = portion
        self._order = BalancedOrder(source.split)
        self._seed = seed
        self._strength = strength
        self._device = device

    @property
    def modality(self) -> Modality:
        """The modality of its pictures."""
        return self.source.modality

    def training(self, pool: ThreadPoolExecutor, epoch: int, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        """This process's normalised (b, 3, H, W) pixels and (b,) labels of each step; seed and epoch decide them."""
        portion = self._portion
        order = numpy_generator(self._seed, "pictures", self.modality, epoch)
        drawn = self._order.draw(steps * portion.size, order).reshape(steps, portion.size)
        changes = torch_generator(self._seed, "changes", self.modality, epoch)
        for pixels, labels in decoded_batches(pool, self.reader, list(drawn[:, portion.rows])):
            values = _unit_range(pixels.to(self._device))
            values = self._changed(values, changes)
            yield standardised(values, self.source.transform), torch.from_numpy(labels).to(self._device)

    def held_out(self, pool: ThreadPoolExecutor) -> Iterator[tuple[Tensor, Positions]]:
        """Batches of this process's readable held-out pictures, (b, 3, H, W), and their (b,) positions.

        The pictures are normalised and not changed.
        """
        positions, size = self.source.split.held_out, self._portion.size
        batches = [positions[start : start + size] for start in range(0, len(positions), size)]
        for pixels, found in readable_batches(
            pool, self.reader, batches[self._portion.process :: self._portion.processes]
        ):
            yield self.source.transform.normalise(pixels.to(self._device)), found

    def labels_of(self, positions: Positions) -> Tensor:
        """The (b,) labels of the pictures at (b,) positions, on the device."""
        return torch.from_numpy(self.reader.pictures.labels[positions]).to(self._device)

    def _changed(self, pixels: Tensor, generator: torch.Generator) -> Tensor:
        if self._strength == 0:
            return pixels
        size, rows = self._portion.size, self._portion.rows
        if self.modality == "sketch":
            paper = 0.0 if self.source.transform.invert else 1.0
            changes = draw_sketch_changes(size, generator, self._strength).rows(rows)
            return changed_sketches(pixels, changes, paper=paper)
        return changed_photos(pixels, draw_photo_changes(size, generator, self._strength).rows(rows))


def _unit_range(pixels: Tensor) -> Tensor:
    """(B, 3, H, W) floats in [0, 1] from (B, H, W, 3) bytes."""
    return pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255)


def standardised(pixels: Tensor, transform: Transform) -> Tensor:
    """(B, 3, H, W) pixels in [0, 1] with the transform's mean and deviation, channels last in memory."""
    mean, std = (pixels.new_tensor(values).view(1, 3, 1, 1) for values in (transform.mean, transform.std))
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)
