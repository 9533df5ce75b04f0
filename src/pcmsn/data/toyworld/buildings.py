"""Buildings: all share walls with a shaded side, openings and a roof; towers are tall and narrow."""

from __future__ import annotations

import itertools

import numpy as np

from pcmsn.data.toyworld.shapes import Generator, Part, Shape, arc_points, box, line, outline, oval, placed


def block(left: float, right: float, bottom: float, top: float, depth: float, material: str) -> Shape:
    """A wall with its right side in the shade; ``depth`` is the side's width in the picture."""
    rise = depth * 0.25
    side = [(right, bottom), (right + depth, bottom + rise), (right + depth, top + rise * 0.4), (right, top)]
    front = box(left, bottom, right, top, material)
    return [outline(side, material, tone=-0.3), front] if depth > 0.02 else [front]


def gable(left: float, right: float, eaves: float, ridge: float, depth: float, wall: str, over: float = 0.05) -> Shape:
    """A gabled roof: the wall's triangle in front, and the roof's slope over the side."""
    middle, rise = (left + right) / 2, depth * 0.1
    slope = [(right + over, eaves - over), (right + depth + over, eaves - over + rise * 2.5)]
    slope = [*slope, (middle + depth, ridge + rise), (middle, ridge)]
    front = [(left, eaves), (right, eaves), (middle, ridge - over)]
    verge = [(left - over, eaves - over), (middle, ridge), (right + over, eaves - over)]
    parts = [outline(front, wall), line(verge, "roof", 0.06)]
    return [outline(slope, "roof"), *parts] if depth > 0.02 else parts


def windows(left: float, right: float, bottom: float, top: float, columns: int, rows: int, fill: float = 0.6) -> Shape:
    """A grid of windows; every second one may be left out of a sketch."""
    parts: Shape = []
    step_x, step_y = (right - left) / columns, (top - bottom) / rows
    for row in range(rows):
        for column in range(columns):
            x, y = left + (column + 0.5) * step_x, bottom + (row + 0.5) * step_y
            half_x, half_y, second = step_x * fill / 2, step_y * fill / 2, (row + column) % 2 == 1
            parts.append(box(x - half_x, y - half_y, x + half_x, y + half_y, "glass", optional=second))
    return parts


def arch(x: float, width: float, bottom: float, top: float, material: str, pointed: bool = False) -> Shape:
    """A door or window with a round or pointed head."""
    half, spring = width / 2, top - width * (0.8 if pointed else 0.5)
    head = (
        [(x + half, spring), (x, top), (x - half, spring)]
        if pointed
        else arc_points(x, spring, half, top - spring, 0, np.pi, 9)
    )
    return [outline([(x - half, bottom), (x + half, bottom), *map(tuple, head)], material)]


def house(generator: Generator) -> Shape:
    """A dwelling house: walls, a gabled roof, a door, windows and a chimney."""
    draw = generator.uniform
    width, eaves, depth = draw(0.8, 1.1), draw(0.5, 0.72), draw(0.0, 0.6)
    ridge = eaves + draw(0.35, 0.5)
    wall = str(generator.choice(["brick", "plaster", "plaster"]))
    chimney_x = width * draw(0.62, 0.78)
    parts = [box(chimney_x, eaves, chimney_x + 0.12, ridge + draw(0.02, 0.14), "brick", tone=-0.1)]
    parts += [*block(0, width, 0, eaves, depth, wall), *gable(0, width, eaves, ridge, depth, wall)]
    door = width * draw(0.3, 0.7)
    parts += [
        box(door - 0.08, 0, door + 0.08, eaves * 0.62, "wood"),
        oval(door + 0.05, eaves * 0.3, 0.016, "chrome", optional=True),
    ]
    for x in (width * 0.14, width * 0.86):
        if abs(x - door) > 0.2:
            parts.append(box(x - 0.08, eaves * 0.45, x + 0.08, eaves * 0.78, "glass"))
            parts.append(line([(x, eaves * 0.45), (x, eaves * 0.78)], "trim", 0.02, optional=True))
            parts.append(line([(x - 0.08, eaves * 0.61), (x + 0.08, eaves * 0.61)], "trim", 0.02, optional=True))
    parts.append(oval(width / 2, eaves + 0.13, 0.065, "glass", optional=True))
    return parts


def barn(generator: Generator) -> Shape:
    """A barn: a wide wall of boards under a roof with two slopes, and a large crossed double door."""
    draw = generator.uniform
    width, eaves, depth = draw(1.05, 1.3), draw(0.42, 0.55), draw(0.1, 0.8)
    hip, ridge = eaves + draw(0.24, 0.3), eaves + draw(0.42, 0.52)
    inset, middle = width * draw(0.13, 0.18), width / 2
    front = [(0, 0), (width, 0), (width, eaves), (width - inset, hip), (middle, ridge), (inset, hip), (0, eaves)]
    roof = [(width + 0.03, eaves - 0.03), (width - inset, hip), (middle, ridge), (middle + depth, ridge + depth * 0.1)]
    roof = [*roof, (width - inset + depth, hip + depth * 0.1), (width + depth, eaves + depth * 0.12)]
    side = [(width, 0), (width + depth, depth * 0.2), (width + depth, eaves + depth * 0.1), (width, eaves)]
    parts = [outline(side, "board", tone=-0.3), outline(roof, "roof"), outline(front, "board")]
    parts.append(
        line([(-0.03, eaves - 0.04), *[front[i] for i in (5, 4, 3)], (width + 0.03, eaves - 0.04)], "roof", 0.05)
    )
    half, top = width * draw(0.2, 0.26), eaves * draw(0.85, 1.0)
    for left, right in ((middle - half, middle), (middle, middle + half)):
        parts.append(box(left, 0, right, top, "trim"))
        parts.append(line([(left, 0), (right, top)], "board", 0.03))
        parts.append(line([(left, top), (right, 0)], "board", 0.03, optional=True))
    return [*parts, box(middle - 0.08, top + 0.08, middle + 0.08, top + 0.24, "dark", optional=True)]


def castle(generator: Generator) -> Shape:
    """A castle: a battlemented wall with a gate between two or three towers."""
    draw = generator.uniform
    width, wall_top, tower_top, half = draw(1.1, 1.35), draw(0.5, 0.62), draw(0.85, 1.1), draw(0.15, 0.2)
    pointed = generator.random() < 0.4
    parts: Shape = []
    if generator.random() < 0.55:
        parts += _tower(width / 2, half * 1.3, tower_top * 1.2, False, generator)
    parts.append(_battlement(half * 0.5, width - half * 0.5, 0, wall_top, 6))
    for x in (0.0, width):
        parts += _tower(x, half, tower_top, pointed, generator)
    parts += arch(width / 2, draw(0.26, 0.34), 0, wall_top * 0.72, "wood")
    for x in (width / 2 - 0.06, width / 2 + 0.06):
        parts.append(line([(x, 0), (x, wall_top * 0.58)], "dark", 0.02, optional=True))
    return parts


def _battlement(left: float, right: float, bottom: float, top: float, teeth: int) -> Part:
    """A wall with merlons along its top."""
    edges = np.linspace(right, left, 2 * teeth)
    rim = [(x, top + (0.08 if (index // 2) % 2 == 0 else 0.0)) for index, x in enumerate(np.repeat(edges, 2)[1:-1], 1)]
    return outline([(left, bottom), (right, bottom), *rim], "stone")


def _tower(x: float, half: float, top: float, pointed: bool, generator: Generator) -> Shape:
    """A tower with a pointed roof, or with a battlement and perhaps a flag."""
    parts = [box(x - half, 0, x + half, top, "stone", tone=0.06)]
    if pointed:
        parts.append(
            outline([(x - half - 0.06, top), (x + half + 0.06, top), (x, top + generator.uniform(0.3, 0.42))], "roof")
        )
    else:
        parts.append(_battlement(x - half - 0.04, x + half + 0.04, top - 0.1, top + 0.04, 3))
        if generator.random() < 0.4:
            parts.append(line([(x, top + 0.1), (x, top + 0.34)], "dark", 0.02, optional=True))
            parts.append(outline([(x, top + 0.34), (x + 0.16, top + 0.28), (x, top + 0.22)], "signal", optional=True))
    parts += [box(x - 0.03, top * share, x + 0.03, top * share + 0.12, "dark", optional=True) for share in (0.35, 0.65)]
    return parts


def skyscraper(generator: Generator) -> Shape:
    """A skyscraper: a tall block with many rows of windows, setbacks and perhaps an antenna."""
    draw = generator.uniform
    width, top, depth = draw(0.4, 0.55), draw(1.3, 1.6), draw(0.08, 0.22)
    wall = str(generator.choice(["plate", "stone", "brick", "steel"]))
    steps = int(generator.integers(1, 4))
    parts: Shape = []
    bottom, left, right = 0.0, 0.0, width
    for step in range(steps):
        height = top if step == steps - 1 else top * (0.55 + 0.22 * step)
        storey = block(left, right, bottom, height, depth, wall)
        rows = max(2, int((height - bottom) / draw(0.11, 0.15)))
        parts += [
            *storey,
            *windows(left + 0.02, right - 0.02, bottom + 0.03, height - 0.03, int(generator.integers(3, 5)), rows),
        ]
        bottom, left, right, depth = height, left + width * 0.12, right - width * 0.12, depth * 0.8
    if generator.random() < 0.5:
        x = (left + right) / 2
        parts.append(line([(x, top), (x, top + draw(0.15, 0.35))], "steel", 0.03, optional=True))
    return parts


def lighthouse(generator: Generator) -> Shape:
    """A lighthouse: a tapering striped tower with a gallery and a lantern."""
    draw = generator.uniform
    foot, top, height = draw(0.22, 0.28), draw(0.12, 0.16), draw(1.1, 1.35)
    bands = int(generator.integers(3, 6))
    levels = np.linspace(0, height, bands + 1)
    parts: Shape = []
    for index, (low, high) in enumerate(itertools.pairwise(levels)):
        a, b = (foot + (top - foot) * level / height for level in (low, high))
        parts.append(outline([(-a, low), (a, low), (b, high), (-b, high)], "signal" if index % 2 else "plaster"))
    parts += [*arch(0, 0.14, 0, 0.24, "wood"), box(-0.03, height * 0.52, 0.03, height * 0.62, "dark", optional=True)]
    parts.append(box(-top * 0.7, height, top * 0.7, height + 0.17, "lamp"))
    parts.append(line([(0, height), (0, height + 0.17)], "dark", 0.016, optional=True))
    parts.append(box(-top - 0.05, height - 0.02, top + 0.05, height + 0.04, "dark"))
    parts.append(
        outline([(-top * 0.9, height + 0.16), (top * 0.9, height + 0.16), (0, height + draw(0.28, 0.34))], "roof")
    )
    if generator.random() < 0.5:
        rock = [(-0.5, -0.1), (-0.36, 0.03), (-0.1, 0.0), (0.16, 0.05), (0.42, 0.0), (0.55, -0.1)]
        parts.append(outline(rock, "stone", tone=-0.2, optional=True))
    return parts


def windmill(generator: Generator) -> Shape:
    """A windmill: a tapering tower with a cap and four sails."""
    draw = generator.uniform
    foot, top, height = draw(0.28, 0.36), draw(0.17, 0.22), draw(0.85, 1.05)
    wall = str(generator.choice(["plaster", "brick", "board"]))
    parts: Shape = [outline([(-foot, 0), (foot, 0), (top, height), (-top, height)], wall)]
    cap = arc_points(0, height, top * 1.15, draw(0.16, 0.24), 0, np.pi, 11)
    parts += [outline(cap, "roof"), *arch(0, 0.15, 0, 0.26, "wood")]
    parts.append(box(-0.045, height * 0.45, 0.045, height * 0.58, "glass", optional=True))
    reach, wide = draw(0.6, 0.78), draw(0.11, 0.16)
    for angle in draw(0.1, 1.4) + np.arange(4) * np.pi / 2:
        sail = [box(0.16, 0.0, reach, wide, "sail"), line([(0, 0), (reach, 0)], "wood", 0.035)]
        sail += [line([(x, 0), (x, wide)], "wood", 0.014, optional=True) for x in np.linspace(0.16, reach, 6)[1:-1]]
        parts += placed(sail, 0, height + 0.05, angle=angle)
    return [*parts, oval(0, height + 0.05, 0.045, "dark")]
