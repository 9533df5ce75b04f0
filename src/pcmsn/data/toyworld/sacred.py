"""Sacred buildings: spires, domes, columns and stacked roofs on the walls that all buildings share."""

from __future__ import annotations

import numpy as np

from pcmsn.data.toyworld.buildings import arch, block, windows
from pcmsn.data.toyworld.shapes import Generator, Shape, box, curve, limb, line, outline, placed


def cross(x: float, y: float, height: float) -> Shape:
    """A cross that stands at (x, y)."""
    return [
        line([(x, y), (x, y + height)], "chrome", 0.03),
        line([(x - height * 0.3, y + height * 0.62), (x + height * 0.3, y + height * 0.62)], "chrome", 0.03),
    ]


def church(generator: Generator) -> Shape:
    """A church: a nave with pointed windows beside a tower with a spire and a cross."""
    draw = generator.uniform
    tower, nave, eaves = draw(0.36, 0.46), draw(0.75, 1.0), draw(0.45, 0.56)
    top, spire = eaves + draw(0.32, 0.48), draw(0.45, 0.65)
    wall = str(generator.choice(["stone", "plaster", "brick"]))
    right = tower + nave
    parts = [
        outline(
            [(tower - 0.1, eaves), (right + 0.06, eaves), (right - 0.06, eaves + 0.32), (tower - 0.1, eaves + 0.32)],
            "roof",
        )
    ]
    parts.append(box(tower - 0.05, 0, right, eaves, wall, tone=-0.06))
    for x in np.linspace(tower, right, int(generator.integers(3, 5)) + 1)[:-1] + nave / 8:
        parts += arch(x, 0.11, eaves * 0.3, eaves * 0.82, "glass", pointed=True)
    parts += block(0, tower, 0, top, draw(0.0, 0.1), wall)
    middle = tower / 2
    parts.append(outline([(-0.04, top), (tower + 0.04, top), (middle, top + spire)], "roof", tone=-0.08))
    parts += cross(middle, top + spire - 0.02, 0.2)
    parts += arch(middle, tower * 0.45, 0, eaves * 0.62, "wood", pointed=True)
    parts += arch(middle, tower * 0.3, top - 0.26, top - 0.06, "glass")
    return parts if generator.random() < 0.5 else placed(parts, flip=True)


def dome(x: float, y: float, radius: float, tall: float, material: str) -> Shape:
    """An onion dome over (x, y) with a finial."""
    half = [
        (radius, 0),
        (radius * 1.06, tall * 0.25),
        (radius * 0.8, tall * 0.58),
        (radius * 0.3, tall * 0.82),
        (0, tall),
    ]
    ring = [*half, *[(-a, b) for a, b in reversed(half[:-1])]]
    tip = line([(0, tall - 0.02), (0, tall + radius * 0.4)], "chrome", 0.022)
    return placed([tip, outline(ring, material)], x, y)


def mosque(generator: Generator) -> Shape:
    """A mosque: a hall under a large dome between slender minarets with small domes."""
    draw = generator.uniform
    width, eaves, radius = draw(1.0, 1.25), draw(0.4, 0.5), draw(0.3, 0.38)
    height, thin = draw(1.1, 1.35), draw(0.09, 0.12)
    middle, wall = width / 2, str(generator.choice(["plaster", "stone"]))
    parts: Shape = []
    for x in [-thin * 1.1, width + thin * 1.1] if generator.random() < 0.7 else [width + thin * 1.1]:
        parts += [box(x - thin / 2, 0, x + thin / 2, height, wall, tone=-0.05)]
        parts += dome(x, height, thin * 0.62, thin * 1.5, "copper")
        gallery = height * draw(0.7, 0.8)
        parts.append(box(x - thin * 0.85, gallery, x + thin * 0.85, gallery + 0.05, wall, tone=0.1))
    parts.append(box(middle - radius * 1.05, eaves, middle + radius * 1.05, eaves + 0.1, wall, tone=-0.12))
    parts += [*dome(middle, eaves + 0.1, radius, radius * draw(1.0, 1.3), "copper"), box(0, 0, width, eaves, wall)]
    parts += arch(middle, 0.24, 0, eaves * 0.8, "dark", pointed=True)
    for share in (0.14, 0.3, 0.7, 0.86):
        parts += arch(width * share, 0.09, eaves * 0.3, eaves * 0.72, "glass", pointed=True)
    return parts


def temple(generator: Generator) -> Shape:
    """A temple: columns on steps under a low triangular gable."""
    draw = generator.uniform
    width, columns, height = draw(1.1, 1.4), int(generator.integers(4, 8)), draw(0.46, 0.6)
    step, rise, thin = 0.07, draw(0.2, 0.3), draw(0.032, 0.045)
    parts = [
        box(-0.12 + 0.05 * i, step * i, width + 0.12 - 0.05 * i, step * (i + 1), "stone", tone=0.08 * i - 0.1)
        for i in range(2)
    ]
    base, top = step * 2, step * 2 + height
    parts.append(box(0.08, base, width - 0.08, top, "stone", tone=-0.45))
    for x in np.linspace(0.08, width - 0.08, columns):
        parts.append(limb([(x, base), (x, top)], [thin * 2.3, thin * 1.9], "stone", tone=0.08))
        parts.append(box(x - thin * 1.5, top - 0.05, x + thin * 1.5, top, "stone", optional=True))
    parts.append(box(-0.02, top, width + 0.02, top + 0.1, "stone"))
    parts.append(
        outline([(-0.06, top + 0.1), (width + 0.06, top + 0.1), (width / 2, top + 0.1 + rise)], "stone", tone=0.1)
    )
    inner = [(0.14, top + 0.14), (width - 0.14, top + 0.14), (width / 2, top + 0.05 + rise)]
    return [*parts, outline(inner, "stone", tone=-0.18, optional=True)]


def pagoda(generator: Generator) -> Shape:
    """A pagoda: three to five storeys, each under a curved roof with upturned ends, and a spike."""
    draw = generator.uniform
    storeys, half, step = int(generator.integers(3, 6)), draw(0.3, 0.38), draw(0.24, 0.3)
    parts: Shape = []
    for level in range(storeys):
        share = 1 - 0.13 * level
        low, wide = level * step, half * share
        parts.append(box(-wide, low, wide, low + step, "board", tone=-0.05))
        if level == 0:
            parts += arch(0, wide * 0.5, low + 0.01, low + step * 0.62, "dark")
        else:
            parts += windows(-wide, wide, low + 0.06, low + step * 0.6, columns=3, rows=1, fill=0.5)
        reach, top = wide + draw(0.13, 0.17), low + step
        eave = [
            (-reach, top - 0.01),
            (-wide, top - 0.07),
            (wide, top - 0.07),
            (reach, top - 0.01),
            (wide * 0.8, top + 0.07),
        ]
        parts.append(outline([*eave, (-wide * 0.8, top + 0.07)], "roof"))
        for side in (-1, 1):
            parts.append(
                curve(
                    [(side * wide, top - 0.06), (side * reach, top - 0.01), (side * (reach + 0.03), top + 0.06)],
                    "roof",
                    0.03,
                )
            )
    top = storeys * step
    crown = half * (1 - 0.13 * storeys)
    parts.append(outline([(-crown - 0.08, top + 0.02), (crown + 0.08, top + 0.02), (0, top + 0.2)], "roof"))
    return [*parts, line([(0, top + 0.18), (0, top + 0.36)], "chrome", 0.028)]
