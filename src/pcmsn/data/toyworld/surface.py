"""The surface of an object in a photo: material colour x texture x light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pcmsn.data.toyworld.materials import MATERIALS, draw_colour
from pcmsn.data.toyworld.textures import TEXTURES, Field


@dataclass(frozen=True, eq=False)
class Light:
    """Where the light comes from and how strong it is."""

    direction: tuple[float, float]
    """Unit vector in the picture towards the light, x to the right and y downwards."""
    slope: float
    """How much the side nearer to the light is brighter, across the whole object."""
    relief: float
    """Strength of the shading of rounded edges."""
    tint: NDArray[np.float32]
    """(3,) colour of the light."""


@dataclass(frozen=True, eq=False)
class Painted:
    """Which surface is seen at each pixel, and how high it stands."""

    materials: list[str]
    """Material of each surface."""
    tones: NDArray[np.float32]
    """(surfaces,) share by which each surface is lighter or darker than its material."""
    labels: NDArray[np.uint8]
    """(H, W) number of the uppermost surface, from 1; 0 for the background."""
    heights: NDArray[np.uint8]
    """(H, W) height towards the viewer, 0 for the background."""


def render_surface(
    painted: Painted, inverse: NDArray[np.float32], light: Light, side: int, generator: np.random.Generator
) -> Field:
    """(H, W, 3) colours in about [0, 1]; meaningless where there is no surface.

    ``inverse`` (2, 2) turns pixels into the object's units, ``side`` is the whole picture's in pixels.
    """
    names = sorted(set(painted.materials))
    colours = {name: draw_colour(MATERIALS[name], generator) for name in names}
    tones = 1 + painted.tones + generator.normal(0, 0.035, len(painted.tones)).astype(np.float32)
    table = np.zeros((len(tones) + 1, 3), dtype=np.float32)
    table[1:] = np.stack([colours[name] for name in painted.materials]) * tones[:, None]
    kinds = np.array([0, *(names.index(name) + 1 for name in painted.materials)], dtype=np.uint8)[painted.labels]
    gloss = np.array([0.0, *(MATERIALS[name].gloss for name in names)], dtype=np.float32)
    shape, bevel, crease = _shading(painted, light, side)
    shade = (1 + bevel) * (1 + shape) * (1 - crease) * (1 + _texture(names, kinds, inverse, generator))
    highlight = gloss[kinds] * np.maximum(bevel + shape - 0.1, 0) * np.float32(1.3)
    surface: Field = table[painted.labels] * shade[:, :, None] + highlight[:, :, None]
    return surface


def _texture(
    names: list[str], kinds: NDArray[np.uint8], inverse: NDArray[np.float32], generator: np.random.Generator
) -> Field:
    """(H, W) lightening and darkening by each pixel's material, in the object's own coordinates."""
    height, width = kinds.shape
    down, across = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    u = across * inverse[0, 0] + down * inverse[1, 0]
    v = across * inverse[0, 1] + down * inverse[1, 1]
    texture = np.zeros(kinds.shape, dtype=np.float32)
    for number, name in enumerate(names, 1):
        material = MATERIALS[name]
        field = TEXTURES[material.texture](u, v, generator) * np.float32(material.strength)
        np.copyto(texture, field, where=kinds == number)
    return texture


def _shading(painted: Painted, light: Light, side: int) -> tuple[Field, Field, Field]:
    """Light on the object as one rounded body with a bright side, light on the edges of surfaces, dark creases."""
    height, width = painted.labels.shape
    fine = Image.fromarray(painted.heights).filter(ImageFilter.BoxBlur(side * 0.009))
    bevel = _facing(np.asarray(fine, dtype=np.float32), light, 2) * np.float32(light.relief * 1.1 / 255)
    body = Image.fromarray((painted.labels > 0).astype(np.uint8) * 255).reduce(4)
    body = body.filter(ImageFilter.BoxBlur(side * 0.012)).filter(ImageFilter.BoxBlur(side * 0.008))
    bulge = _facing(np.asarray(body, dtype=np.float32), light, 1) * np.float32(light.relief * 0.9 / 255)
    rounded = np.asarray(Image.fromarray(bulge).resize((width, height), Image.Resampling.BILINEAR))
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * np.float32(light.direction[1] * light.slope)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] * np.float32(light.direction[0] * light.slope)
    return np.clip(rounded, -0.45, 0.4) + down + across, np.clip(bevel, -0.4, 0.4), _creases(painted.labels, side)


def _creases(labels: NDArray[np.uint8], side: int) -> Field:
    """(H, W) darkening in [0, 0.5] along the joints of surfaces, where little light comes."""
    edges = np.zeros(labels.shape, dtype=np.uint8)
    edges[1:] |= labels[1:] != labels[:-1]
    edges[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    soft = Image.fromarray(edges * np.uint8(255)).filter(ImageFilter.BoxBlur(side * 0.0055))
    creases: Field = np.minimum(np.asarray(soft, dtype=np.float32) * np.float32(0.9 / 255), np.float32(0.5))
    return creases


def _facing(heights: Field, light: Light, step: int) -> Field:
    """How much a surface of these heights faces the light: the slope downwards towards it."""
    facing = np.zeros_like(heights)
    across, down = (np.float32(value) for value in light.direction)
    facing[:, step:-step] += (heights[:, : -2 * step] - heights[:, 2 * step :]) * across
    facing[step:-step] += (heights[: -2 * step] - heights[2 * step :]) * down
    return facing
