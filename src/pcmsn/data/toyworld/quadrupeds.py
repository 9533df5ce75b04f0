"""Four-legged animals: one builder for trunk, legs, neck and tail; each animal adds its head and its marks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pcmsn.data.toyworld.shapes import Generator, Part, Shape, bent_limb, blob, curve, fused, outline, oval

Point = tuple[float, float]


@dataclass(frozen=True)
class Build:
    """The proportions of a four-legged animal that looks to the left, in units of its trunk's length."""

    leg: float
    """Length of the legs below the trunk."""
    leg_width: float
    girth: float
    """Height of the trunk."""
    neck: Point
    """From the shoulder to the head: (to the left, upwards)."""
    neck_width: float
    coat: str = "fur"


@dataclass(frozen=True)
class Frame:
    """A trunk with legs and neck, and the places where the rest is put."""

    far: Shape
    """The legs behind the trunk, with their feet."""
    body: Shape
    """Near legs, trunk and neck; an animal adds its face and fuses them."""
    feet: Shape
    """The near feet, in front of the legs."""
    head: Point
    tail: Point
    belly: Point


def frame(generator: Generator, build: Build) -> Frame:
    """A four-legged animal without head and tail."""
    draw = generator.uniform
    girth, leg = build.girth * draw(0.9, 1.12), build.leg * draw(0.88, 1.12)
    back, width = leg + girth, build.leg_width * draw(0.85, 1.2)
    trunk = [
        (0.0, back - girth * 0.4), (0.1, back - girth * 0.04), (0.5, back - girth * draw(0.02, 0.12)), (0.9, back),
        (1.02, back - girth * 0.4), (0.92, leg + girth * 0.1), (0.5, leg + girth * draw(0.0, 0.16)), (0.1, leg),
    ]  # fmt: skip
    head = (0.06 - build.neck[0] * draw(0.85, 1.15), back - girth * 0.2 + build.neck[1] * draw(0.88, 1.12))
    bend = (head[0] * 0.5 + 0.06, back - girth * 0.25 + (head[1] - back + girth * 0.25) * 0.5)
    throat = [(0.16, back - girth * 0.45), bend, head]
    neck = bent_limb(throat, [build.neck_width * 1.7, build.neck_width * 1.1, build.neck_width * 0.8], build.coat)
    legs = [
        _leg(x, x + draw(-0.11, 0.11), leg, girth, width, build.coat, tone)
        for x, tone in ((0.8, -0.28), (0.24, -0.28), (0.9, 0.0), (0.13, 0.0))
    ]
    far = [part for pair in legs[:2] for part in pair]
    near, feet = (list(parts) for parts in zip(*legs[2:], strict=True))
    return Frame(far, [*near, blob(trunk, build.coat), neck], feet, head, (1.0, back - girth * 0.15), (0.66, leg))


def _leg(x: float, foot: float, leg: float, girth: float, width: float, coat: str, tone: float) -> tuple[Part, Part]:
    """A leg that tapers from the trunk at ``x`` to its foot, and the foot."""
    path = [(x, leg + girth * 0.35), (x + (foot - x) * 0.3 + 0.02, leg * 0.55), (foot, 0.02)]
    toe, heel, ankle = foot - width * 0.9, foot + width * 0.5, width * 0.6
    sole = [(toe, 0), (heel, 0), (heel, ankle), (foot - width * 0.5, ankle)]
    return (
        bent_limb(path, [width * 2, width, width * 0.85], coat, tone=tone),
        outline(sole, "horn", tone=tone / 2, optional=True),
    )


def _eye(x: float, y: float, radius: float = 0.022) -> Shape:
    return [oval(x, y, radius, "dark")]


def _long_tail(root: Point, reach: float, drop: float, tuft: float, coat: str, generator: Generator) -> Shape:
    """A thin tail that hangs behind, with a tuft of hair at its end."""
    x, y = root
    swing = generator.uniform(-0.06, 0.08)
    end = (x + reach + swing, y - drop)
    tail = curve([root, (x + reach * 0.8, y - drop * 0.3), end], coat, 0.035)
    return [tail, oval(end[0], end[1] - tuft, tuft * 0.55, "mane", tuft)]


def dog(generator: Generator) -> Shape:
    """A dog: a short neck, a long muzzle, hanging ears, and a raised tail."""
    draw = generator.uniform
    body = frame(generator, Build(0.42, 0.1, 0.36, (0.2, 0.26), 0.2))
    x, y = body.head
    skull, muzzle = draw(0.14, 0.17), draw(0.16, 0.24)
    face = [
        (x + skull, y), (x + skull * 0.3, y + skull), (x - skull * 0.7, y + skull * 0.6),
        (x - skull - muzzle, y + 0.02), (x - skull - muzzle, y - 0.09),
        (x - skull * 0.5, y - skull * 0.8), (x + skull * 0.6, y - skull * 0.8),
    ]  # fmt: skip
    ear = [
        (x + 0.02, y + skull * 0.9),
        (x + 0.13, y + skull * 0.5),
        (x + 0.14, y - draw(0.12, 0.24)),
        (x + 0.02, y - 0.1),
    ]
    tail_x, tail_y = body.tail
    tip = (tail_x + draw(0.16, 0.3), tail_y + draw(0.2, 0.4))
    tail = bent_limb([(tail_x - 0.06, tail_y), (tail_x + 0.12, tail_y + 0.06), tip], [0.09, 0.08, 0.03], "fur")
    nose = oval(x - skull - muzzle - 0.01, y + 0.0, 0.035, "dark")
    collar = curve([(x + 0.03, y - 0.2), (x + 0.14, y - 0.16), (x + 0.22, y - 0.08)], "signal", 0.04, optional=True)
    marks = [oval(draw(0.35, 0.7), body.belly[1] + 0.24, draw(0.1, 0.16), "patch", 0.09, optional=True)]
    return [
        *body.far,
        tail,
        *fused([*body.body, blob(face, "fur")]),
        *body.feet,
        *marks,
        collar,
        blob(ear, "mane"),
        nose,
        *_eye(x - 0.06, y + 0.04),
    ]


def cat(generator: Generator) -> Shape:
    """A cat: a low body, a round head with pointed ears and whiskers, and a long curled tail."""
    draw = generator.uniform
    body = frame(generator, Build(0.3, 0.09, 0.3, (0.1, 0.2), 0.2))
    x, y = body.head
    radius = draw(0.17, 0.21)
    tail_x, tail_y = body.tail
    height, curl = draw(0.35, 0.6), draw(-0.14, 0.14)
    path = [(tail_x - 0.06, tail_y), (tail_x + 0.2, tail_y + 0.04), (tail_x + 0.24, tail_y + height)]
    tail = bent_limb([*path, (tail_x + 0.24 + curl, tail_y + height + 0.08)], [0.09, 0.08, 0.07, 0.05], "fur")
    parts = [*body.far, tail, *fused(body.body), *body.feet]
    for stripe in np.linspace(0.3, 0.85, int(generator.integers(3, 6))):
        parts.append(
            curve([(stripe, body.tail[1] + 0.04), (stripe - 0.03, body.tail[1] - 0.12)], "mane", 0.03, optional=True)
        )
    for side in (-1, 1):
        ear = [(x + side * radius * 0.95, y + radius * 0.3), (x + side * radius * 0.8, y + radius * 1.55)]
        parts.append(outline([*ear, (x + side * radius * 0.2, y + radius * 0.9)], "fur", tone=-0.1))
    parts.append(oval(x, y, radius, "fur", radius * 0.88))
    for side in (-1, 1):
        parts += _eye(x + side * radius * 0.42, y + radius * 0.15, 0.03)
        for slope in (-0.04, 0.03):
            whisker = [(x + side * 0.05, y - 0.05), (x + side * (radius + 0.1), y - 0.05 + slope)]
            parts.append(curve(whisker, "dark", 0.01, optional=True))
    return [*parts, outline([(x - 0.03, y - 0.03), (x + 0.03, y - 0.03), (x, y - 0.07)], "blossom")]


def _long_face(x: float, y: float, length: float, drop: float, coat: str) -> Part:
    """A grazing animal's head: long, pointing forwards and down."""
    tip = (x - length, y - drop)
    face = [(x + 0.08, y + 0.06), (x - 0.05, y + 0.11), (tip[0], tip[1] + 0.08), (tip[0] - 0.04, tip[1] - 0.02)]
    return blob([*face, (tip[0] + 0.04, tip[1] - 0.08), (x - 0.02, y - 0.12), (x + 0.08, y - 0.08)], coat)


def horse(generator: Generator) -> Shape:
    """A horse: long legs, an arched neck with a mane, a long face, and a flowing tail."""
    draw = generator.uniform
    body = frame(generator, Build(0.56, 0.085, 0.36, (0.26, 0.42), 0.2))
    x, y = body.head
    tail_x, tail_y = body.tail
    end = (tail_x + draw(0.12, 0.25), tail_y - draw(0.4, 0.55))
    tail = bent_limb([(tail_x - 0.05, tail_y), (tail_x + 0.12, tail_y - 0.04), end], [0.06, 0.12, 0.05], "mane")
    hair = [(x + 0.06, y + 0.14), (x + 0.16, y + 0.02), (0.12, body.tail[1] + 0.1), (0.24, body.tail[1] - 0.0)]
    hair = [*hair, (0.16, body.tail[1] - 0.02), (x + 0.08, y - 0.04)]
    ear = outline([(x, y + 0.09), (x + 0.03, y + 0.22), (x + 0.07, y + 0.08)], "fur", tone=-0.1)
    face = _long_face(x, y, draw(0.24, 0.3), draw(0.12, 0.24), "fur")
    return [*body.far, tail, *fused([*body.body, face]), *body.feet, blob(hair, "mane"), ear, *_eye(x - 0.08, y + 0.03)]


def cow(generator: Generator) -> Shape:
    """A cow: a heavy spotted trunk on short legs, horns, an udder, and a tufted tail."""
    draw = generator.uniform
    body = frame(generator, Build(0.36, 0.1, 0.46, (0.18, 0.12), 0.27))
    x, y = body.head
    top = body.tail[1]
    tail = _long_tail(body.tail, 0.08, draw(0.3, 0.42), 0.06, "fur", generator)
    udder = oval(body.belly[0] + 0.06, body.belly[1] + 0.02, 0.11, "blossom", 0.08)
    face = _long_face(x, y, draw(0.2, 0.26), draw(0.14, 0.2), "fur")
    parts = [*body.far, udder, *tail, *fused([*body.body, face]), *body.feet]
    for _ in range(int(generator.integers(2, 5))):
        spot = np.array([draw(0.2, 0.85), top - draw(0.06, 0.3)])
        ring = [(draw(0.06, 0.14) * np.cos(a), draw(0.05, 0.1) * np.sin(a)) for a in np.arange(6) * np.pi / 3]
        parts.append(blob(np.array(ring) + spot, "patch", optional=True))
    for side in (-1, 1):
        horn = [(x + side * 0.04, y + 0.08), (x + side * 0.12, y + 0.14), (x + side * 0.12, y + draw(0.22, 0.3))]
        parts.append(bent_limb(horn, [0.05, 0.045, 0.012], "horn"))
    parts.append(oval(x + 0.14, y + 0.05, 0.09, "fur", 0.04, -0.3, tone=-0.15))
    muzzle = oval(x - 0.23, y - 0.17, 0.08, "blossom", 0.065, 0.4, optional=True)
    return [*parts, muzzle, *_eye(x - 0.07, y + 0.03)]


def giraffe(generator: Generator) -> Shape:
    """A giraffe: very long legs and neck, a small head with two knobs, and a patched coat."""
    draw = generator.uniform
    body = frame(generator, Build(0.8, 0.08, 0.36, (0.34, 1.0), 0.15))
    x, y = body.head
    top = body.tail[1]
    face = _long_face(x, y, draw(0.2, 0.26), draw(0.08, 0.16), "fur")
    tail = _long_tail(body.tail, 0.06, 0.34, 0.05, "fur", generator)
    parts = [*body.far, *tail, *fused([*body.body, face]), *body.feet]
    for _ in range(int(generator.integers(7, 12))):
        parts.append(
            oval(draw(0.1, 0.95), top - draw(0.04, 0.26), draw(0.04, 0.07), "patch", 0.04, draw(0, 3), optional=True)
        )
    for share in np.linspace(0.15, 0.85, 5):
        bend = 0.05 * np.sin(share * np.pi)
        place = (0.16 + (x - 0.16) * share - bend, top - 0.1 + (y - top + 0.1) * share)
        parts.append(oval(*place, 0.035, "patch", 0.05, 0.3, optional=True))
    for offset in (0.0, 0.06):
        parts.append(curve([(x + offset, y + 0.06), (x + offset + 0.02, y + 0.19)], "mane", 0.03))
    parts.append(oval(x + 0.1, y + 0.07, 0.07, "fur", 0.03, 0.5, tone=-0.15))
    return [*parts, *_eye(x - 0.06, y + 0.03)]


def elephant(generator: Generator) -> Shape:
    """An elephant: a huge grey trunk on pillars of legs, a large ear, a trunk that reaches down, and tusks."""
    draw = generator.uniform
    body = frame(generator, Build(0.34, 0.17, 0.58, (0.16, 0.06), 0.34, "hide"))
    x, y = body.head
    radius, swing = draw(0.23, 0.27), draw(-0.2, 0.06)
    nose = [(x - radius * 0.6, y - 0.02), (x - radius - 0.1, y - 0.26), (x - radius - 0.08 + swing * 0.4, y - 0.5)]
    nose = [*nose, (x - radius - 0.06 + swing, y - draw(0.55, 0.66))]
    ear = [(x + 0.0, y + 0.16), (x + 0.2, y + 0.24), (x + 0.34, y + 0.04), (x + 0.24, y - 0.24), (x + 0.06, y - 0.14)]
    tusk = [(x - radius * 0.7, y - 0.17), (x - radius - 0.1, y - 0.27), (x - radius - draw(0.2, 0.28), y - 0.22)]
    return [
        *body.far,
        *_long_tail(body.tail, 0.06, 0.32, 0.05, "hide", generator),
        *fused(
            [*body.body, oval(x, y, radius, "hide", radius * 0.95), bent_limb(nose, [0.2, 0.16, 0.11, 0.07], "hide")]
        ),
        *body.feet,
        bent_limb(tusk, [0.06, 0.05, 0.012], "horn"),
        blob(ear, "hide", tone=-0.14),
        *_eye(x - radius * 0.45, y + 0.06, 0.024),
    ]
