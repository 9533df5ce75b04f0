"""Plants: trees share a trunk under a crown, flowers share a stem with leaves under a head."""

from __future__ import annotations

import numpy as np

from pcmsn.data.toyworld.shapes import (
    Generator,
    Points,
    Shape,
    bent_limb,
    blob,
    curve,
    limb,
    line,
    outline,
    oval,
    placed,
)


def trunk(generator: Generator, height: float, width: float) -> Shape:
    """A trunk from y = 0 to ``height``, wider at the foot, with a line of bark."""
    lean = generator.uniform(-0.03, 0.03)
    path = [(0, 0), (lean * 0.3, height * 0.15), (lean, height)]
    bark = curve([(width * 0.1, height * 0.15), (lean - width * 0.1, height * 0.8)], "dark", 0.014, optional=True)
    return [limb(path, [width * 1.7, width, width * 0.8], "bark", group="trunk"), bark]


def cloud(generator: Generator, x: float, y: float, radius_x: float, radius_y: float, bumps: int) -> Points:
    """A closed outline of round bumps around (x, y): a leafy crown."""
    angles = np.linspace(0, 2 * np.pi, bumps * 7, endpoint=False)
    uneven = generator.uniform(0.93, 1.07, bumps)[(np.arange(len(angles)) // 7) % bumps]
    radius = (0.88 + 0.17 * np.abs(np.sin(angles * bumps / 2))) * uneven
    phase = angles + generator.uniform(0, 1)
    return np.stack([x + radius_x * radius * np.cos(phase), y + radius_y * radius * np.sin(phase)], axis=1)


def oak_tree(generator: Generator) -> Shape:
    """A broad-leaved tree: a trunk that forks under a wide bumpy crown."""
    draw = generator.uniform
    height, radius = draw(0.45, 0.6), draw(0.5, 0.62)
    top = height + radius * 0.75
    parts: Shape = []
    for side in (-1, 1):
        parts.append(limb([(0, height * 0.75), (side * radius * 0.5, top - 0.12)], [0.09, 0.03], "bark", group="trunk"))
    parts += trunk(generator, height + 0.15, draw(0.13, 0.19))
    parts.append(
        outline(cloud(generator, 0, top, radius, radius * draw(0.75, 0.95), int(generator.integers(7, 11))), "leaf")
    )
    for x, y, tone in ((-0.32, 0.05, -0.12), (0.2, 0.25, 0.14), (0.25, -0.2, -0.12)):
        tuft = cloud(generator, x * radius * 1.4, top + y * radius, radius * 0.32, radius * 0.26, 5)
        parts.append(outline(tuft, "leaf", tone=tone, optional=True))
    return parts


def fir_tree(generator: Generator) -> Shape:
    """A conifer: a short trunk under three to five jagged tiers that narrow to the top."""
    draw = generator.uniform
    foot, tiers, half = draw(0.14, 0.26), int(generator.integers(3, 6)), draw(0.38, 0.5)
    tall = draw(1.2, 1.5)
    parts = trunk(generator, foot + 0.1, draw(0.09, 0.13))
    for tier in range(tiers):
        low = foot + tall * 0.8 * tier / tiers
        high = min(low + tall * 1.5 / tiers, foot + tall) if tier < tiers - 1 else foot + tall
        wide = half * (1 - 0.72 * tier / tiers)
        xs = np.linspace(-wide, wide, 9)
        hem = np.where(np.arange(9) % 2 == 0, low - 0.02, low + 0.05) + 0.04 * (np.abs(xs) / wide) ** 2
        parts.append(outline([*zip(xs, hem, strict=True), (0, high)], "needle", tone=-0.12 + 0.08 * tier))
    return parts


def palm_tree(generator: Generator) -> Shape:
    """A palm: a slender curved trunk with rings, and long fronds that hang from its top."""
    draw = generator.uniform
    height, lean = draw(1.0, 1.25), draw(-0.28, 0.28)
    path = [(0, 0), (lean * 0.3, height * 0.5), (lean, height)]
    parts: Shape = [bent_limb(path, [0.16, 0.1, 0.08], "bark")]
    for share in np.linspace(0.15, 0.85, int(generator.integers(4, 8))):
        x, y = lean * (0.2 * share + 0.8 * share**2), height * share
        parts.append(curve([(x - 0.05, y), (x, y - 0.02), (x + 0.05, y)], "dark", 0.014, optional=True))
    for angle in np.linspace(-0.3, np.pi + 0.3, int(generator.integers(6, 10))) + draw(-0.1, 0.1):
        reach = draw(0.46, 0.6)
        tip = (lean + reach * np.cos(angle), height + reach * 0.55 * np.sin(angle) - draw(0.1, 0.26))
        middle = (lean + reach * 0.55 * np.cos(angle), height + reach * 0.55 * np.sin(angle) + 0.08)
        frond = bent_limb([(lean, height), middle, tip], [0.05, 0.13, 0.02], "leaf", tone=draw(-0.15, 0.15))
        parts.append(frond)
    for x in (-0.05, 0.06):
        parts.append(oval(lean + x, height - 0.06, 0.055, "wood", optional=True))
    return parts


def willow(generator: Generator) -> Shape:
    """A weeping willow: a trunk and a dome of long hanging strands."""
    draw = generator.uniform
    height, radius = draw(0.7, 0.85), draw(0.55, 0.68)
    top = height + draw(0.3, 0.42)
    parts = trunk(generator, height + 0.1, draw(0.14, 0.2))
    parts.append(outline(cloud(generator, 0, height + 0.12, radius * 0.86, top - height, 8), "leaf", tone=-0.2))
    for x in np.linspace(-radius, radius, int(generator.integers(9, 13))):
        start = (x * 0.55, height + (top - height) * np.sqrt(1 - (x / radius * 0.8) ** 2))
        end = (x * draw(1.0, 1.12), draw(0.1, 0.34))
        strand = [start, (x * 0.98, start[1] * 0.82), end]
        parts.append(bent_limb(strand, [0.1, 0.15, 0.05], "leaf", tone=draw(-0.1, 0.15)))
    return parts


def cactus(generator: Generator) -> Shape:
    """A column cactus: a ribbed column with one to three bent arms and spines."""
    draw = generator.uniform
    height, width = draw(1.1, 1.4), draw(0.26, 0.34)
    parts: Shape = []
    for side in generator.permutation([-1, 1])[: int(generator.integers(1, 3))]:
        low, reach, rise = draw(0.35, 0.6) * height, draw(0.3, 0.42), draw(0.25, 0.45)
        arm = [(0, low), (side * reach * 0.75, low + 0.02), (side * reach, low + 0.14), (side * reach, low + rise)]
        parts.append(bent_limb(arm, [0.17, 0.18, 0.18, 0.14], "succulent", tone=-0.1))
    half = width / 2
    body = [
        (-half * 0.9, 0),
        (-half, height * 0.5),
        (-half * 0.85, height * 0.9),
        (0, height),
        (half * 0.85, height * 0.9),
    ]
    parts.append(blob([*body, (half, height * 0.5), (half * 0.9, 0)], "succulent"))
    for x in (-0.45, 0.0, 0.45):
        parts.append(line([(half * x, 0.06), (half * x, height * 0.88)], "dark", 0.014, optional=True))
    for _ in range(int(generator.integers(5, 10))):
        x, y = draw(-half, half), draw(0.1, height * 0.9)
        parts.append(line([(x, y), (x + draw(-0.04, 0.04), y + 0.05)], "sail", 0.014, optional=True))
    if generator.random() < 0.4:
        parts.append(oval(0, height + 0.02, 0.08, "petal", 0.06, optional=True))
    return parts


def stem(generator: Generator, height: float, broad: bool) -> tuple[Shape, float]:
    """A bent stem with leaves from y = 0 to ``height``, and the x of its top."""
    draw = generator.uniform
    lean = draw(-0.12, 0.12)
    path = [(0, 0), (lean * 0.2, height * 0.5), (lean, height)]
    parts: Shape = [bent_limb(path, [0.055, 0.05, 0.045], "stalk")]
    for side in (-1, 1):
        low, reach = height * draw(0.08, 0.35), draw(0.24, 0.34)
        root, x = (0.0, low), lean * 0.1
        if broad:
            leaf = [
                root,
                (x + side * reach * 0.35, low + 0.14),
                (x + side * reach, low + 0.16),
                (x + side * reach * 0.5, low + 0.0),
            ]
            parts.append(blob(leaf, "leaf", tone=side * 0.08))
        else:
            tip = (x + side * reach * 0.9, low + draw(0.3, 0.44))
            parts.append(
                bent_limb([root, (side * reach * 0.4, low + 0.14), tip], [0.05, 0.1, 0.02], "leaf", tone=side * 0.08)
            )
    return parts, lean


def tulip(generator: Generator) -> Shape:
    """A tulip: a stem with long leaves under a cup of three pointed petals."""
    draw = generator.uniform
    height, wide, tall = draw(0.75, 0.95), draw(0.19, 0.25), draw(0.36, 0.44)
    parts, x = stem(generator, height, broad=False)
    side = [(0, 0), (-wide, 0.12), (-wide * draw(0.9, 1.1), tall), (-wide * 0.3, tall * 0.66), (0, tall * 0.5)]
    middle = [(0, 0), (-wide * 0.6, tall * 0.4), (0, tall * 1.02), (wide * 0.6, tall * 0.4)]
    cup = [
        blob(side, "petal", tone=-0.1),
        *placed([blob(side, "petal", tone=-0.14)], flip=True),
        blob(middle, "petal", tone=0.1),
    ]
    return [*parts, *placed(cup, x, height - 0.02)]


def rose(generator: Generator) -> Shape:
    """A rose: a thorny stem with broad leaves under a round head of wrapped petals."""
    draw = generator.uniform
    height, radius = draw(0.75, 0.95), draw(0.21, 0.26)
    parts, x = stem(generator, height, broad=True)
    for share in (0.5, 0.68):
        y = height * share
        thorn = [(x * share * 0.5 + 0.02, y), (0.09, y + 0.04), (0.02, y + 0.05)]
        parts.append(outline(thorn, "stalk", optional=True))
    for side in (-1, 1):
        sepal = [(0, 0.0), (side * radius * 0.8, 0.0), (side * radius * 1.1, -0.08)]
        parts += placed([bent_limb(sepal, [0.08, 0.06, 0.02], "leaf")], x, height)
    head = [outline(cloud(generator, 0, radius * 0.8, radius, radius * 0.92, 5), "petal", tone=-0.14)]
    for share, tone in ((0.74, 0.0), (0.5, 0.1), (0.27, -0.08)):
        shift = draw(-0.03, 0.03)
        head.append(oval(shift, radius * 0.86, radius * share, "petal", radius * share * 0.88, tone=tone))
    return [*parts, *placed(head, x, height)]


def _rayed_head(
    generator: Generator, rays: int, inner: float, outer: float, width: float, centre: str, squash: float
) -> Shape:
    """A flower head: ``rays`` petals around a disc."""
    parts: Shape = []
    for turn in np.arange(rays) * 2 * np.pi / rays + generator.uniform(0, 1):
        ray = oval(
            (inner + outer) / 2, 0, (outer - inner * 0.5) / 2, "petal", width, tone=generator.uniform(-0.1, 0.12)
        )
        parts += placed([ray], angle=turn)
    parts.append(oval(0, 0, inner, centre))
    for part in parts:
        part.points[:, 1] *= squash
    return parts


def sunflower(generator: Generator) -> Shape:
    """A sunflower: a tall stem with broad leaves under a large dark disc with short rays."""
    draw = generator.uniform
    height = draw(0.95, 1.15)
    parts, x = stem(generator, height, broad=True)
    inner = draw(0.19, 0.24)
    head = _rayed_head(
        generator, int(generator.integers(14, 20)), inner, inner + draw(0.15, 0.2), 0.055, "soil", draw(0.8, 1)
    )
    for angle in (0.6, 2.0, 3.6, 5.2):
        head.append(oval(inner * 0.5 * np.cos(angle), inner * 0.5 * np.sin(angle), 0.025, "dark", optional=True))
    return [*parts, *placed(head, x, height)]


def daisy(generator: Generator) -> Shape:
    """A daisy: a thin stem with narrow leaves under a small disc with long separate rays."""
    draw = generator.uniform
    height = draw(0.7, 0.9)
    parts, x = stem(generator, height, broad=False)
    inner, rays = draw(0.075, 0.1), int(generator.integers(8, 12))
    head = _rayed_head(generator, rays, inner, inner + draw(0.22, 0.28), draw(0.055, 0.07), "pollen", draw(0.75, 1.0))
    return [*parts, *placed(head, x, height)]
