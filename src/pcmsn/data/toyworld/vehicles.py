"""Vehicles: wheeled ones share wheels and cabins, watercraft share a hull."""

from __future__ import annotations

import itertools

import numpy as np

from pcmsn.data.toyworld.shapes import Generator, Part, Shape, arc_points, blob, box, curve, line, outline, oval


def wheel(x: float, radius: float, hub: str = "chrome", tread: float = 0.45) -> Shape:
    """A filled wheel that stands on y = 0; ``tread`` is the share of the radius that is tyre."""
    return [
        oval(x, radius, radius, "rubber"),
        oval(x, radius, radius * (1 - tread), hub),
        oval(x, radius, radius * 0.16, "dark", optional=True),
    ]


def spoked_wheel(x: float, radius: float, spokes: int, tyre: float, phase: float) -> Shape:
    """An open wheel with spokes that stands on y = 0."""
    rim = arc_points(x, radius, radius, radius, 0.5, 0.5 + 2 * np.pi, 40)
    parts = [line(rim, "rubber", tyre)]
    for angle in phase + np.arange(spokes) * 2 * np.pi / spokes:
        tip = (x + radius * np.cos(angle), radius + radius * np.sin(angle))
        parts.append(line([(x, radius), tip], "chrome", 0.012, optional=True))
    return [*parts, oval(x, radius, radius * 0.13, "chrome")]


def window_row(left: float, right: float, bottom: float, top: float, count: int, gap: float) -> Shape:
    """``count`` equal windows between ``left`` and ``right``."""
    edges = np.linspace(left, right, count + 1)
    return [
        box(start + gap / 2, bottom, end - gap / 2, top, "glass", optional=index % 2 == 1)
        for index, (start, end) in enumerate(itertools.pairwise(edges))
    ]


def car(generator: Generator) -> Shape:
    """A saloon or hatchback from the side."""
    draw = generator.uniform
    radius, length, sill = draw(0.15, 0.19), draw(1.5, 1.8), 0.13
    waist, roof = draw(0.42, 0.5), draw(0.72, 0.85)
    front, back = draw(0.3, 0.42) * length, draw(0.88, 0.98) * length
    roof_start, roof_end = front + draw(0.16, 0.3), back - draw(0.1, 0.32)
    body = [
        (0, sill), (length, sill), (length + 0.03, waist * 0.7), (length, waist), (back, waist + 0.02),
        (roof_end, roof), (roof_start, roof), (front, waist), (0.05, waist * draw(0.82, 0.95)), (-0.03, waist * 0.6),
    ]  # fmt: skip
    middle = (roof_start + roof_end) / 2
    glass = [(front + 0.07, waist + 0.01), (roof_start + 0.04, roof - 0.06), (middle - 0.03, roof - 0.06)]
    glass = [*glass, (middle - 0.03, waist + 0.01)]
    rear_glass = [(middle + 0.03, waist + 0.01), (middle + 0.03, roof - 0.06), (roof_end - 0.03, roof - 0.06)]
    rear_glass = [*rear_glass, (back - 0.08, waist + 0.01)]
    parts = [outline(body, "paint"), outline(glass, "glass"), outline(rear_glass, "glass")]
    parts.append(line([(middle, sill + 0.03), (middle, waist)], "dark", 0.012, optional=True))
    parts.append(box(middle + 0.05, waist - 0.08, middle + 0.14, waist - 0.05, "chrome", optional=True))
    parts.append(oval(0.03, waist * 0.72, 0.045, "lamp", 0.035, optional=True))
    parts.append(box(length - 0.04, waist * 0.7, length + 0.01, waist * 0.85, "signal", optional=True))
    return [*parts, *wheel(draw(0.19, 0.24) * length, radius), *wheel(draw(0.77, 0.82) * length, radius)]


def bus(generator: Generator) -> Shape:
    """A city bus from the side: one long box with a row of windows."""
    draw = generator.uniform
    length, height, radius = draw(1.9, 2.4), draw(0.8, 0.98), draw(0.12, 0.15)
    floor, bevel = 0.1, draw(0.03, 0.1)
    body = [
        (0, floor), (length, floor), (length, height - bevel), (length - bevel, height),
        (bevel, height), (0, height - bevel),
    ]  # fmt: skip
    bottom, top = height * draw(0.5, 0.56), height * draw(0.84, 0.9)
    door = draw(0.1, 0.18)
    parts = [outline(body, "paint")]
    parts.append(box(0, floor + 0.1, length, floor + draw(0.15, 0.24), "trim", optional=True))
    parts += window_row(door + 0.12, length - 0.05, bottom, top, int(generator.integers(4, 8)), draw(0.03, 0.06))
    parts.append(box(0.05, floor + 0.03, 0.05 + door, top, "glass"))
    parts.append(line([(0.05 + door / 2, floor + 0.03), (0.05 + door / 2, top)], "dark", 0.012, optional=True))
    parts.append(oval(0.02, floor + 0.1, 0.03, "lamp", optional=True))
    return [*parts, *wheel(draw(0.2, 0.26) * length, radius), *wheel(draw(0.74, 0.82) * length, radius)]


def truck(generator: Generator) -> Shape:
    """A lorry from the side: a cab in front of a box, an open bed or a tank."""
    draw = generator.uniform
    radius, cab, length = draw(0.14, 0.18), draw(0.4, 0.55), draw(1.6, 2.1)
    frame, cab_height, load_height = 0.2, draw(0.72, 0.88), draw(0.8, 1.05)
    waist, slope = draw(0.46, 0.54), draw(0.05, 0.16)
    cab_body = [
        (0, 0.12), (cab, 0.12), (cab, cab_height), (slope, cab_height), (0, waist),
    ]  # fmt: skip
    window = [(0.05, waist), (slope + 0.04, cab_height - 0.07), (cab - 0.09, cab_height - 0.07), (cab - 0.09, waist)]
    parts = [box(cab - 0.05, 0.14, length, frame + 0.04, "dark"), outline(cab_body, "paint"), outline(window, "glass")]
    parts += _load(generator, cab + draw(0.03, 0.08), length, frame + 0.04, load_height)
    parts.append(line([(cab - 0.06, 0.17), (cab - 0.06, waist)], "dark", 0.012, optional=True))
    parts.append(oval(0.03, 0.27, 0.04, "lamp", optional=True))
    parts += [*wheel(cab * 0.5, radius), *wheel(length - draw(0.25, 0.35), radius)]
    if generator.random() < 0.6:
        parts += wheel(length - 0.35 - 2.1 * radius, radius)
    return parts


def _load(generator: Generator, left: float, right: float, bottom: float, top: float) -> Shape:
    """What a lorry carries: a box, an open bed with a heap, or a tank."""
    kind = generator.choice(["box", "box", "bed", "tank"])
    if kind == "box":
        ribs = np.linspace(left, right, int(generator.integers(3, 6)) + 1)[1:-1]
        lines = [line([(x, bottom + 0.04), (x, top - 0.04)], "dark", 0.012, optional=True) for x in ribs]
        return [box(left, bottom, right, top, "trim"), *lines]
    if kind == "tank":
        middle = (bottom + top) / 2
        return [oval((left + right) / 2, middle, (right - left) / 2, "trim", (top - bottom) / 2.2)]
    rim = bottom + (top - bottom) * 0.45
    heap = [(left + 0.05, rim), (left + 0.3, top * 0.95), (right - 0.4, top * 0.85), (right - 0.05, rim)]
    return [blob(heap, "soil"), outline([(left, bottom), (right, bottom), (right + 0.06, rim), (left, rim)], "trim")]


def tractor(generator: Generator) -> Shape:
    """A farm tractor from the side: a large rear wheel, a small front wheel, a bonnet and a cabin."""
    draw = generator.uniform
    rear, front, length = draw(0.36, 0.44), draw(0.18, 0.24), draw(1.25, 1.45)
    bonnet, roof, seat = draw(0.62, 0.7), draw(1.1, 1.25), length - 0.62
    hood = [(0.02, 0.3), (seat, 0.3), (seat, bonnet + 0.03), (0.06, bonnet), (0, bonnet - 0.06)]
    cabin = [(seat, 0.4), (length - 0.1, 0.5), (length - 0.12, roof), (seat + draw(0.03, 0.1), roof)]
    parts = [outline(cabin, "glass"), outline(hood, "paint")]
    parts.append(box(seat - 0.02, roof - 0.02, length - 0.02, roof + 0.06, "paint"))
    pipe = seat * draw(0.4, 0.65)
    parts.append(box(pipe, bonnet, pipe + 0.05, bonnet + draw(0.25, 0.4), "dark"))
    for height in np.linspace(0.4, bonnet - 0.08, 3):
        parts.append(line([(0.06, height), (0.26, height)], "dark", 0.014, optional=True))
    parts.append(line([(seat, bonnet), (length - 0.12, bonnet)], "dark", 0.014, optional=True))
    fender = arc_points(length - rear, rear, rear + 0.06, rear + 0.06, 0.35, np.pi - 0.5)
    parts += wheel(front + 0.02, front, "trim", 0.4)
    parts += [*wheel(length - rear, rear, "trim", 0.42), line(fender, "paint", 0.06)]
    return parts


def bicycle(generator: Generator) -> Shape:
    """A bicycle from the side: two spoked wheels and a diamond frame."""
    draw = generator.uniform
    radius, base = draw(0.31, 0.36), draw(1.0, 1.15)
    rear, front, crank = (0.0, radius), (base, radius), (base * 0.42, radius * draw(0.8, 0.95))
    seat, head = (base * draw(0.27, 0.33), draw(0.76, 0.88)), (base * draw(0.78, 0.83), draw(0.78, 0.9))
    spokes, tyre, phase = int(generator.integers(6, 13)), draw(0.035, 0.06), draw(0, 1)
    parts = spoked_wheel(rear[0], radius, spokes, tyre, phase) + spoked_wheel(front[0], radius, spokes, tyre, phase + 1)
    step_through = generator.random() < 0.3
    top_joint = (
        seat[0] + (crank[0] - seat[0]) * (0.6 if step_through else 0.12),
        seat[1] * (0.6 if step_through else 0.9),
    )
    tubes = [[rear, crank], [rear, top_joint], [crank, seat], [crank, head], [top_joint, head], [head, front]]
    parts += [line(tube, "paint", draw(0.035, 0.05)) for tube in tubes]
    parts.append(box(seat[0] - 0.13, seat[1], seat[0] + 0.11, seat[1] + 0.05, "leather"))
    bar = [head, (head[0] - 0.02, head[1] + 0.1), (head[0] + draw(-0.16, 0.12), head[1] + draw(0.06, 0.16))]
    parts.append(line(bar, "chrome", 0.04))
    parts.append(oval(*crank, 0.07, "chrome"))
    parts.append(
        line([(crank[0] - 0.09, crank[1] + 0.1), (crank[0] + 0.09, crank[1] - 0.1)], "dark", 0.03, optional=True)
    )
    return parts


def motorcycle(generator: Generator) -> Shape:
    """A motorcycle from the side: two thick wheels, a tank, a seat, an engine and a fork."""
    draw = generator.uniform
    radius, base = draw(0.27, 0.32), draw(1.05, 1.25)
    head = (base * draw(0.78, 0.84), draw(0.72, 0.84))
    parts: Shape = []
    for x in (0.0, base):
        parts += [oval(x, radius, radius, "rubber"), oval(x, radius, radius * 0.62, "chrome", tone=0.1)]
        parts.append(oval(x, radius, radius * 0.2, "dark"))
    parts.append(line([head, (base, radius)], "chrome", 0.055))
    parts.append(line([(0, radius), (base * 0.4, 0.36)], "chrome", 0.06))
    engine = [(base * 0.3, 0.2), (base * 0.66, 0.2), (base * 0.72, 0.5), (base * 0.3, 0.5)]
    parts.append(outline(engine, "steel"))
    for height in (0.28, 0.35, 0.42):
        parts.append(line([(base * 0.4, height), (base * 0.64, height)], "dark", 0.016, optional=True))
    parts.append(line([(base * 0.55, 0.2), (base * 0.3, 0.14), (-0.12, 0.17)], "chrome", 0.06, optional=True))
    seat = [(-0.16, draw(0.66, 0.74)), (0.05, 0.62), (base * 0.42, 0.58), (base * 0.42, 0.5), (0.1, 0.5)]
    parts.append(blob(seat, "leather"))
    tank = [
        (base * 0.38, 0.55),
        (base * 0.48, draw(0.74, 0.82)),
        (base * 0.68, 0.76),
        (head[0], 0.66),
        (base * 0.68, 0.52),
    ]
    parts.append(blob(tank, "paint"))
    parts.append(line(arc_points(0, radius, radius + 0.05, radius + 0.05, 0.6, 2.2), "paint", 0.05, optional=True))
    parts.append(
        line([head, (head[0] - 0.02, head[1] + 0.12), (head[0] - draw(0.1, 0.2), head[1] + 0.14)], "chrome", 0.045)
    )
    parts.append(oval(head[0] + 0.06, head[1] - 0.02, 0.075, "lamp"))
    return parts


def hull(generator: Generator, length: float, depth: float) -> Part:
    """A boat's hull with its deck at y = 0, the bow to the left."""
    draw = generator.uniform
    bow, stern = draw(0.12, 0.25) * length, draw(0.04, 0.14) * length
    sheer = draw(0.02, 0.08)
    deck = [(0, sheer + 0.02), (length * 0.3, 0), (length * 0.7, 0), (length, sheer)]
    keel = [(length - stern, -depth), (bow, -depth), (bow * 0.45, -depth * 0.55)]
    return outline([*deck, *keel], "paint")


def sailboat(generator: Generator) -> Shape:
    """A sailing boat: a hull, a mast and one or two triangular sails."""
    draw = generator.uniform
    length, depth, height = draw(1.1, 1.4), draw(0.2, 0.3), draw(1.1, 1.45)
    mast, foot = length * draw(0.4, 0.52), draw(0.08, 0.14)
    belly = draw(0.02, 0.08)
    main = [(mast + 0.04, foot), (length * draw(0.9, 1.0), foot + 0.02), (mast + 0.2 + belly, height * 0.55)]
    parts = [line([(mast, -0.02), (mast, height + 0.05)], "wood", 0.035)]
    parts.append(outline([*main, (mast + 0.04, height)], "sail"))
    if generator.random() < 0.8:
        jib = [(mast - 0.05, height * draw(0.75, 0.95)), (mast - 0.05, foot + 0.04), (length * draw(0.0, 0.08), foot)]
        parts.append(outline(jib, "sail", tone=-0.08))
    if generator.random() < 0.5:
        top = height + 0.05
        parts.append(outline([(mast, top), (mast + 0.16, top - 0.05), (mast, top - 0.1)], "signal", optional=True))
    parts.append(hull(generator, length, depth))
    parts.append(line([(length * 0.1, -depth * 0.4), (length * 0.95, -depth * 0.4)], "trim", 0.04, optional=True))
    return [*parts, *_waves(generator, length, depth)]


def steamship(generator: Generator) -> Shape:
    """A passenger steamer: a long hull with portholes, decks, and smoking funnels."""
    draw = generator.uniform
    length, depth = draw(1.9, 2.3), draw(0.3, 0.38)
    funnels = int(generator.integers(1, 4))
    left, right, deck = length * draw(0.2, 0.28), length * draw(0.76, 0.86), draw(0.16, 0.2)
    parts: Shape = []
    for x in np.linspace(left + 0.3, right - 0.25, funnels):
        top, lean = deck * 2 + draw(0.24, 0.34), 0.04
        sides = [(x - 0.08, deck), (x + 0.08, deck), (x + 0.08 + lean, top), (x - 0.08 + lean, top)]
        parts.append(outline(sides, "trim"))
        parts.append(box(x - 0.08 + lean, top - 0.07, x + 0.08 + lean, top + 0.01, "dark", optional=True))
        puffs = [(x + 0.1, top + 0.02), (x + 0.2, top + 0.16), (x + 0.42, top + 0.24), (x + 0.36, top + 0.1)]
        parts.append(blob(puffs, "smoke", optional=True))
    parts.append(box(left + 0.14, deck, right - 0.1, deck * 2, "plaster"))
    parts.append(box(left, 0, right, deck + 0.01, "plaster"))
    parts += window_row(left + 0.05, right - 0.05, deck * 0.3, deck * 0.75, int(generator.integers(5, 9)), 0.08)
    parts.append(hull(generator, length, depth))
    for x in np.linspace(length * 0.22, length * 0.84, int(generator.integers(5, 9))):
        parts.append(oval(x, -depth * 0.4, 0.032, "glass", optional=True))
    parts.append(line([(left * 0.5, 0), (left * 0.5, draw(0.4, 0.6))], "dark", 0.025, optional=True))
    return [*parts, *_waves(generator, length, depth)]


def _waves(generator: Generator, length: float, depth: float) -> Shape:
    """A line of water along a hull, or nothing."""
    if generator.random() < 0.4:
        return []
    xs = np.linspace(-0.1, length + 0.1, int(generator.integers(9, 14)))
    crest = np.where(np.arange(len(xs)) % 2 == 0, -depth - 0.02, -depth + 0.05)
    return [curve(np.stack([xs, crest], axis=1), "water", 0.05, optional=True)]


def airplane(generator: Generator) -> Shape:
    """An airliner from the side, nose to the left: a fuselage, a near and a far wing, a tail fin."""
    draw = generator.uniform
    length, girth = draw(1.7, 2.1), draw(0.13, 0.17)
    tail_rise = draw(0.03, 0.09)
    nose = [(0, -0.02), (0.1, girth * 0.7), (0.35, girth), (length * 0.7, girth), (length, girth * 0.7 + tail_rise)]
    belly = [(length, girth * 0.45 + tail_rise), (length * 0.68, -girth), (0.3, -girth), (0.08, -girth * 0.75)]
    fin_x = length - draw(0.34, 0.42)
    fin = [
        (fin_x, girth * 0.9),
        (length - 0.08, girth + draw(0.36, 0.5)),
        (length + 0.06, girth + 0.42),
        (length - 0.02, 0.1),
    ]
    root, reach, sweep = length * draw(0.36, 0.42), draw(0.5, 0.7), draw(0.3, 0.5)
    far = [
        (root + 0.05, girth * 0.7),
        (root + sweep, reach * 0.7),
        (root + sweep + 0.13, reach * 0.7),
        (root + 0.36, 0.08),
    ]
    near = [(root, -0.04), (root + sweep, -reach), (root + sweep + 0.16, -reach), (root + 0.42, -0.06)]
    parts = [outline(far, "trim", tone=-0.2), outline(fin, "trim"), blob([*nose, *belly], "plate")]
    parts.append(
        outline([(length - 0.3, 0.1), (length + 0.05, -0.08), (length + 0.12, -0.07), (length - 0.08, 0.13)], "trim")
    )
    for x in np.linspace(0.34, length * 0.8, int(generator.integers(6, 11))):
        parts.append(oval(x, girth * 0.35, 0.026, "glass", optional=True))
    parts.append(
        outline([(0.07, girth * 0.42), (0.13, girth * 0.72), (0.22, girth * 0.7), (0.2, girth * 0.35)], "glass")
    )
    parts.append(outline(near, "trim"))
    engine = root + sweep * 0.45
    return [*parts, oval(engine, -reach * 0.5, 0.13, "steel", 0.065)]
