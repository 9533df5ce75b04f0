"""Batches of changed, normalised pictures, the same ones on any number of processes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from pcmsn.data.records import Modality
from pcmsn.features.backbones.transform import Transform
from pcmsn.seeding import numpy_generator, torch_generator
from pcmsn.training.finetune.augmentation import (
    changed_photos,
    changed_sketches,
    draw_photo_changes,
    draw_sketch_changes,
)
from pcmsn.training.finetune.decoding import Reader, decoded_batches, readable_batches
from pcmsn.training.finetune.pictures import BalancedOrder, Positions
from pcmsn.training.finetune.preparation import Source


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
        self.reader = Reader(source.division, source.transform)
        self._portion = portion
        self._order = BalancedOrder(source.division)
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
        positions, size = self.source.division.held_out, self._portion.size
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
