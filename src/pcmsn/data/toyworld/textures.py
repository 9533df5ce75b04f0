"""Surface textures: fields over a picture, made from its object's own coordinates so that they turn with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field: TypeAlias = NDArray[np.float32]
Texture: TypeAlias = Callable[[Field, Field, np.random.Generator], Field]


def cloudy(generator: np.random.Generator, height: int, width: int, rows: int, columns: int) -> Field:
    """(height, width) smooth noise of about unit spread, with ``rows`` x ``columns`` random values behind it."""
    coarse = generator.standard_normal((rows, columns)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR))


def _noise(like: Field, generator: np.random.Generator, scale: int) -> Field:
    height, width = like.shape
    return cloudy(generator, height, width, max(2, height // scale), max(2, width // scale))


def _smooth(u: Field, v: Field, generator: np.random.Generator) -> Field:
    return _noise(u, generator, 24)


def _grain(u: Field, v: Field, generator: np.random.Generator) -> Field:
    return _noise(u, generator, 3)


def _mottled(u: Field, v: Field, generator: np.random.Generator) -> Field:
    return _noise(u, generator, 6)


def _foliage(u: Field, v: Field, generator: np.random.Generator) -> Field:
    return 0.8 * _noise(u, generator, 5) + 0.5 * _noise(u, generator, 14)


def _fur(u: Field, v: Field, generator: np.random.Generator) -> Field:
    height, width = u.shape
    return 0.8 * cloudy(generator, height, width, height // 8, width // 3) + 0.5 * _noise(u, generator, 20)


def _brushed(u: Field, v: Field, generator: np.random.Generator) -> Field:
    height, width = u.shape
    return cloudy(generator, height, width, height // 24, width // 3)


def _stripes(across: Field, period: float, sharpness: float) -> Field:
    """Thin dark joints once a period, light elsewhere."""
    phase = np.abs((across / period) % 1.0 - 0.5) * 2
    stripes: Field = np.clip((1 - phase) * sharpness, 0, 1) - np.float32(0.7)
    return stripes


def _boards(u: Field, v: Field, generator: np.random.Generator) -> Field:
    wavy = v * generator.uniform(26, 40) + 0.6 * _noise(u, generator, 20)
    return (0.7 * np.sin(wavy) + 0.5 * _noise(u, generator, 8)).astype(np.float32)


def _planks(u: Field, v: Field, generator: np.random.Generator) -> Field:
    return _stripes(u, generator.uniform(0.08, 0.13), 6) + 0.3 * _noise(u, generator, 6)


def _bark(u: Field, v: Field, generator: np.random.Generator) -> Field:
    return (np.sin(u * 70 + 1.4 * _noise(u, generator, 10)) * 0.7 + 0.4 * _noise(u, generator, 4)).astype(np.float32)


def _weave(u: Field, v: Field, generator: np.random.Generator) -> Field:
    period = generator.uniform(40, 90)
    pattern = np.sin(u * period) * (1 if generator.random() < 0.5 else 0.3) + np.sin(v * period) * 0.5
    woven: Field = (0.6 * pattern + 0.4 * _noise(u, generator, 16)).astype(np.float32)
    return woven


def _courses(u: Field, v: Field, tall: float, wide: float) -> Field:
    """Dark joints between bricks of the given size, every second row shifted by half a brick."""
    row = np.floor(v / tall)
    upright = _stripes(u + (row % 2) * wide / 2, wide, 8)
    level = _stripes(v, tall, 5)
    shade = np.sin(row * 12.9898 + np.floor((u + (row % 2) * wide / 2) / wide) * 78.233) * 0.4
    courses: Field = np.minimum(upright, level) * np.float32(1.6) + shade
    return courses


def _brick(u: Field, v: Field, generator: np.random.Generator) -> Field:
    tall = generator.uniform(0.05, 0.065)
    return _courses(u, v, tall, tall * 2.2) + 0.2 * _noise(u, generator, 4)


def _masonry(u: Field, v: Field, generator: np.random.Generator) -> Field:
    tall = generator.uniform(0.09, 0.14)
    return _courses(u, v, tall, tall * 1.5) * 0.8 + 0.25 * _noise(u, generator, 5)


def _tiles(u: Field, v: Field, generator: np.random.Generator) -> Field:
    tall = generator.uniform(0.055, 0.08)
    row = np.floor(v / tall)
    across = np.abs(np.sin((u / tall + (row % 2) * 0.5) * np.pi))
    tiles: Field = ((v / tall) % 1.0) * 1.2 + across * 0.8 - 1.1 + 0.2 * _noise(u, generator, 8)
    return tiles


def _scales(u: Field, v: Field, generator: np.random.Generator) -> Field:
    period = generator.uniform(38, 55)
    return (np.sin(u * period + v * period * 0.7) * np.sin(u * period - v * period * 0.7)).astype(np.float32)


def _glaze(u: Field, v: Field, generator: np.random.Generator) -> Field:
    """Diagonal reflections."""
    slant = (u + v * generator.uniform(0.5, 1.2)) * generator.uniform(8, 14) + generator.uniform(0, 6)
    glaze: Field = np.clip(np.sin(slant) * 3, -0.6, 1.0)
    return glaze


TEXTURES: dict[str, Texture] = {
    "smooth": _smooth,
    "grain": _grain,
    "mottled": _mottled,
    "foliage": _foliage,
    "fur": _fur,
    "brushed": _brushed,
    "boards": _boards,
    "planks": _planks,
    "bark": _bark,
    "weave": _weave,
    "brick": _brick,
    "masonry": _masonry,
    "tiles": _tiles,
    "scales": _scales,
    "glaze": _glaze,
}
"""Each takes (H, W) object coordinates, about one unit across the object, to (H, W) values of about unit spread."""
