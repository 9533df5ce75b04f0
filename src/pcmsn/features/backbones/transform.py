"""How a picture file becomes the pixels that a network expects: one frozen value a network."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pcmsn.data.pictures import load_picture, picture_from_bytes
from pcmsn.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

TRANSFORM_VERSION = 1
"""Part of every key: to be raised whenever the same fields begin to mean other pixels."""

_MAX_PROPORTION = 16

RESAMPLING_FILTERS = {filter.name.lower(): filter for filter in Image.Resampling}
"""Pillow's resampling filters by lower-case name."""


@dataclass(frozen=True, kw_only=True)
class Transform:
    """The size, cut and pixel statistics that a network expects of its pictures.

    Raises ConfigError for sizes below 1, an unknown filter, a cut larger than the resized picture or a zero deviation.
    """

    height: int
    """Height of the network's input in pixels."""
    width: int
    """Width of the network's input in pixels."""
    shortest_edge: int | None = None
    """None squashes the whole picture to the input's size; a number resizes the shorter side to so many pixels, keeps
    the proportions, and cuts the centre (of a strip longer than 16 : 1, the middle part is resized)."""
    resampling: str = "bilinear"
    """Name of Pillow's filter, for example ``bilinear`` or ``bicubic``."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Per channel, subtracted from values in [0, 1]."""
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Per channel, what the difference is divided by."""
    invert: bool = False
    """Whether black and white change places first: the released VGG16 sees sketches as white strokes on black."""

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1:
            raise ConfigError(f"a transform's size must be at least 1 x 1, got {self.height} x {self.width}")
        if self.shortest_edge is not None and self.shortest_edge < max(self.height, self.width):
            raise ConfigError(
                f"a transform cannot cut {self.height} x {self.width} pixels out of pictures whose shorter side is "
                f"{self.shortest_edge}; shortest_edge must be {max(self.height, self.width)} or more"
            )
        if self.resampling not in RESAMPLING_FILTERS:
            hint = did_you_mean(self.resampling, RESAMPLING_FILTERS)
            raise ConfigError(f"no resampling filter {self.resampling!r}; known: {sorted(RESAMPLING_FILTERS)}{hint}")
        if len(self.mean) != 3 or len(self.std) != 3 or not all(value > 0 for value in self.std):
            raise ConfigError(f"a transform needs 3 means and 3 deviations above 0, got {self.mean} and {self.std}")

    @property
    def key(self) -> str:
        """16 hexadecimal digits that change with every field and with the meaning of the fields."""
        text = json.dumps({"version": TRANSFORM_VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def decode(self, path: Path) -> NDArray[np.uint8]:
        """The (height, width, 3) pixels of a picture file, resized, cut and inverted, not yet normalised.

        Raises UnreadablePictureError.
        """
        return self.apply(load_picture(path))

    def decode_bytes(self, content: bytes, path: Path) -> NDArray[np.uint8]:
        """Like ``decode``, from a file's content; ``path`` is only for the error's text."""
        return self.apply(picture_from_bytes(content, path))

    def apply(self, picture: Image.Image) -> NDArray[np.uint8]:
        """The (height, width, 3) pixels of an RGB picture, resized, cut and inverted, not yet normalised."""
        size, resampling = (self.width, self.height), RESAMPLING_FILTERS[self.resampling]
        if self.shortest_edge is None:
            resized = picture.resize(size, resampling)
        else:
            strip = _without_far_ends(picture)
            resized = strip.resize(_size_by_edge(strip, self.shortest_edge), resampling)
            left, top = (resized.width - self.width) // 2, (resized.height - self.height) // 2
            resized = resized.crop((left, top, left + self.width, top + self.height))
        pixels: NDArray[np.uint8] = np.array(resized)
        return np.invert(pixels, out=pixels) if self.invert else pixels

    def normalise(self, pixels: Tensor) -> Tensor:
        """The network's (B, 3, H, W) float32 input, from (B, H, W, 3) uint8 pixels; stays on their device.

        The memory keeps the order of the pixels (channels last), which convolutions on a CPU prefer.
        """
        import torch  # here alone, so that exported models prepare their pictures without it

        batch, height, width, _ = pixels.shape
        scale = torch.tensor([1 / (255 * std) for std in self.std], dtype=torch.float32)
        offset = torch.tensor([mean / std for mean, std in zip(self.mean, self.std, strict=True)], dtype=torch.float32)
        # whole rows of pixels at a time: arithmetic on the last axis of 3 alone is ten times slower
        rows = pixels.reshape(batch, height, width * 3).to(torch.float32)
        rows.mul_(scale.repeat(width).to(pixels.device)).sub_(offset.repeat(width).to(pixels.device))
        return rows.view(batch, height, width, 3).permute(0, 3, 1, 2)


def _size_by_edge(picture: Image.Image, shortest_edge: int) -> tuple[int, int]:
    """(width, height) with the given shorter side and the picture's proportions, rounded down as Hugging Face does."""
    width, height = picture.size
    long_edge = int(shortest_edge * max(width, height) / min(width, height))
    return (shortest_edge, long_edge) if width <= height else (long_edge, shortest_edge)


def _without_far_ends(picture: Image.Image) -> Image.Image:
    """The middle of a very long strip: 1 x 10,000 pixels would be resized to 256 x 2,560,000, to cut the centre."""
    width, height = picture.size
    longest = _MAX_PROPORTION * min(width, height)
    if max(width, height) <= longest:
        return picture
    left, top = max(width - longest, 0) // 2, max(height - longest, 0) // 2
    return picture.crop((left, top, left + min(width, longest), top + min(height, longest)))
