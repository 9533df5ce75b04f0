"""Sketches: a shape's outlines as a hurried hand would draw them, black on white."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from pcmsn.data.toyworld.categories import Category
from pcmsn.data.toyworld.shapes import Points, Shape, extent, groups, turn

OVERSAMPLING = 3
"""Strokes are drawn this much larger, then reduced, so that their edges are smooth."""


@dataclass(frozen=True)
class Hand:
    """How one sketcher draws one picture; lengths are in pixels."""

    wobble: float
    """Standard deviation of the stroke's smooth deviation."""
    thickness: float
    overshoot: float
    """Standard deviation of how far a stroke runs beyond its end, or stops before it."""
    omission: float
    """Probability that an optional part is left out."""
    gap: float
    """Probability that a stroke is interrupted."""
    transparency: float
    """Probability that a part does not hide what lies behind it."""
    lifting: float
    """Probability that the pen is lifted at a corner."""


def _draw_hand(generator: np.random.Generator, side: int) -> Hand:
    """A sketcher from careful to careless."""
    haste = generator.uniform(0, 1)
    return Hand(
        wobble=side * (0.003 + 0.008 * haste * generator.uniform(0.5, 1.0)),
        thickness=side * generator.uniform(0.011, 0.022),
        overshoot=side * (0.004 + 0.016 * haste),
        omission=generator.uniform(0.05, 0.35) + 0.3 * haste,
        gap=0.04 + 0.16 * haste,
        transparency=0.02 + 0.1 * haste,
        lifting=generator.uniform(0.15, 0.8),
    )


def draw_sketch(category: Category, generator: np.random.Generator, size: int) -> Image.Image:
    """A grey (mode L) picture of ``size`` x ``size``: dark hand-drawn strokes on white."""
    side = size * OVERSAMPLING
    shape, hand = category.build(generator), _draw_hand(generator, side)
    kept = [part for part in shape if not (part.optional and generator.random() < hand.omission)]
    placed = _placed_by_hand(kept, category, generator, side)
    picture = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(picture)
    ink = int(generator.integers(0, 60))
    for run in groups(placed):
        _draw_surface(pen, run, hand, ink, generator)
    return picture.resize((size, size), Image.Resampling.BOX)


def _draw_surface(pen: ImageDraw.ImageDraw, run: Shape, hand: Hand, ink: int, generator: np.random.Generator) -> None:
    """Outlines of one surface over what lies behind it; several parts get one outline around them all."""
    drawn = [replace(part, points=_wobbled(part.points, part.closed, hand.wobble, generator)) for part in run]
    outlines = [part.points.ravel().tolist() for part in drawn if part.closed]
    if len(run) > 1 or generator.random() >= hand.transparency:
        for outline in outlines:
            pen.polygon(outline, fill=255)
    # Of a joint outline the inner half is wiped away again, with all that lies inside.
    thickness = hand.thickness if len(run) == 1 else 2 * hand.thickness
    for part in drawn:
        for stroke in _strokes(part.points, part.closed, hand, generator):
            _draw_stroke(pen, stroke, thickness, ink, generator)
    if len(run) > 1:
        for outline in outlines:
            pen.polygon(outline, fill=255)


def _placed_by_hand(parts: Shape, category: Category, generator: np.random.Generator, side: int) -> Shape:
    """The parts in pixels: mirrored or not, a little turned, stretched and bent, filling most of the paper."""
    low, high = extent(parts)
    centre, reach = (low + high) / 2, float(max(high - low)) / 2
    flip = np.array([generator.choice([-1.0, 1.0]), 1.0])
    stretch = np.exp(generator.normal(0, 0.07, 2))
    angle = np.radians(generator.normal(0, category.turn * 0.8))
    bend = generator.normal(0, 0.05, (2, 2))
    turned = []
    for part in parts:
        points = turn((part.points - centre) / reach * flip * stretch, angle)
        turned.append(points + (points**2) @ bend)
    everything = np.concatenate(turned)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = side * generator.uniform(0.66, 0.88) / float(max(high - low))
    spare = (side * 0.94 - (high - low) * scale) / 2
    offset = side / 2 + generator.uniform(-0.6, 0.6, 2) * np.maximum(spare, 0)
    return [
        replace(part, points=(points - (low + high) / 2) * (scale, -scale) + offset)
        for part, points in zip(parts, turned, strict=True)
    ]


def _resampled(points: Points, spacing: float) -> Points:
    """Points at about equal distances along a line, its ends included."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0, lengths[-1], max(2, int(lengths[-1] / spacing) + 1))
    return np.stack([np.interp(at, lengths, points[:, axis]) for axis in (0, 1)], axis=1)


def _wobbled(points: Points, closed: bool, wobble: float, generator: np.random.Generator) -> Points:
    """The line with the hand's smooth deviation; a closed outline ends in its first point, or near it."""
    outline = np.concatenate([points, points[:1]]) if closed else points
    dense = _resampled(outline, 7.0)
    count = max(3, len(dense) // 6)
    knots = generator.normal(0, wobble, (count, 2))
    at = np.linspace(0, count - 1, len(dense))
    drift = np.stack([np.interp(at, np.arange(count), knots[:, axis]) for axis in (0, 1)], axis=1)
    return dense + drift


def _strokes(points: Points, closed: bool, hand: Hand, generator: np.random.Generator) -> Iterator[Points]:
    """The line cut at corners where the pen is lifted; each piece runs over or stops short, and may have a gap."""
    if closed:
        start = int(generator.integers(len(points)))
        points = np.concatenate([points[start:-1], points[: start + 1]])
    steps = np.diff(points, axis=0)
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    corners = np.flatnonzero(np.abs((np.diff(angles) + np.pi) % (2 * np.pi) - np.pi) > 0.7) + 1
    corners = corners[generator.random(len(corners)) < hand.lifting]
    for piece in np.split(np.arange(len(points)), corners):
        if len(piece) == 0:
            continue
        stroke = points[piece[0] : piece[-1] + 2]
        if len(stroke) < 2:
            continue
        stroke = _extended(stroke, generator.normal(0, hand.overshoot, 2))
        if len(stroke) > 14 and generator.random() < hand.gap:
            cut, width = int(generator.integers(4, len(stroke) - 6)), int(generator.integers(1, 4))
            yield stroke[:cut]
            yield stroke[cut + width :]
        else:
            yield stroke


def _extended(stroke: Points, lengths: Points) -> Points:
    """The stroke with its ends moved outwards (> 0) or inwards by the given lengths in pixels."""
    first, last = stroke[0] - stroke[1], stroke[-1] - stroke[-2]
    norms = [max(float(np.linalg.norm(end)), 1e-6) for end in (first, last)]
    moved = stroke.copy()
    moved[0] += first * max(lengths[0] / norms[0], -0.8)
    moved[-1] += last * max(lengths[1] / norms[1], -0.8)
    return moved


def _draw_stroke(
    pen: ImageDraw.ImageDraw, stroke: Points, thickness: float, ink: int, generator: np.random.Generator
) -> None:
    """Draw one stroke as short lines whose thickness changes as the pen's pressure does."""
    pressure = thickness * generator.uniform(0.8, 1.2)
    for start in range(0, len(stroke) - 1, 5):
        run = stroke[start : start + 6]
        pressure = float(np.clip(pressure * np.exp(generator.normal(0, 0.1)), 0.6 * thickness, 1.5 * thickness))
        pen.line(run.ravel().tolist(), fill=ink, width=max(1, round(pressure)), joint="curve")
