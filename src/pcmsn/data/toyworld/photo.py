"""Photos: a shape with coloured, textured, lit surfaces at a random pose in front of a random background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pcmsn.data.toyworld.backdrop import draw_backdrop
from pcmsn.data.toyworld.categories import Category
from pcmsn.data.toyworld.shapes import Points, Shape, extent, groups
from pcmsn.data.toyworld.surface import Light, Painted, render_surface
from pcmsn.data.toyworld.textures import Field

OVERSAMPLING = 2
"""Photos are rendered this much larger, then reduced, so that edges are smooth."""


@dataclass(frozen=True, eq=False)
class Pose:
    """Where a shape stands in a picture: pixels = ``points @ matrix + offset``."""

    matrix: Points
    """(2, 2)"""
    offset: Points
    """(2,)"""


def draw_photo(category: Category, generator: np.random.Generator, size: int) -> Image.Image:
    """A colour (mode RGB) picture of ``size`` x ``size``."""
    shape, side = category.build(generator), size * OVERSAMPLING
    pose, light = _draw_pose(shape, category, generator, side), _draw_light(generator)
    painted = _painted(shape, pose, generator, side)
    picture = draw_backdrop(generator, side)
    _cast_shadow(picture, painted.labels > 0, light, generator)
    _put_surface(picture, painted, pose, light, generator)
    return _developed(picture * light.tint, generator, size)


def _draw_pose(shape: Shape, category: Category, generator: np.random.Generator, side: int) -> Pose:
    """Mirrored or not, turned, foreshortened and sheared; at least half as large as the picture."""
    low, high = extent(shape)
    angle = np.radians(generator.normal(0, category.turn))
    cosine, sine = np.cos(angle), np.sin(angle)
    mirror = generator.choice([-1.0, 1.0])
    matrix = np.array([[mirror * generator.uniform(0.76, 1.06), 0.0], [generator.normal(0, 0.07), 1.0]])
    matrix = matrix @ np.array([[cosine, sine], [-sine, cosine]]) * (1.0, -1.0)
    corners = np.array([(x, y) for x in (low[0], high[0]) for y in (low[1], high[1])]) @ matrix
    reach = np.ptp(corners, axis=0)
    scale = side * generator.uniform(0.58, 0.92) / float(reach.max())
    spare = np.maximum(side - reach * scale, 0) / 2
    centre = side / 2 + generator.uniform(-0.8, 0.8, 2) * spare
    return Pose(matrix * scale, centre - (corners.max(axis=0) + corners.min(axis=0)) / 2 * scale)


def _draw_light(generator: np.random.Generator) -> Light:
    angle = generator.uniform(-np.pi * 0.9, -np.pi * 0.1)
    tint = 1.02 + generator.normal(0, 0.03, 3) + generator.normal(0, 0.05)
    return Light(
        direction=(float(np.cos(angle)), float(np.sin(angle))),
        slope=generator.uniform(0.15, 0.5),
        relief=generator.uniform(0.5, 1.2),
        tint=tint.astype(np.float32),
    )


def _painted(shape: Shape, pose: Pose, generator: np.random.Generator, side: int) -> Painted:
    """The shape's surfaces, each over those before it, with a random height each."""
    runs = groups(shape)
    levels = generator.integers(110, 200, len(runs))
    labels, heights = Image.new("L", (side, side)), Image.new("L", (side, side))
    pens = ImageDraw.Draw(labels), ImageDraw.Draw(heights)
    scale = float(np.sqrt(abs(np.linalg.det(pose.matrix))))
    for number, run in enumerate(runs, 1):
        for part in run:
            coordinates = (part.points @ pose.matrix + pose.offset).ravel().tolist()
            width = max(1, round(part.width * scale))
            for pen, value in zip(pens, (number, int(levels[number - 1])), strict=True):
                if part.closed:
                    pen.polygon(coordinates, fill=value)
                else:
                    pen.line(coordinates, fill=value, width=width, joint="curve" if width > 4 else None)
    return Painted(
        materials=[run[0].material for run in runs],
        tones=np.array([run[0].tone for run in runs], dtype=np.float32),
        labels=np.asarray(labels),
        heights=np.asarray(heights),
    )


def _cast_shadow(picture: Field, mask: NDArray[np.bool_], light: Light, generator: np.random.Generator) -> None:
    """Darken the background where the object keeps the light away: flat on the ground, away from the light."""
    foot, flat = float(np.flatnonzero(mask.any(axis=1))[-1]), generator.uniform(0.12, 0.4)
    slant = -light.direction[0] * generator.uniform(0.3, 1.2)
    # Reduced to half: shadows are soft. The shadow at (x, y) shows the silhouette at (x - slant * h, foot - h),
    # where h is the height above the ground that falls on y, squeezed by ``flat``.
    side, foot = len(mask) // 2, foot / 2
    transform = (1.0, slant / flat, -slant / flat * foot, 0.0, 1 / flat, foot - foot / flat)
    silhouette = Image.fromarray(mask[::2, ::2].astype(np.uint8) * 255)
    shadow = silhouette.transform((side, side), Image.Transform.AFFINE, transform, Image.Resampling.NEAREST)
    shadow = shadow.filter(ImageFilter.BoxBlur(side * generator.uniform(0.01, 0.035)))
    dark = np.asarray(shadow.resize(mask.shape[::-1], Image.Resampling.BILINEAR), dtype=np.float32)
    picture *= 1 - dark[:, :, None] * np.float32(generator.uniform(0.3, 0.65) / 255)


def _put_surface(picture: Field, painted: Painted, pose: Pose, light: Light, generator: np.random.Generator) -> None:
    """Render the part of the picture that holds the object, and lay the object over the background."""
    mask = painted.labels > 0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = np.s_[max(rows[0] - 8, 0) : rows[-1] + 9, max(columns[0] - 8, 0) : columns[-1] + 9]
    crop = Painted(painted.materials, painted.tones, painted.labels[window], painted.heights[window])
    inverse = np.linalg.inv(pose.matrix).astype(np.float32)
    surface = render_surface(crop, inverse, light, len(picture), generator)
    np.copyto(picture[window], surface, where=mask[window][:, :, None])


def _developed(picture: Field, generator: np.random.Generator, size: int) -> Image.Image:
    """Reduced to the final size, a little blurred, darker to the corners, with the sensor's noise."""
    large = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    small = large.resize((size, size), Image.Resampling.BOX)
    soft = np.asarray(small.filter(ImageFilter.BoxBlur(generator.uniform(0.0, 0.45))), dtype=np.float32)
    across = np.linspace(-1, 1, size, dtype=np.float32) ** 2
    vignette = 1 - (across[:, None] + across[None, :]) * np.float32(generator.uniform(0, 0.14))
    noise = generator.standard_normal((size, size, 3), dtype=np.float32) * np.float32(generator.uniform(1.0, 5.0))
    return Image.fromarray(np.clip(soft * vignette[:, :, None] + noise, 0, 255).astype(np.uint8))
