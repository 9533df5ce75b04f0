"""What every category is built from: filled outlines and lines, with x to the right and y upwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Unpack

Generator: TypeAlias = np.random.Generator
Points: TypeAlias = NDArray[np.float64]
Coordinates: TypeAlias = Points | Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Part:
    """One outline or line of a shape; parts are painted in order, later ones over earlier ones."""

    points: Points
    """(N, 2) x to the right and y upwards, in the shape's own units; placed and scaled when it is drawn."""
    material: str
    """Name of the material in ``materials.MATERIALS``, which colours and textures the part in a photo."""
    closed: bool = True
    """Whether the points are an outline to fill, or a line to draw ``width`` thick."""
    width: float = 0.0
    """Thickness of an open line in a photo, in the shape's units; a sketch draws a single stroke."""
    tone: float = 0.0
    """Lighter (> 0) or darker (< 0) than its material by this share, for example -0.3 for a side in the shade."""
    optional: bool = False
    """Whether a sketcher may leave the part out."""
    group: str = ""
    """Neighbouring parts of one named group are one surface, without a line or an edge between them."""


class Options(TypedDict, total=False):
    """The settings of a ``Part`` that every function below passes on."""

    tone: float
    optional: bool
    group: str


Shape: TypeAlias = list[Part]
Builder: TypeAlias = Callable[[Generator], Shape]


def outline(points: Coordinates, material: str, **options: Unpack[Options]) -> Part:
    """A filled polygon."""
    return Part(np.asarray(points, dtype=np.float64), material, **options)


def line(points: Coordinates, material: str, width: float, **options: Unpack[Options]) -> Part:
    """An open line of the given thickness."""
    return Part(np.asarray(points, dtype=np.float64), material, closed=False, width=width, **options)


def box(left: float, bottom: float, right: float, top: float, material: str, **options: Unpack[Options]) -> Part:
    """An axis-aligned rectangle."""
    return outline([(left, bottom), (right, bottom), (right, top), (left, top)], material, **options)


def oval(
    x: float,
    y: float,
    radius_x: float,
    material: str,
    radius_y: float | None = None,
    tilt: float = 0.0,
    **options: Unpack[Options],
) -> Part:
    """An ellipse around (x, y), a circle without ``radius_y``; ``tilt`` turns it counter-clockwise, in radians."""
    radius_y = radius_x if radius_y is None else radius_y
    points = turn(arc_points(0, 0, radius_x, radius_y, 0, 2 * np.pi)[:-1], tilt) + np.array([x, y])
    return outline(points, material, **options)


def arc_points(
    x: float, y: float, radius_x: float, radius_y: float, start: float, stop: float, count: int = 25
) -> Points:
    """(count, 2) points on an ellipse from angle ``start`` to ``stop`` in radians, both included."""
    angles = np.linspace(start, stop, count)
    return np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], axis=1)


def blob(points: Coordinates, material: str, **options: Unpack[Options]) -> Part:
    """A filled smooth outline through the given points."""
    return outline(smooth(points, closed=True), material, **options)


def curve(points: Coordinates, material: str, width: float, **options: Unpack[Options]) -> Part:
    """A smooth open line through the given points."""
    return line(smooth(points, closed=False), material, width, **options)


def smooth(points: Coordinates, closed: bool, steps: int = 6) -> Points:
    """(M, 2) points on the Catmull-Rom spline through the given (N, 2) points."""
    points = np.asarray(points, dtype=np.float64)
    count = len(points)
    if closed:
        before, start, end, after = (np.roll(points, shift, axis=0) for shift in (1, 0, -1, -2))
    else:
        padded = np.concatenate([points[:1], points, points[-1:]])
        before, start, end, after = (padded[shift : shift + count - 1] for shift in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    spline = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    flat = spline.transpose(1, 0, 2).reshape(-1, 2)
    return flat if closed else np.concatenate([flat, points[-1:]])


def limb(points: Coordinates, widths: Sequence[float], material: str, **options: Unpack[Options]) -> Part:
    """A filled band along a line, with one thickness a point: legs, necks, tails, branches, blades."""
    points = np.asarray(points, dtype=np.float64)
    directions = np.gradient(points, axis=0)
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    sideways = np.stack([-directions[:, 1], directions[:, 0]], axis=1) * (np.asarray(widths)[:, None] / 2)
    return outline(np.concatenate([points + sideways, (points - sideways)[::-1]]), material, **options)


def bent_limb(points: Coordinates, widths: Sequence[float], material: str, **options: Unpack[Options]) -> Part:
    """A limb along the smooth line through the points; thicknesses are interpolated."""
    path = smooth(points, closed=False)
    at = np.linspace(0, len(widths) - 1, len(path))
    return limb(path, list(np.interp(at, np.arange(len(widths)), widths)), material, **options)


def turn(points: Coordinates, angle: float) -> Points:
    """The points turned counter-clockwise around the origin, in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    turned: Points = np.asarray(points, dtype=np.float64) @ np.array([[cosine, sine], [-sine, cosine]])
    return turned


def placed(
    shape: Iterable[Part], x: float = 0.0, y: float = 0.0, scale: float = 1.0, angle: float = 0.0, flip: bool = False
) -> Shape:
    """The parts mirrored left to right (``flip``), turned around the origin, scaled, then moved to (x, y)."""
    mirror = np.array([-1.0 if flip else 1.0, 1.0])
    return [
        replace(part, points=turn(part.points * mirror, angle) * scale + (x, y), width=part.width * scale)
        for part in shape
    ]


def fused(parts: Iterable[Part], group: str = "body") -> Shape:
    """The parts as one surface, for example a trunk with its legs."""
    return [replace(part, group=group) for part in parts]


def groups(shape: Sequence[Part]) -> list[Shape]:
    """Runs of parts that form one surface, in painting order; a part without group is a run of its own."""
    runs: list[Shape] = []
    for part in shape:
        if runs and part.group and part.group == runs[-1][-1].group:
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


def extent(shape: Sequence[Part]) -> tuple[Points, Points]:
    """The lower left and upper right corner of all points, each (2,)."""
    points = np.concatenate([part.points for part in shape])
    return points.min(axis=0), points.max(axis=0)
