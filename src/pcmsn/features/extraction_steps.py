"""What happens to a batch of picture files on its way to features: take, start, finish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pcmsn.data.picture_files import PictureFile
from pcmsn.errors import UnreadablePictureError
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.forward import Forward
from pcmsn.features.store import FeatureRows, content_hash


@dataclass(frozen=True, eq=False)
class FeatureBatch:
    """The features of some files that followed each other."""

    files: tuple[PictureFile, ...]
    """All that were tried."""
    values: NDArray[np.float32]
    """(n, D), one row a readable file."""
    kept: tuple[int, ...]
    """Positions of the n rows' files among ``files``, ascending."""
    unreadable: tuple[tuple[int, str], ...]
    """Positions of the other files, and why."""
    computed: int
    """Files that went through the network; copies count once."""
    from_cache: int
    """Files whose feature was in the cache."""


@dataclass(frozen=True, eq=False)
class Taken:
    """A batch after reading and decoding."""

    files: tuple[PictureFile, ...]
    contents: list[bytes | None]
    """Content hash of each file; None where it could not be read."""
    reasons: dict[int, str]
    """Position of a file -> why it has no feature."""
    known: dict[bytes, NDArray[np.float32]]
    """Features that the cache had, by content."""
    new: list[bytes]
    """Distinct contents that were decoded."""
    pixels: Tensor | None
    """(len(new), H, W, 3) uint8; None for none."""


@dataclass(frozen=True, eq=False)
class Started:
    """A batch that has been sent through the network; a device of its own may still be computing its features."""

    taken: Taken
    wait: Callable[[], NDArray[np.float32]]
    """Gives the (len(taken.new), D) features."""


@dataclass(frozen=True, eq=False)
class Finished:
    """A batch with its features, and what the cache does not have yet."""

    batch: FeatureBatch
    new: list[bytes]
    """Contents whose features were computed."""
    new_values: NDArray[np.float32]
    """(len(new), D) their features."""


@dataclass(frozen=True, eq=False)
class Work:
    """The three steps that a batch goes through."""

    transform: Transform
    forward: Forward
    rows: FeatureRows | None
    """What the cache has; None without a cache."""

    def take(self, files: Sequence[PictureFile]) -> Taken:
        """Read each file, and decode those whose content neither the cache nor an earlier file of the batch has."""
        contents: list[bytes | None] = []
        reasons: dict[int, str] = {}
        failed: dict[bytes, str] = {}
        decoded: dict[bytes, NDArray[np.uint8]] = {}
        known: list[bytes] = []
        for position, file in enumerate(files):
            try:
                file_bytes = file.path.read_bytes()
            except (OSError, ValueError) as error:  # ValueError: a name that no file can have
                contents.append(None)
                reasons[position] = getattr(error, "strerror", None) or str(error)
                continue
            content = content_hash(file_bytes)
            if content not in contents:
                if self.rows is not None and content in self.rows:
                    known.append(content)
                else:
                    try:
                        decoded[content] = self.transform.decode_bytes(file_bytes, file.path)
                    except UnreadablePictureError as error:
                        failed[content] = str(error).removeprefix(f"{file.path}: ")
            contents.append(content)
            if content in failed:
                reasons[position] = failed[content]
        pixels = self._stacked(list(decoded.values())) if decoded else None
        return Taken(tuple(files), contents, reasons, self._read(known), list(decoded), pixels)

    def start(self, taken: Taken) -> Started:
        """Send the pixels through the network."""
        if taken.pixels is None:
            return Started(taken, lambda: np.zeros((0, 0), dtype=np.float32))
        return Started(taken, self.forward.start(taken.pixels))

    def finish(self, started: Started) -> Finished:
        """Wait for the features and put them into the files' order."""
        taken, new_values = started.taken, started.wait()
        table = {**taken.known, **dict(zip(taken.new, new_values, strict=True))}
        kept = [position for position, content in enumerate(taken.contents) if content in table]
        rows = [table[content] for content in taken.contents if content is not None and content in table]
        batch = FeatureBatch(
            files=taken.files,
            values=np.stack(rows) if rows else np.zeros((0, self.forward.feature_dim), dtype=np.float32),
            kept=tuple(kept),
            unreadable=tuple(sorted(taken.reasons.items())),
            computed=len(taken.new),
            from_cache=sum(content in taken.known for content in taken.contents),
        )
        return Finished(batch, taken.new, new_values)

    def whole(self, files: Sequence[PictureFile]) -> Finished:
        """Take a batch through all three steps."""
        return self.finish(self.start(self.take(files)))

    def _stacked(self, pictures: list[NDArray[np.uint8]]) -> Tensor:
        """(n, H, W, 3) pixels, for CUDA in memory that can be copied while the device works."""
        shape = (len(pictures), *pictures[0].shape)
        pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=self.forward.pins_memory)
        np.stack(pictures, out=pixels.numpy())
        return pixels

    def _read(self, known: list[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The cached features by content."""
        if self.rows is None:
            return {}
        return {
            content: feature
            for contents, features in self.rows.read(known)
            for content, feature in zip(contents, features, strict=True)
        }
