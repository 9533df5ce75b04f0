"""Furniture: seats share legs, seat and back; tables share a top on legs; storage shares an upright case."""

from __future__ import annotations

import itertools

import numpy as np

from pcmsn.data.toyworld.shapes import Generator, Part, Shape, blob, box, curve, limb, line, outline, oval


def slab(left: float, right: float, top: float, thick: float, depth: float, skew: float, material: str) -> Shape:
    """A board seen from above its edge: its upper side, ``depth`` high and shifted by ``skew``, and its front edge."""
    upper = [(left, top), (right, top), (right + skew, top + depth), (left + skew, top + depth)]
    return [outline(upper, material, tone=0.12), box(left, top - thick, right, top, material, tone=-0.08)]


def legs(
    generator: Generator, left: float, right: float, top: float, depth: float, skew: float, material: str
) -> Shape:
    """Four legs that stand on y = 0: the back two, then the front two."""
    width, splay, taper = generator.uniform(0.045, 0.09), generator.uniform(-0.01, 0.07), generator.uniform(0.6, 1.0)
    parts: Shape = []
    for x, lift, tone in ((left + skew, depth, -0.35), (right + skew, depth, -0.35), (left, 0, 0), (right, 0, 0)):
        outwards = splay if x >= right - 1e-9 else -splay
        inner = x + (-width / 2 if x >= right - 1e-9 else width / 2)
        foot = (inner + outwards, lift * 0.8)
        parts.append(limb([(inner, top), foot], [width, width * taper], material, tone=tone))
    return parts


def stool(generator: Generator) -> Shape:
    """A stool: a round or square seat without back, on three or four legs with a rung."""
    draw = generator.uniform
    width, height, depth = draw(0.5, 0.7), draw(0.7, 1.0), draw(0.1, 0.16)
    splay = draw(0.0, 0.12)
    parts: Shape = [limb([(width * 0.5, height), (width * 0.5, depth * 0.6)], [0.06, 0.05], "wood", tone=-0.35)]
    for start, end in ((0.1, -splay), (width - 0.1, width + splay)):
        parts.append(limb([(start, height), (end, 0)], [0.07, 0.055], "wood"))
    rung = height * draw(0.25, 0.45)
    parts.append(line([(0.05, rung), (width - 0.05, rung)], "wood", 0.045, optional=True))
    if generator.random() < 0.65:
        parts.append(oval(width / 2, height, width / 2, "wood", depth * 0.8, tone=-0.15))
        return [*parts, oval(width / 2, height + 0.06, width / 2, "wood", depth * 0.8, tone=0.1)]
    return [*parts, *slab(0, width, height, 0.07, depth, 0.05, "wood")]


def chair(generator: Generator) -> Shape:
    """A chair: four legs, a seat, and an upright back with slats or rails."""
    draw = generator.uniform
    width, seat, back = draw(0.56, 0.72), draw(0.46, 0.56), draw(0.6, 0.8)
    depth, skew = draw(0.12, 0.2), draw(0.08, 0.2)
    parts = legs(generator, 0, width, seat, depth, skew, "wood")
    left, right, foot, top = skew, width + skew, seat + depth, seat + depth + back
    uprights = [
        limb([(x, foot - 0.02), (x + draw(0.0, 0.04), top)], [0.06, 0.05], "wood") for x in (left + 0.03, right - 0.03)
    ]
    style = generator.choice(["slats", "rails", "panel"])
    if style == "panel":
        parts.append(box(left + 0.03, foot + back * 0.25, right - 0.03, top, "fabric"))
    elif style == "slats":
        for x in np.linspace(left, right, int(generator.integers(4, 7)) + 1)[1:-1]:
            parts.append(line([(x, foot), (x, top - 0.05)], "wood", 0.04, optional=True))
    parts += uprights
    for y in np.linspace(top, foot + back * 0.35, 3 if style == "rails" else 1):
        parts.append(box(left, y - 0.09, right + 0.03, y, "wood", tone=0.08))
    parts += slab(-0.01, width + 0.01, seat, 0.07, depth, skew, "wood")
    if generator.random() < 0.5:
        low = seat * draw(0.25, 0.45)
        parts.append(line([(0.06, low), (width - 0.06, low)], "wood", 0.04, optional=True))
    return parts


def bench(generator: Generator) -> Shape:
    """A garden bench: a long slatted seat and back on legs."""
    draw = generator.uniform
    width, seat, back = draw(1.5, 1.9), draw(0.42, 0.5), draw(0.42, 0.55)
    depth, skew = draw(0.12, 0.18), draw(0.05, 0.15)
    parts = legs(generator, 0.06, width - 0.06, seat, depth, skew, "wood")
    foot, top = seat + depth, seat + depth + back
    for x in np.linspace(0.1, width - 0.1, int(generator.integers(2, 4))):
        parts.append(box(x + skew - 0.03, foot - 0.02, x + skew + 0.03, top, "wood", tone=-0.2))
    for y in np.linspace(top, foot + 0.16, int(generator.integers(2, 4))):
        parts.append(box(skew, y - 0.1, width + skew, y, "wood"))
    parts += slab(0, width, seat, 0.06, depth, skew, "wood")
    for share in (0.35, 0.68):
        shift = skew * share
        parts.append(
            line([(shift, seat + depth * share), (width + shift, seat + depth * share)], "dark", 0.014, optional=True)
        )
    if generator.random() < 0.4:
        for x in (0.05, width - 0.05):
            arm = [(x + skew, foot + 0.2), (x, seat + 0.2), (x, seat)]
            parts.append(line(arm, "wood", 0.05, optional=True))
    return parts


def _cushions(left: float, right: float, bottom: float, top: float, count: int) -> Shape:
    edges = np.linspace(left, right, count + 1)
    return [_pillow(start + 0.01, bottom, end - 0.01, top, tone=0.08) for start, end in itertools.pairwise(edges)]


def _pillow(left: float, bottom: float, right: float, top: float, tone: float) -> Part:
    """A box with soft corners."""
    rim = min(right - left, top - bottom) * 0.22
    corners = [
        (left + rim, bottom), (right - rim, bottom), (right, bottom + rim), (right, top - rim),
        (right - rim, top), (left + rim, top), (left, top - rim), (left, bottom + rim),
    ]  # fmt: skip
    return blob(corners, "fabric", tone=tone)


def _upholstered(generator: Generator, width: float, cushions: int, back: float) -> Shape:
    """A padded seat between two arms with a padded back, on short feet."""
    draw = generator.uniform
    arm, seat, foot = draw(0.16, 0.24), draw(0.36, 0.44), draw(0.06, 0.14)
    arm_top = seat + draw(0.16, 0.26)
    parts = [box(x, 0, x + 0.08, foot + 0.02, "wood") for x in (0.06, width - 0.14)]
    parts.append(_pillow(arm * 0.4, foot + 0.1, width - arm * 0.4, seat + back, tone=-0.12))
    parts += _cushions(arm, width - arm, seat, seat + back * 0.9, cushions)
    parts.append(box(arm * 0.5, foot, width - arm * 0.5, seat - 0.1, "fabric", tone=-0.1))
    parts += _cushions(arm, width - arm, seat - 0.12, seat + 0.06, cushions)
    for left in (0.0, width - arm):
        parts.append(_pillow(left, foot, left + arm, arm_top, tone=0.02))
        if generator.random() < 0.5:
            parts.append(oval(left + arm / 2, arm_top - arm * 0.4, arm * 0.3, "fabric", tone=-0.15, optional=True))
    return parts


def armchair(generator: Generator) -> Shape:
    """An armchair: a padded seat for one, with a high back and two arms."""
    return _upholstered(generator, generator.uniform(0.85, 1.05), 1, generator.uniform(0.5, 0.68))


def sofa(generator: Generator) -> Shape:
    """A sofa: a padded seat for two or three, with arms."""
    count = int(generator.integers(2, 4))
    return _upholstered(
        generator, generator.uniform(1.5, 1.8) + 0.2 * (count - 2), count, generator.uniform(0.36, 0.46)
    )


def table(generator: Generator) -> Shape:
    """A table: a wide top on four legs."""
    draw = generator.uniform
    width, height, depth, skew = draw(1.2, 1.7), draw(0.62, 0.78), draw(0.16, 0.26), draw(-0.1, 0.2)
    parts = legs(generator, 0.08, width - 0.08, height, depth, skew, "wood")
    parts.append(box(0.1, height - 0.16, width - 0.1, height, "wood", tone=-0.2, optional=True))
    if generator.random() < 0.35:
        middle = (width + skew) / 2
        vase = [(middle - 0.05, height + 0.1), (middle - 0.09, height + 0.2), (middle - 0.03, height + 0.34)]
        vase = [*vase, (middle + 0.03, height + 0.34), (middle + 0.09, height + 0.2), (middle + 0.05, height + 0.1)]
        return [*parts, *slab(0, width, height, 0.07, depth, skew, "wood"), blob(vase, "petal", optional=True)]
    return [*parts, *slab(0, width, height, 0.07, depth, skew, "wood")]


def _drawers(left: float, right: float, bottom: float, top: float, count: int, optional: bool = False) -> Shape:
    """A stack of drawers, each with a knob or a handle."""
    parts: Shape = []
    edges = np.linspace(bottom, top, count + 1)
    for low, high in itertools.pairwise(edges):
        parts.append(box(left + 0.03, low + 0.02, right - 0.03, high - 0.02, "wood", tone=0.1, optional=optional))
        parts.append(oval((left + right) / 2, (low + high) / 2, 0.028, "chrome", optional=True))
    return parts


def desk(generator: Generator) -> Shape:
    """A writing desk: a top on a drawer case at one side or both, and legs at the other."""
    draw = generator.uniform
    width, height, depth, skew = draw(1.25, 1.6), draw(0.66, 0.76), draw(0.12, 0.2), draw(0.0, 0.16)
    case, count = draw(0.36, 0.46), int(generator.integers(3, 5))
    parts = [box(0.06, height * 0.2, width - 0.06, height, "wood", tone=-0.42)]
    parts += [
        box(0.05, 0.03, 0.05 + case, height, "wood", tone=-0.1),
        *_drawers(0.05, 0.05 + case, 0.05, height - 0.06, count),
    ]
    if generator.random() < 0.5:
        left = width - 0.05 - case
        parts += [
            box(left, 0.03, width - 0.05, height, "wood", tone=-0.1),
            *_drawers(left, width - 0.05, 0.05, height - 0.06, count),
        ]
    else:
        parts.append(limb([(width - 0.1, height), (width - 0.1, 0)], [0.09, 0.07], "wood"))
    return [*parts, *slab(0, width, height, 0.06, depth, skew, "wood")]


def _case(width: float, height: float, depth: float, foot: float) -> Shape:
    """An upright case with its right side and its top in view."""
    rise = depth * 0.5
    side = [(width, foot), (width + depth, foot + rise), (width + depth, height + rise), (width, height)]
    top = [(0, height), (width, height), (width + depth, height + rise), (depth, height + rise)]
    return [
        outline(side, "wood", tone=-0.32),
        outline(top, "wood", tone=0.15),
        box(0, foot, width, height, "wood"),
        *(box(x, 0, x + 0.07, foot, "wood", tone=-0.2, optional=True) for x in (0.02, width - 0.09)),
    ]


def wardrobe(generator: Generator) -> Shape:
    """A wardrobe: a tall case with two doors and knobs, perhaps a drawer below."""
    draw = generator.uniform
    width, height, foot = draw(0.85, 1.1), draw(1.35, 1.6), draw(0.05, 0.1)
    parts = _case(width, height, draw(0.08, 0.22), foot)
    low = foot + draw(0.06, 0.1)
    if generator.random() < 0.5:
        parts += _drawers(0.02, width - 0.02, foot + 0.03, foot + 0.28, 1, optional=True)
        low = foot + 0.3
    middle = width / 2
    for left, right, knob in ((0.05, middle - 0.015, middle - 0.08), (middle + 0.015, width - 0.05, middle + 0.08)):
        parts.append(box(left, low, right, height - 0.06, "wood", tone=0.1))
        parts.append(box(left + 0.08, low + 0.1, right - 0.08, height - 0.16, "wood", tone=-0.06, optional=True))
        parts.append(oval(knob, (low + height) / 2, 0.03, "chrome"))
    return parts


def bookshelf(generator: Generator) -> Shape:
    """A bookshelf: a tall open case with boards and upright books."""
    draw = generator.uniform
    width, height, foot = draw(0.8, 1.05), draw(1.3, 1.6), draw(0.03, 0.08)
    parts = _case(width, height, draw(0.06, 0.18), foot)
    edges = np.linspace(foot + 0.06, height - 0.02, int(generator.integers(3, 5)) + 1)
    for low, high in itertools.pairwise(edges):
        parts.append(box(0.06, low, width - 0.06, high - 0.05, "wood", tone=-0.5))
        x = 0.07
        stop = draw(0.55, 1.0) * (width - 0.1)
        while x < stop:
            thick, tall = draw(0.05, 0.11), draw(0.6, 0.92) * (high - low - 0.05)
            cover = str(generator.choice(["paint", "fabric", "signal", "petal", "trim"]))
            parts.append(
                box(x, low, min(x + thick, width - 0.07), low + tall, cover, optional=generator.random() < 0.5)
            )
            x += thick + 0.005
    return parts


def bed(generator: Generator) -> Shape:
    """A bed from the side: a mattress between a high head board and a lower foot board, pillow and blanket."""
    draw = generator.uniform
    length, head, foot, frame = draw(1.7, 2.0), draw(0.72, 0.95), draw(0.42, 0.58), draw(0.24, 0.32)
    mattress = frame + draw(0.14, 0.2)
    depth = draw(0.1, 0.2)
    blanket_start = length * draw(0.32, 0.45)
    cover = [
        (blanket_start, mattress + depth), (length - 0.04, mattress + depth), (length - 0.02, mattress - 0.02),
        (length - 0.02, frame - draw(0.02, 0.1)), (blanket_start - 0.04, frame - 0.02),
        (blanket_start - 0.03, mattress),
    ]  # fmt: skip
    parts = [box(0, 0.0, 0.09, head, "wood"), box(0.05, frame - 0.12, length, frame, "wood", tone=-0.15)]
    parts.append(box(0.07, frame, length - 0.02, mattress + depth, "sail"))
    pillow = [(0.12, mattress + depth - 0.04), (0.16, mattress + depth + 0.14), (0.42, mattress + depth + 0.14)]
    parts.append(blob([*pillow, (0.48, mattress + depth - 0.03)], "sail", tone=0.08))
    parts.append(outline(cover, "fabric"))
    fold = [(blanket_start + 0.1, mattress), (length * 0.7, mattress - 0.05), (length - 0.1, mattress)]
    parts.append(curve(fold, "dark", 0.012, optional=True))
    parts.append(box(length - 0.07, 0.0, length + 0.02, foot, "wood"))
    for x, top in ((0.045, head), (length - 0.025, foot)):
        parts.append(oval(x, top + 0.03, 0.055, "wood", optional=True))
    return parts
