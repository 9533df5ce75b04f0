"""Birds, fish and the butterfly: birds share body, wing, beak and legs; fish share body, tail and fins."""

from __future__ import annotations

import numpy as np

from pcmsn.data.toyworld.shapes import (
    Generator,
    Shape,
    arc_points,
    bent_limb,
    blob,
    curve,
    fused,
    line,
    outline,
    oval,
    placed,
)


def _wing(x: float, y: float, length: float, height: float, droop: float) -> Shape:
    """A folded wing with two rows of feathers, from the shoulder at (x, y) backwards."""
    edge = [(x - length * 0.1, y), (x + length * 0.25, y + height * 0.5), (x + length, y - droop)]
    feathers = [
        curve([(x + length * start, y - height * 0.1), (x + length * (start + 0.3), y - height * 0.25 - droop * 0.5)],
              "dark", 0.012, optional=True)
        for start in (0.2, 0.42)
    ]  # fmt: skip
    return [blob([*edge, (x + length * 0.35, y - height * 0.6)], "wing"), *feathers]


def songbird(generator: Generator) -> Shape:
    """A small perching bird: a round body, a short pointed beak, a straight tail, and thin legs."""
    draw = generator.uniform
    plump, tail = draw(0.26, 0.32), draw(0.32, 0.5)
    head, lift = draw(0.15, 0.19), draw(0.2, 0.3)
    body = oval(0.0, 0.0, 0.44, "feather", plump, -0.35 - lift * 0.5)
    x, y = -0.3, lift
    fan = [(0.26, -0.06), (0.4 + tail, -0.28 - draw(0, 0.12)), (0.38 + tail, -0.38), (0.22, -0.24)]
    beak = [(x - head * 0.8, y + 0.07), (x - head - draw(0.1, 0.16), y), (x - head * 0.85, y - 0.05)]
    legs: Shape = []
    for start in (-0.05, 0.06):
        foot = (start - 0.02, -plump - draw(0.16, 0.22))
        legs.append(line([(start, -plump * 0.8), foot], "beak", 0.025))
        legs.append(
            line([(foot[0] - 0.08, foot[1] - 0.01), (foot[0] + 0.06, foot[1] - 0.01)], "beak", 0.022, optional=True)
        )
    breast = oval(-0.22, -0.08, 0.18, "petal", 0.15, 0.7, optional=True)
    wing = placed(_wing(-0.12, 0.0, 0.52, 0.3, 0.12), angle=-0.2)
    return [
        *legs, outline(fan, "wing", tone=-0.15), *fused([body, oval(x, y, head, "feather")]), breast, *wing,
        outline(beak, "beak"), oval(x - head * 0.35, y + 0.04, 0.028, "dark"),
    ]  # fmt: skip


def duck(generator: Generator) -> Shape:
    """A swimming or standing duck: a boat-like body, an upright neck, a flat bill, and a short cocked tail."""
    draw = generator.uniform
    neck, deep, head = draw(0.24, 0.34), draw(0.24, 0.3), draw(0.13, 0.16)
    body = [
        (-0.5, 0.0), (-0.36, -deep * 0.8), (0.0, -deep), (0.4, -deep * 0.6), (0.66, draw(0.12, 0.24)),
        (0.3, 0.1), (-0.1, 0.1), (-0.4, 0.16),
    ]  # fmt: skip
    x, y = -0.42, 0.12 + neck
    bill = [
        (x - head * 0.7, y + 0.06),
        (x - head - draw(0.14, 0.2), y - 0.02),
        (x - head - 0.15, y - 0.07),
        (x - head * 0.7, y - 0.06),
    ]
    parts: Shape = []
    if generator.random() < 0.55:
        ripples = [(-0.8, -deep * 0.75), (-0.3, -deep * 0.9), (0.2, -deep * 0.75), (0.8, -deep * 0.88)]
        after: Shape = [curve(ripples, "water", 0.06, optional=True)]
    else:
        after = []
        for start in (-0.06, 0.1):
            low = -deep - draw(0.14, 0.2)
            parts.append(line([(start, -deep * 0.8), (start, low)], "beak", 0.04))
            parts.append(outline([(start + 0.05, low), (start - 0.02, low + 0.05), (start - 0.16, low)], "beak"))
    throat = bent_limb([(x + 0.08, 0.0), (x + 0.02, y * 0.5), (x, y)], [0.3, 0.19, 0.18], "feather")
    ring = line([(x - 0.08, y - neck * 0.5), (x + 0.11, y - neck * 0.5)], "sail", 0.035, optional=True)
    return [
        *parts,
        *fused([throat, blob(body, "feather"), oval(x, y, head, "feather")]),
        ring, *_wing(-0.18, 0.0, 0.62, 0.24, -0.04), blob(bill, "beak"),
        oval(x - head * 0.3, y + 0.04, 0.026, "dark"), *after,
    ]  # fmt: skip


def flamingo(generator: Generator) -> Shape:
    """A wading bird: an oval body on very long thin legs, an S-shaped neck, and a hooked beak."""
    draw = generator.uniform
    leg, neck, deep = draw(0.75, 0.95), draw(0.5, 0.66), draw(0.19, 0.24)
    x, y = -0.36 + draw(-0.1, 0.04), neck
    path = [(-0.26, 0.02), (-0.5, 0.12), (-0.46, 0.3), (-0.26, neck * 0.7), (-0.22, neck * 0.95), (x, y + 0.04)]
    hook = [
        (x - 0.06, y + 0.06),
        (x - 0.2, y - 0.02),
        (x - 0.22, y - draw(0.14, 0.2)),
        (x - 0.14, y - 0.06),
        (x - 0.04, y - 0.04),
    ]
    bent = generator.random() < 0.45
    knee = (0.28, -leg * 0.55)
    far = (
        [(0.1, -deep * 0.7), knee, (0.04, -leg * 0.6)]
        if bent
        else [(0.1, -deep * 0.7), (0.13, -leg * 0.55), (0.1, -leg)]
    )
    near = [(-0.02, -deep * 0.7), (0.02, -leg * 0.55), (-0.02, -leg)]
    body = oval(0.02, 0.0, 0.38, "petal", deep, 0.1)
    foot = line([(-0.14, -leg), (0.04, -leg)], "petal", 0.035, optional=True)
    return [
        line(far, "petal", 0.035, tone=-0.2),
        line(near, "petal", 0.035),
        foot,
        *fused(
            [
                body,
                bent_limb(path, [0.14, 0.11, 0.09, 0.09, 0.09, 0.1], "petal"),
                oval(x, y + 0.02, 0.1, "petal", 0.085),
            ]
        ),
        *_wing(-0.12, 0.02, draw(0.5, 0.62), 0.26, 0.08),
        blob(hook, "beak"),
        oval(x - 0.02, y + 0.05, 0.02, "dark"),
    ]


def fish(generator: Generator) -> Shape:
    """A bony fish: an oval body, a forked tail, fins, a gill, scales and a round eye."""
    draw = generator.uniform
    tall, fork = draw(0.2, 0.34), draw(0.2, 0.3)
    body = [
        (-0.62, 0.0),
        (-0.3, tall * 0.9),
        (0.1, tall),
        (0.42, 0.08),
        (0.42, -0.08),
        (0.1, -tall),
        (-0.3, -tall * 0.9),
    ]
    tail = [(0.38, 0.06), (0.74, fork), (0.62, 0.0), (0.74, -fork), (0.38, -0.06)]
    top = [(-0.25, tall * 0.8), (-0.1, tall + draw(0.1, 0.2)), (0.3, tall + 0.04), (0.26, tall * 0.55)]
    low = [(0.0, -tall * 0.85), (0.16, -tall - draw(0.06, 0.14)), (0.28, -tall * 0.55)]
    parts = [outline(tail, "fin"), blob(top, "fin"), outline(low, "fin"), blob(body, "scale")]
    for x in np.linspace(-0.12, 0.26, 4):
        for side in (-0.35, 0.35):
            parts.append(line(arc_points(x, side * tall, 0.06, 0.07, -1.2, 1.2, 7), "fin", 0.016, optional=True))
    parts.append(line(arc_points(-0.42, 0, 0.13, tall * 0.75, -1, 1, 9), "dark", 0.018))
    parts.append(outline([(-0.2, -0.04), (0.02, 0.02), (0.0, -0.14)], "fin", tone=-0.1))
    parts.append(curve([(-0.6, -0.05), (-0.54, -0.06), (-0.5, -0.04)], "dark", 0.014, optional=True))
    return [*parts, oval(-0.45, 0.06, 0.055, "sail"), oval(-0.45, 0.06, 0.026, "dark")]


def shark(generator: Generator) -> Shape:
    """A shark: a long pointed body, an upright back fin, slit gills, and a tall uneven tail."""
    draw = generator.uniform
    tall, fin, tail = draw(0.17, 0.23), draw(0.26, 0.36), draw(0.32, 0.44)
    body = [
        (-0.95, 0.03), (-0.6, tall * 0.8), (-0.1, tall), (0.45, 0.1), (0.85, 0.05), (0.85, -0.03),
        (0.4, -0.1), (-0.1, -tall * 0.85), (-0.6, -tall * 0.75), (-0.86, -0.08),
    ]  # fmt: skip
    back = [(-0.22, tall * 0.85), (0.08, tall + fin), (0.08, tall + fin * 0.5), (0.16, tall * 0.7)]
    end = [(0.78, 0.04), (1.12, tail), (1.0, 0.04), (1.08, -tail * 0.6), (0.78, -0.03)]
    side = [(-0.36, -tall * 0.5), (-0.02, -tall - draw(0.2, 0.3)), (-0.1, -tall * 0.6)]
    belly = [(-0.86, -0.06), (-0.3, -tall * 0.4), (0.4, -0.06), (-0.1, -tall * 0.82), (-0.6, -tall * 0.72)]
    parts = [outline(end, "hide", tone=-0.1), outline(back, "hide", tone=-0.1), blob(body, "hide")]
    parts += [blob(belly, "sail", optional=True), outline(side, "hide", tone=-0.2)]
    for x in (-0.5, -0.44, -0.38):
        parts.append(line([(x, 0.07), (x - 0.01, -0.06)], "dark", 0.016, optional=True))
    teeth = [(-0.88, -0.05), (-0.8, -0.03), (-0.78, -0.07), (-0.72, -0.04), (-0.68, -0.07)]
    parts.append(line(teeth, "dark", 0.016, optional=True))
    parts.append(outline([(0.5, 0.07), (0.6, 0.17), (0.62, 0.05)], "hide", optional=True))
    return [*parts, oval(-0.72, 0.06, 0.028, "dark")]


def butterfly(generator: Generator) -> Shape:
    """A butterfly from above: two pairs of spotted wings, a slender body, and two feelers."""
    draw = generator.uniform
    reach, lift, low = draw(0.6, 0.75), draw(0.42, 0.58), draw(0.4, 0.55)
    upper = [(0.03, 0.06), (0.2, lift * 0.8), (reach, lift), (reach * 0.95, 0.12), (0.4, -0.02), (0.03, 0.0)]
    lower = [(0.03, -0.02), (0.4, -0.06), (reach * 0.75, -low * 0.5), (reach * 0.5, -low), (0.18, -low * 0.7)]
    spots = [(reach * 0.7, lift * 0.62, draw(0.05, 0.09)), (reach * 0.4, -low * 0.5, draw(0.05, 0.08))]
    narrow = draw(0.6, 1.0)
    parts: Shape = []
    for flip, share in ((True, narrow), (False, 1.0)):
        half = [blob(lower, "fin"), blob(upper, "petal")]
        half += [oval(x, y, radius, "signal", optional=True) for x, y, radius in spots]
        half.append(curve([(0.05, 0.05), (reach * 0.5, lift * 0.45)], "dark", 0.014, optional=True))
        half = placed(half, flip=flip)
        for part in half:
            part.points[:, 0] *= share
        parts += half
        side = -share if flip else share
        parts.append(curve([(0.01 * side, 0.24), (0.08 * side, 0.42), (0.2 * side, draw(0.48, 0.58))], "dark", 0.018))
    return [*parts, oval(0, -0.04, 0.045, "dark", 0.27), oval(0, 0.24, 0.055, "dark")]
