"""Tools: all share a handle; striking, digging and cutting ones differ in the head. Drawn upright, the head on top."""

from __future__ import annotations

import numpy as np

from pcmsn.data.toyworld.shapes import (
    Generator,
    Shape,
    arc_points,
    blob,
    box,
    curve,
    limb,
    line,
    outline,
    oval,
    placed,
    smooth,
)


def shaft(generator: Generator, length: float, width: float) -> Shape:
    """A wooden handle from y = -length to y = 0, a little thicker at its end."""
    bulge = generator.uniform(1.0, 1.35)
    path = [(0, 0), (0, -length * 0.7), (0, -length)]
    return [
        limb(path, [width, width, width * bulge], "wood"),
        curve([(0.0, -length * 0.15), (width * 0.1, -length * 0.85)], "dark", 0.01, optional=True),
    ]


def grip(generator: Generator, length: float, width: float) -> Shape:
    """A short moulded handle from y = -length to y = 0, with rivets or grooves."""
    draw = generator.uniform
    hold = [
        (-width * 0.4, 0),
        (-width * 0.55, -length * 0.4),
        (-width * draw(0.4, 0.6), -length * 0.95),
        (0, -length * 1.04),
    ]
    hold = [*hold, (width * 0.5, -length * 0.95), (width * 0.5, -length * 0.4), (width * 0.4, 0)]
    parts = [blob(hold, str(generator.choice(["wood", "paint", "leather"])))]
    for share in (0.25, 0.7):
        parts.append(oval(0, -length * share, width * 0.12, "steel", optional=True))
    return parts


def hammer(generator: Generator) -> Shape:
    """A hammer: a block head with a flat face at one end and a claw or a wedge at the other."""
    draw = generator.uniform
    half, tall = draw(0.2, 0.27), draw(0.13, 0.18)
    parts = shaft(generator, draw(0.95, 1.2), draw(0.08, 0.12))
    face = box(-half - 0.1, -0.03, -half, tall + 0.03, "steel", tone=-0.1)
    block = box(-half, 0, half * 0.6, tall, "steel")
    if generator.random() < 0.6:
        claw = [
            (half * 0.5, tall),
            (half + 0.12, tall * 0.75),
            (half + 0.26, draw(-0.16, -0.04)),
            (half + 0.1, tall * 0.25),
        ]
        back = outline([*smooth(claw[:3], closed=False), claw[3], (half * 0.5, 0)], "steel", tone=0.08)
    else:
        back = outline(
            [(half * 0.5, 0), (half * 0.5, tall), (half + 0.2, tall * 0.62), (half + 0.2, tall * 0.42)], "steel"
        )
    return [*parts, back, face, block]


def axe(generator: Generator) -> Shape:
    """An axe: a long handle and a broad blade with a curved edge at one side."""
    draw = generator.uniform
    reach, spread, tall = draw(0.3, 0.4), draw(0.26, 0.36), draw(0.16, 0.2)
    middle = tall / 2
    edge = arc_points(-reach + 0.12, middle, 0.16, spread, np.pi * 0.62, np.pi * 1.38, 11)
    blade = [(0.06, tall), *map(tuple, edge), (0.06, 0)]
    parts = shaft(generator, draw(1.05, 1.35), draw(0.08, 0.11))
    parts += [outline(blade, "steel"), box(-0.02, 0, 0.13, tall, "steel", tone=-0.2)]
    inner = arc_points(-reach + 0.2, middle, 0.16, spread * 0.85, np.pi * 0.65, np.pi * 1.35, 9)
    return [*parts, line(inner, "chrome", 0.018, optional=True)]


def pickaxe(generator: Generator) -> Shape:
    """A pickaxe: a long handle across which lies a curved bar, pointed at one end or both."""
    draw = generator.uniform
    half, drop, thick = draw(0.5, 0.62), draw(0.16, 0.28), draw(0.1, 0.13)
    upper = smooth(
        [(-half, -drop), (-half * 0.5, thick * 0.3), (0, thick), (half * 0.5, thick * 0.3), (half, -drop)], False
    )
    lower = smooth([(half * 0.9, -drop), (half * 0.45, -thick * 0.6), (0, 0), (-half * 0.45, -thick * 0.6)], False)
    head = np.concatenate([upper, lower])
    parts = [*shaft(generator, draw(1.1, 1.35), draw(0.08, 0.11)), outline(head, "steel")]
    return [*parts, box(-0.08, -0.03, 0.08, thick + 0.03, "steel", tone=-0.22)]


def shovel(generator: Generator) -> Shape:
    """A shovel: a long handle with a D-grip or none, and a rounded or pointed blade."""
    draw = generator.uniform
    width, tall, length = draw(0.2, 0.26), draw(0.46, 0.58), draw(0.95, 1.2)
    if generator.random() < 0.6:
        blade = [
            (-width, 0.06),
            (-width, tall * 0.55),
            (0, tall),
            (width, tall * 0.55),
            (width, 0.06),
            (0.05, 0),
            (-0.05, 0),
        ]
        head = outline([*blade[:1], *smooth(blade[1:4], False), *blade[4:]], "steel")
    else:
        head = outline([(-width, 0), (-width * 0.95, tall), (width * 0.95, tall), (width, 0)], "steel")
    parts = [*shaft(generator, length, 0.075), head]
    parts.append(curve([(0, 0.04), (0.0, tall * 0.5)], "dark", 0.025, optional=True))
    if generator.random() < 0.6:
        handle = [
            (0, -length),
            (-0.13, -length - 0.1),
            (-0.13, -length - 0.2),
            (0.13, -length - 0.2),
            (0.13, -length - 0.1),
        ]
        parts.append(line([*handle, (0, -length)], "wood", 0.055))
    return parts


def rake(generator: Generator) -> Shape:
    """A rake: a long handle, a crossbar, and many short teeth along it."""
    draw = generator.uniform
    half, tooth, count = draw(0.32, 0.45), draw(0.14, 0.22), int(generator.integers(7, 12))
    parts = shaft(generator, draw(1.15, 1.4), draw(0.06, 0.085))
    for x in np.linspace(-half, half, count):
        parts.append(limb([(x, 0.02), (x + 0.01, tooth)], [0.045, 0.02], "steel"))
    parts.append(box(-half - 0.03, -0.03, half + 0.03, 0.05, "steel", tone=-0.12))
    if generator.random() < 0.5:
        brace = [(0, -0.24), (-half * 0.6, -0.02)], [(0, -0.24), (half * 0.6, -0.02)]
        parts += [line(bar, "steel", 0.025, optional=True) for bar in brace]
    return parts


def pitchfork(generator: Generator) -> Shape:
    """A pitchfork: a long handle and three to five long prongs."""
    draw = generator.uniform
    half, prong, count = draw(0.18, 0.27), draw(0.48, 0.62), int(generator.integers(3, 6))
    parts = shaft(generator, draw(1.0, 1.25), draw(0.07, 0.09))
    for x in np.linspace(-half, half, count):
        root = (x * 0.15, 0.0)
        path = smooth([root, (x * 0.85, 0.08), (x, 0.2), (x * 0.98, prong)], False)
        parts.append(limb(path, list(np.linspace(0.055, 0.018, len(path))), "steel"))
    return [*parts, box(-0.06, -0.14, 0.06, 0.03, "steel", tone=-0.2)]


def knife(generator: Generator) -> Shape:
    """A kitchen knife: a riveted grip and a long blade that tapers to a point."""
    draw = generator.uniform
    length, wide = draw(0.75, 1.05), draw(0.1, 0.15)
    blade = [
        (wide * 0.6, 0),
        (wide * 0.6, length * 0.6),
        (wide * draw(-0.4, 0.5), length),
        (-wide, length * 0.62),
        (-wide, 0.0),
    ]
    parts = [outline([blade[0], *smooth(blade[1:4], False), blade[4]], "steel")]
    parts.append(curve([(-wide * 0.55, 0.05), (-wide * 0.5, length * 0.6)], "chrome", 0.018, optional=True))
    return [*parts, *grip(generator, draw(0.42, 0.55), 0.17)]


def saw(generator: Generator) -> Shape:
    """A hand saw: a closed grip and a broad blade with a toothed edge."""
    draw = generator.uniform
    length, wide, count = draw(1.05, 1.35), draw(0.28, 0.36), int(generator.integers(10, 17))
    tip = wide * draw(0.4, 0.6)
    ys = np.linspace(0, length, 2 * count + 1)
    depth = np.where(np.arange(len(ys)) % 2 == 0, 0.0, 0.045)
    teeth = np.stack([-wide * 0.5 - depth, ys], axis=1)
    blade = np.concatenate([teeth, [(tip - wide * 0.5, length), (wide * 0.5, 0)]])
    hold = [(-wide * 0.6, 0.03), (-wide * 0.7, -0.3), (-wide * 0.1, -0.36), (wide * 0.5, -0.3), (wide * 0.6, 0.03)]
    hole = [(-wide * 0.3, -0.06), (-wide * 0.36, -0.22), (wide * 0.25, -0.22), (wide * 0.28, -0.06)]
    return [outline(blade, "steel"), blob(hold, "wood"), blob(hole, "dark")]


def screwdriver(generator: Generator) -> Shape:
    """A screwdriver: a fat grooved grip, a thin shank, and a flat tip."""
    draw = generator.uniform
    length, wide, shank = draw(0.4, 0.55), draw(0.11, 0.15), draw(0.55, 0.85)
    handle = [(-wide * 0.6, 0), (-wide, -0.1), (-wide, -length * 0.8), (-wide * 0.6, -length), (wide * 0.6, -length)]
    handle = [*handle, (wide, -length * 0.8), (wide, -0.1), (wide * 0.6, 0)]
    parts = [box(-0.03, -0.02, 0.03, shank, "steel")]
    tip = [(-0.03, shank), (-0.055, shank + 0.06), (-0.045, shank + 0.16)]
    parts.append(outline([*tip, *((-x, y) for x, y in reversed(tip))], "steel"))
    parts += [blob(handle, "paint"), box(-wide * 0.55, -0.05, wide * 0.55, 0.03, "trim")]
    for x in (-0.45, 0.0, 0.45):
        parts.append(line([(wide * x, -length * 0.2), (wide * x, -length * 0.85)], "dark", 0.016, optional=True))
    return parts


def scissors(generator: Generator) -> Shape:
    """Scissors: two crossed blades on a screw, each ending in a ring."""
    draw = generator.uniform
    blade, ring, open_angle = draw(0.65, 0.85), draw(0.14, 0.19), draw(0.12, 0.34)
    parts: Shape = []
    for flip in (False, True):
        half = [
            outline([(-0.06, -0.04), (0.05, -0.06), (0.06, blade * 0.6), (0.0, blade), (-0.05, blade * 0.5)], "steel"),
            limb([(0.0, 0.02), (-0.02, -0.2), (-0.05, -0.34)], [0.09, 0.07, 0.06], "paint"),
            line(arc_points(-0.09, -0.34 - ring * 1.1, ring * 0.85, ring * 1.2, 1.3, 1.3 + 2 * np.pi), "paint", 0.06),
        ]
        parts += placed(placed(half, flip=flip), angle=open_angle if flip else -open_angle)
    return [*parts, oval(0, 0, 0.04, "chrome")]
