"""What parts are made of in a photo: colours that vary widely from picture to picture, texture and gloss."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Hue, saturation and value, each in [0, 1]."""


@dataclass(frozen=True)
class Material:
    """How a material looks; its colour is drawn anew for each picture."""

    texture: str
    """Name of a texture in ``textures.TEXTURES``."""
    colours: tuple[Colour, ...]
    """Typical colours, one of which is drawn and varied."""
    strength: float = 0.1
    """Share by which the texture lightens and darkens the colour."""
    gloss: float = 0.0
    """Strength of the highlight on the side of the light."""
    freedom: float = 0.12
    """Probability of any hue at all instead of a typical one."""


_BRIGHT = tuple((hue, 0.78, 0.85) for hue in (0.0, 0.04, 0.1, 0.14, 0.33, 0.5, 0.58, 0.64, 0.8, 0.93))
_WOODS = (
    (0.07, 0.6, 0.5),
    (0.08, 0.55, 0.68),
    (0.06, 0.62, 0.34),
    (0.1, 0.35, 0.8),
    (0.03, 0.6, 0.45),
    (0.1, 0.12, 0.9),
)
_COATS = ((0.07, 0.55, 0.5), (0.09, 0.5, 0.72), (0.05, 0.5, 0.3), (0.0, 0.0, 0.85), (0.0, 0.02, 0.3), (0.1, 0.2, 0.62))
_STONES = ((0.1, 0.14, 0.72), (0.08, 0.22, 0.62), (0.6, 0.06, 0.6), (0.1, 0.3, 0.8), (0.0, 0.0, 0.5))
_METALS = ((0.6, 0.06, 0.72), (0.58, 0.12, 0.55), (0.1, 0.1, 0.68), (0.05, 0.4, 0.48), (0.6, 0.1, 0.38))
_GREENS = (
    (0.28, 0.62, 0.5),
    (0.23, 0.6, 0.62),
    (0.34, 0.55, 0.4),
    (0.18, 0.6, 0.66),
    (0.08, 0.75, 0.7),
    (0.13, 0.7, 0.78),
)

MATERIALS: dict[str, Material] = {  # texture, colours, strength, gloss, freedom
    "paint": Material("smooth", (*_BRIGHT, (0.0, 0.0, 0.92), (0.0, 0.0, 0.22)), 0.06, 0.5, 0.3),
    "trim": Material("smooth", ((0.0, 0.0, 0.92), (0.1, 0.12, 0.88), (0.6, 0.1, 0.55), *_BRIGHT[::3]), 0.06, 0.3, 0.2),
    "plate": Material("smooth", ((0.58, 0.06, 0.92), (0.58, 0.3, 0.7), (0.6, 0.1, 0.75), *_BRIGHT[::4]), 0.05, 0.45),
    "signal": Material(
        "smooth", ((0.0, 0.8, 0.82), (0.6, 0.75, 0.75), (0.12, 0.85, 0.95), (0.35, 0.7, 0.6)), 0.06, 0.2, 0.2
    ),
    "rubber": Material("grain", ((0.0, 0.0, 0.14), (0.6, 0.1, 0.2), (0.08, 0.2, 0.18)), 0.15, 0.1, 0.03),
    "chrome": Material("smooth", ((0.6, 0.05, 0.82), (0.0, 0.0, 0.68), (0.12, 0.45, 0.8)), 0.06, 0.7, 0.06),
    "steel": Material("brushed", _METALS, 0.12, 0.6, 0.06),
    "copper": Material(
        "smooth", ((0.46, 0.35, 0.66), (0.12, 0.65, 0.85), (0.55, 0.5, 0.7), (0.06, 0.55, 0.6)), 0.08, 0.6, 0.2
    ),
    "glass": Material(
        "glaze", ((0.56, 0.35, 0.8), (0.55, 0.25, 0.55), (0.6, 0.3, 0.3), (0.13, 0.4, 0.95)), 0.3, 0.2, 0.05
    ),
    "lamp": Material("smooth", ((0.14, 0.35, 1.0), (0.1, 0.6, 0.98)), 0.05, 0.3, 0.05),
    "dark": Material("smooth", ((0.0, 0.0, 0.1), (0.08, 0.3, 0.16), (0.6, 0.3, 0.18)), 0.05, 0.1, 0.03),
    "leather": Material("grain", ((0.06, 0.6, 0.35), (0.0, 0.0, 0.15), (0.04, 0.65, 0.25)), 0.12, 0.25),
    "fabric": Material("weave", tuple((hue, 0.5, 0.66) for hue in np.linspace(0, 0.95, 12)), 0.14, 0.0, 0.3),
    "sail": Material("weave", ((0.1, 0.06, 0.95), (0.1, 0.2, 0.9), (0.0, 0.0, 0.85), (0.02, 0.6, 0.75)), 0.06, 0.0),
    "wood": Material("boards", _WOODS, 0.22, 0.12, 0.15),
    "board": Material(
        "planks", ((0.0, 0.68, 0.55), (0.06, 0.5, 0.45), (0.1, 0.2, 0.75), (0.6, 0.2, 0.5)), 0.22, 0.0, 0.15
    ),
    "bark": Material(
        "bark", ((0.07, 0.45, 0.35), (0.08, 0.3, 0.5), (0.1, 0.1, 0.7), (0.05, 0.5, 0.25)), 0.3, 0.0, 0.05
    ),
    "plaster": Material(
        "grain", ((0.1, 0.12, 0.93), (0.12, 0.4, 0.9), (0.03, 0.35, 0.85), (0.56, 0.25, 0.85)), 0.06, 0.0, 0.2
    ),
    "brick": Material(
        "brick", ((0.03, 0.58, 0.6), (0.05, 0.45, 0.72), (0.02, 0.5, 0.42), (0.09, 0.35, 0.75)), 0.26, 0.0, 0.06
    ),
    "stone": Material("masonry", _STONES, 0.2, 0.0, 0.08),
    "roof": Material(
        "tiles", ((0.03, 0.65, 0.55), (0.6, 0.2, 0.38), (0.07, 0.5, 0.38), (0.35, 0.3, 0.42)), 0.24, 0.05, 0.15
    ),
    "soil": Material("mottled", ((0.07, 0.55, 0.35), (0.09, 0.4, 0.5), (0.06, 0.5, 0.22)), 0.3, 0.0, 0.04),
    "smoke": Material("mottled", ((0.0, 0.0, 0.85), (0.0, 0.0, 0.5)), 0.14, 0.0, 0.03),
    "water": Material("brushed", ((0.56, 0.5, 0.8), (0.52, 0.35, 0.85)), 0.2, 0.3, 0.03),
    "fur": Material("fur", _COATS, 0.22, 0.0, 0.1),
    "mane": Material("fur", (*_COATS[2:5], (0.07, 0.6, 0.36)), 0.3, 0.0, 0.08),
    "patch": Material("fur", (*_COATS[2:5], (0.06, 0.65, 0.42)), 0.2, 0.0, 0.08),
    "hide": Material(
        "grain", ((0.6, 0.08, 0.55), (0.58, 0.2, 0.5), (0.07, 0.18, 0.52), (0.55, 0.25, 0.65)), 0.09, 0.1, 0.1
    ),
    "horn": Material("smooth", ((0.1, 0.15, 0.88), (0.08, 0.3, 0.4), (0.0, 0.0, 0.2)), 0.08, 0.2, 0.03),
    "feather": Material("fur", (*_BRIGHT[::2], (0.08, 0.4, 0.5), (0.0, 0.0, 0.9), (0.6, 0.1, 0.35)), 0.15, 0.0, 0.2),
    "wing": Material("brushed", (*_BRIGHT[1::3], (0.07, 0.5, 0.35), (0.0, 0.0, 0.25), (0.6, 0.2, 0.6)), 0.22, 0.0, 0.2),
    "beak": Material("smooth", ((0.1, 0.8, 0.95), (0.05, 0.8, 0.85), (0.0, 0.0, 0.2)), 0.06, 0.25, 0.05),
    "scale": Material("scales", (*_BRIGHT, (0.6, 0.15, 0.75), (0.1, 0.5, 0.8)), 0.2, 0.5, 0.2),
    "fin": Material("brushed", (*_BRIGHT, (0.6, 0.2, 0.5)), 0.2, 0.2, 0.2),
    "leaf": Material("foliage", _GREENS, 0.26, 0.0, 0.08),
    "needle": Material(
        "foliage", ((0.36, 0.55, 0.34), (0.3, 0.5, 0.42), (0.45, 0.35, 0.5), (0.27, 0.55, 0.45)), 0.28, 0.0, 0.06
    ),
    "succulent": Material("brushed", ((0.33, 0.5, 0.5), (0.27, 0.5, 0.6), (0.42, 0.35, 0.55)), 0.15, 0.2, 0.06),
    "stalk": Material("smooth", _GREENS[:4], 0.1, 0.1, 0.03),
    "petal": Material("smooth", (*_BRIGHT, (0.95, 0.3, 0.95), (0.0, 0.0, 0.95), (0.14, 0.7, 0.98)), 0.1, 0.1, 0.2),
    "blossom": Material("smooth", ((0.97, 0.35, 0.9), (0.03, 0.35, 0.85)), 0.08, 0.1, 0.05),
    "pollen": Material("mottled", ((0.13, 0.85, 0.95), (0.09, 0.8, 0.8), (0.07, 0.6, 0.4)), 0.25, 0.0, 0.05),
}


def draw_colour(material: Material, generator: np.random.Generator) -> NDArray[np.float32]:
    """(3,) red, green and blue in [0, 1] for one picture."""
    hue, saturation, value = material.colours[int(generator.integers(len(material.colours)))]
    if generator.random() < material.freedom:
        hue, saturation = generator.random(), max(saturation, 0.3)
    hue = (hue + generator.normal(0, 0.025)) % 1.0
    saturation = float(np.clip(saturation * generator.uniform(0.75, 1.2), 0, 1))
    value = float(np.clip(value * generator.uniform(0.8, 1.12), 0.05, 1))
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value), dtype=np.float32)
