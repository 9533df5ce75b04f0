"""Backgrounds of photos: skies over ground, rooms, clutter out of focus. They are drawn without regard to the class."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pcmsn.data.toyworld.textures import cloudy

Picture = NDArray[np.float32]


def draw_backdrop(generator: np.random.Generator, side: int) -> Picture:
    """(side, side, 3) red, green and blue in [0, 1]."""
    coarse = max(16, side // 3)
    horizon = generator.uniform(0.5, 0.85) * coarse
    kind = generator.choice(["outdoors", "outdoors", "room", "plain"])
    upper, lower = _pair_of_colours(generator, str(kind))
    rows = np.arange(coarse, dtype=np.float32)
    sharpness = generator.uniform(0.25, 2.0)
    ground = np.clip((rows - horizon) * sharpness + 0.5, 0, 1)[:, None, None]
    fade = (rows / coarse)[:, None, None] - 0.5
    picture = (upper * (1 - ground) + lower * ground) * (1 + fade * generator.uniform(-0.5, 0.5))
    picture = np.repeat(picture, coarse, axis=1)
    across = np.linspace(-1, 1, coarse, dtype=np.float32)[None, :, None]
    picture = picture * (1 + across * generator.uniform(-0.2, 0.2))
    picture += _mottling(generator, coarse, ground[:, :, 0])[:, :, None]
    picture = _with_clutter(picture, generator, coarse, horizon)
    blurred = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    blurred = blurred.filter(ImageFilter.BoxBlur(coarse * generator.uniform(0.01, 0.04)))
    return np.asarray(blurred.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32) / np.float32(255)


def _colour(generator: np.random.Generator, hues: tuple[float, float], saturation: float, value: float) -> Picture:
    hue = generator.uniform(*hues) % 1.0
    saturation = float(np.clip(saturation * generator.uniform(0.5, 1.4), 0, 1))
    return np.array(
        colorsys.hsv_to_rgb(hue, saturation, min(1.0, value * generator.uniform(0.8, 1.15))), dtype=np.float32
    )


def _pair_of_colours(generator: np.random.Generator, kind: str) -> tuple[Picture, Picture]:
    """The colour above and below the horizon."""
    if kind == "outdoors":
        sky = [
            ((0.54, 0.62), 0.4, 0.9),
            ((0.55, 0.65), 0.08, 0.85),
            ((0.02, 0.12), 0.35, 0.92),
            ((0.57, 0.65), 0.3, 0.65),
        ]
        ground = [
            ((0.2, 0.36), 0.45, 0.55),
            ((0.07, 0.12), 0.35, 0.7),
            ((0.0, 1.0), 0.05, 0.55),
            ((0.5, 0.58), 0.4, 0.6),
        ]
        return _colour(generator, *sky[generator.integers(4)]), _colour(generator, *ground[generator.integers(4)])
    wall = _colour(generator, (0.0, 1.0), 0.22, 0.82)
    if kind == "plain":
        return wall, wall * generator.uniform(0.75, 1.0)
    return wall, _colour(generator, (0.04, 0.12), 0.4, 0.55)


def _mottling(generator: np.random.Generator, side: int, ground: Picture) -> Picture:
    """(side, side) fine unevenness, stronger on the ground, coarse unevenness everywhere."""
    fine = cloudy(generator, side, side, side // 2, side // 4) * (0.015 + 0.05 * generator.random() * ground)
    mottling: Picture = fine + cloudy(generator, side, side, 5, 5) * generator.uniform(0.01, 0.05)
    return mottling


def _with_clutter(picture: Picture, generator: np.random.Generator, side: int, horizon: float) -> Picture:
    """Blurred things in the distance: a line of hills or hedges, and soft shapes near the horizon."""
    canvas = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(canvas)
    if generator.random() < 0.45:
        xs = np.linspace(-0.1, 1.1, 9) * side
        ys = horizon - side * generator.uniform(0.02, 0.2) * generator.uniform(0.3, 1.0, 9)
        fill = _as_ink(_colour(generator, (0.2, 0.65), 0.3, 0.55))
        pen.polygon([*zip(xs, ys, strict=True), (side * 1.1, horizon + 1), (-side * 0.1, horizon + 1)], fill=fill)
    for _ in range(int(generator.integers(0, 9))):
        x, y = generator.uniform(0, side), horizon + generator.normal(0, 0.16) * side
        width, height = generator.uniform(0.02, 0.14, 2) * side
        fill = _as_ink(_colour(generator, (0.0, 1.0), 0.28, 0.65))
        if generator.random() < 0.5:
            pen.ellipse((x - width, y - height, x + width, y + height), fill=fill)
        else:
            pen.rectangle((x - width / 2, y - height * 1.5, x + width / 2, y + height), fill=fill)
    mixed = np.asarray(canvas, dtype=np.float32) / np.float32(255)
    share = np.float32(generator.uniform(0.4, 0.9))
    return picture * (1 - share) + mixed * share


def _as_ink(colour: Picture) -> tuple[int, int, int]:
    red, green, blue = (int(value * 255) for value in np.clip(colour, 0, 1))
    return red, green, blue
