"""Dark ink on white paper, whatever a sketch was drawn with: pens of any colour, dark mode, a photographed sheet.

Models learn from black strokes on white. A sketch like that is left as it is. Any other is brought to that form: what
differs from its surroundings is ink, and rules, frames and lone specks are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

LONGEST = 2048
"""Pixels of the longer side of a sketch that is cleaned up; a larger one is made smaller first."""
GROUND_SIDE, GROUND_WINDOW, GROUND_EDGE = 96, 25, 4
"""The ground is the median of a window that spans a quarter of the sketch, taken in a small copy, whose outermost
pixels, which may be a frame, do not count."""
LIGHT_GROUND, DARK_INK = 225, 110
"""Grey values from which a ground is light, and up to which strokes are dark."""
LEAST_CONTRAST = 16
"""Distance from the ground, of 255, below which there is no ink."""
RULE_SHARE = 0.9
"""Share of a whole row or column from which a line is a rule or a frame, and not part of the drawing."""
SPECK_MASS, SPECK_GAP = 0.02, 0.25
"""A lone speck has at most this share of the ink, and this share of the drawing's size lies between the two."""
BUSY_SHARE, BUSY_SHARE_UNEVEN, UNEVEN_GROUND = 0.2, 0.08, 45
"""Share of pixels that differ from their ground above which a picture is no line drawing, on even and on uneven ground;
ground is uneven whose colours lie further apart, of 255. Of 400 photos 90 % are above, of 400 sketches none."""
CELLS = 64
"""Cells along the longer side of the grid in which connected ink is looked for."""


@dataclass(frozen=True, eq=False)
class Ink:
    """What is drawn on a sketch."""

    strength: FloatArray
    """(H, W) from 0, the ground, to 1, a full stroke."""
    kind: Literal["plain", "other", "photo"]
    """``plain``: dark strokes on a light, even ground, with no rules, frames or specks; ``other``: a drawing with other
    pens or on another ground; ``photo``: no line drawing, so that ink and ground cannot be told apart."""

    def box(self) -> tuple[int, int, int, int] | None:
        """Left, top, right and bottom of all that is drawn, the last two excluded; None where nothing is."""
        drawn = self.strength > 0.3
        rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
        if not len(rows):
            return None
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

    def picture(self) -> Image.Image:
        """The drawing in black on white, as RGB."""
        return Image.fromarray(np.rint(255 * (1 - self.strength)).astype(np.uint8)).convert("RGB")


def find_ink(sketch: Image.Image) -> Ink | None:
    """What is drawn on an RGB picture; None where nothing is."""
    if max(sketch.size) > LONGEST:
        sketch = sketch.copy()
        sketch.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    pixels = np.asarray(sketch.convert("RGB"), dtype=np.float32)
    ground = _ground(sketch)
    distance = np.abs(pixels - ground).max(axis=2)
    full = _full_stroke(distance)
    if full < LEAST_CONTRAST:
        return None
    noise = 4 * float(np.median(distance))
    # what is under a quarter of a full stroke is paper; so is noise, but it may take at most half of the range
    floor = min(max(0.25 * full, noise), 0.5 * full)
    strength = np.clip((distance - floor) / (0.8 * full - floor), 0, 1).astype(np.float32)
    without_rules = _without_rules(strength)
    cleaned = _without_specks(without_rules)
    dark = pixels.max(axis=2)[strength > 0.9]  # a coloured stroke has a light channel
    plain = (
        cleaned is strength
        and float(np.quantile(ground.min(axis=2), 0.25)) >= LIGHT_GROUND  # dense strokes may hide some of it
        and len(dark) > 0
        and float(np.quantile(dark, 0.8)) <= DARK_INK
    )
    if plain:
        return Ink(strength, "plain")
    busy = float(((distance > max(24.0, 0.15 * full)) & ((without_rules > 0) | (strength <= 0))).mean())
    unevenness = np.abs(ground - np.median(ground, axis=(0, 1))).max(axis=2)
    uneven = float(np.quantile(unevenness, 0.8)) > UNEVEN_GROUND
    is_photo = busy > BUSY_SHARE or (uneven and busy > BUSY_SHARE_UNEVEN)
    return Ink(cleaned, "photo" if is_photo else "other")


def _ground(sketch: Image.Image) -> FloatArray:
    """(H, W, 3) colours of what is drawn on."""
    small = sketch.convert("RGB")
    # picked pixels, not averages: strokes are thin, so that most picked pixels are ground even in a dense drawing
    small.thumbnail((GROUND_SIDE, GROUND_SIDE), Image.Resampling.NEAREST, reducing_gap=None)
    edge = max(0, min(GROUND_EDGE, min(small.size) // 4))
    inner = np.asarray(small)[edge : small.height - edge, edge : small.width - edge]
    bordered = Image.fromarray(np.pad(inner, ((edge, edge), (edge, edge), (0, 0)), "reflect"))
    blurred = bordered.filter(ImageFilter.MedianFilter(GROUND_WINDOW))
    return np.asarray(blurred.resize(sketch.size, Image.Resampling.BILINEAR), dtype=np.float32)


def _full_stroke(distance: FloatArray) -> float:
    """The distance from the ground that most of a stroke has; of several inks, that of the strongest."""
    strongest = float(distance.max())
    ink = distance[distance > max(0.5 * strongest, LEAST_CONTRAST)]
    return float(np.quantile(ink, 0.8)) if len(ink) else 0.0


def _without_rules(strength: FloatArray) -> FloatArray:
    """Without lines from edge to edge; where a stroke crosses one, it goes on. The same array where there are none."""
    cleaned = strength
    for axis in (0, 1):
        lines = np.flatnonzero((strength > 0.1).mean(axis=1 - axis) >= RULE_SHARE)
        if not len(lines) or len(lines) > 0.5 * strength.shape[axis]:
            continue
        others = np.setdiff1d(np.arange(strength.shape[axis]), lines)
        before = others[np.maximum(np.searchsorted(others, lines) - 1, 0)]
        after = others[np.minimum(np.searchsorted(others, lines), len(others) - 1)]
        cleaned = cleaned.copy() if cleaned is strength else cleaned
        rows = cleaned if axis == 0 else cleaned.T
        rows[lines] = np.minimum(rows[before], rows[after])
    return cleaned


def _without_specks(strength: FloatArray) -> FloatArray:
    """Without bits of ink that lie far from the drawing. The same array where there are none."""
    height, width = strength.shape
    cell = max(1, -(-max(height, width) // CELLS))
    padded = np.pad(strength, ((0, -height % cell), (0, -width % cell)))
    mass = padded.reshape(padded.shape[0] // cell, cell, -1, cell).sum(axis=(1, 3))
    parts = _connected(mass > 0.25)
    count = int(parts.max())
    if count < 2:
        return strength
    masses = np.bincount(parts.ravel(), mass.ravel(), minlength=count + 1)[1:]
    places = [np.argwhere(parts == number) for number in range(1, count + 1)]
    main = int(np.argmax(masses))
    kept = np.concatenate([place for place, own in zip(places, masses, strict=True) if own > SPECK_MASS * masses.sum()])
    kept = np.concatenate([kept, places[main]])
    size = float((kept.max(axis=0) - kept.min(axis=0)).max()) + 1
    lone = np.zeros(parts.shape, bool)
    for place, own in zip(places, masses, strict=True):
        outside = np.maximum(np.maximum(kept.min(axis=0) - place.max(axis=0), place.min(axis=0) - kept.max(axis=0)), 0)
        if own <= SPECK_MASS * masses.sum() and outside.max() > max(1.0, SPECK_GAP * size):
            lone[place[:, 0], place[:, 1]] = True
    if not lone.any():
        return strength
    spread = lone.repeat(cell, axis=0).repeat(cell, axis=1)[:height, :width]
    return np.where(spread, np.float32(0), strength)


def _connected(drawn: BoolArray) -> NDArray[np.int64]:
    """(h, w) numbers from 1 of the connected parts (corners count) of a small grid, 0 elsewhere."""
    parts = np.where(drawn, np.arange(1, drawn.size + 1).reshape(drawn.shape), 0)
    while True:  # each cell takes the highest number around it, until none changes
        around = np.pad(parts, 1)
        rows, columns = drawn.shape
        highest = np.max(
            [around[top : top + rows, left : left + columns] for top in range(3) for left in range(3)], axis=0
        )
        spread = np.where(drawn, highest, 0)
        if np.array_equal(spread, parts):
            break
        parts = spread
    return np.unique(parts, return_inverse=True)[1].reshape(parts.shape) + (0 if (parts == 0).any() else 1)
