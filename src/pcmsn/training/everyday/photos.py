"""The photos that the packaged model learns from: what they are, their frozen features, and an honest split of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from pcmsn.data.pictures import has_picture_suffix, load_picture
from pcmsn.encoders.kinds import Kind, kind_of_class
from pcmsn.training.everyday.network import PhotoNetwork

SAME_CONTENT = 0.95
"""Cosine of features from which two photos show the same: sources overlap, at other sizes."""


@dataclass(frozen=True)
class Photos:
    """Files with the row of their kind."""

    paths: tuple[Path, ...]
    kinds: NDArray[np.int64]


def list_photos(folders: dict[str, Path], kinds: Sequence[Kind]) -> Photos:
    """The photos of known classes under each source's folder, one folder a class, in a fixed order."""
    paths: list[Path] = []
    rows: list[int] = []
    for source, folder in folders.items():
        known = kind_of_class(list(kinds), source)
        for path in sorted(folder.glob("*/*")):
            if path.parent.name in known and has_picture_suffix(path):
                paths.append(path)
                rows.append(known[path.parent.name])
    return Photos(tuple(paths), np.asarray(rows, dtype=np.int64))


@torch.inference_mode()
def photo_features(
    network: PhotoNetwork, paths: Sequence[Path], generator: np.random.Generator | None = None, batch_size: int = 32
) -> NDArray[np.float32]:
    """(n, 384) features of whole photos, squeezed into squares; with a generator of mirrored parts of them."""
    network.eval()
    parts = []
    for first in range(0, len(paths), batch_size):
        pictures = [load_picture(path) for path in paths[first : first + batch_size]]
        pixels = np.stack([_view(picture, network.size, generator) for picture in pictures])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            parts.append(network(torch.from_numpy(pixels).permute(0, 3, 1, 2).float()).float().numpy())
    return np.concatenate(parts) if parts else np.zeros((0, 384), dtype=np.float32)


def content_groups(features: NDArray[np.float32], threshold: float = SAME_CONTENT) -> NDArray[np.int64]:
    """(n,) number of the group of each photo; photos nearer than ``threshold``, by chains too, are in one."""
    directions = features / np.linalg.norm(features, axis=1, keepdims=True)
    above = np.arange(len(features))

    def root(row: int) -> int:
        while above[row] != row:
            above[row] = above[above[row]]
            row = int(above[row])
        return row

    for first in range(0, len(features), 1000):
        for row, column in zip(*np.nonzero(directions[first : first + 1000] @ directions.T > threshold), strict=True):
            if first + row < column:
                above[root(int(column))] = root(int(first + row))
    return np.asarray([root(row) for row in range(len(features))])


def hold_out(groups: NDArray[np.int64], share: float, generator: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) whether a photo is held out: whole groups, ``share`` of them."""
    unique = np.unique(groups)
    chosen = generator.choice(unique, round(share * len(unique)), replace=False)
    return np.isin(groups, chosen)


def _view(picture: Image.Image, size: int, generator: np.random.Generator | None) -> NDArray[np.uint8]:
    if generator is None:
        return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))
    side, stretch = np.sqrt(generator.uniform(0.35, 1.0)), np.exp(generator.uniform(-0.25, 0.25))
    width = max(1, min(picture.width, int(picture.width * side * stretch)))
    height = max(1, min(picture.height, int(picture.height * side / stretch)))
    left = int(generator.integers(picture.width - width + 1))
    top = int(generator.integers(picture.height - height + 1))
    box = (left, top, left + width, top + height)
    part = picture.resize((size, size), Image.Resampling.BICUBIC, box=box)
    return np.asarray(part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if generator.random() < 0.5 else part)
