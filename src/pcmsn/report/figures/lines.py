"""Line charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pcmsn.report.markup import Markup, join, tag

WIDTH, HEIGHT = 440.0, 270.0
"""Of the whole picture, in pixels."""

RIGHT, TOP, BOTTOM = 14.0, 20.0, 40.0
"""Margins; a mark's text has room above the highest point."""

TICK_LETTER, MARK_LETTER = 8.6, 10.0
"""Widths of a letter in the text of a tick and of a mark."""

AXIS_NAME = 16.0
"""Width of the vertical axis's name, which is turned."""

MOST_TICKS = 8
"""Whole numbers that are written at an axis at most."""

NO_LIMITS = (-math.inf, math.inf)
"""Of values that may be any number."""

VALUE_STEPS = 4
"""About how many steps an axis of values is divided into."""

Style = Literal["main", "second", "chance"]


@dataclass(frozen=True)
class Line:
    """One line through points with ascending x."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    style: Style = "main"


@dataclass(frozen=True)
class Axis:
    """One axis: its range, its ticks with their texts, and what it shows."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """How far a value is from the low end to the high one: 0 and 1 at the ends, 0.5 where they are the same."""
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(value)
        return (at - low) / (high - low) if high > low else 0.5


@dataclass(frozen=True)
class Mark:
    """A point that is named."""

    x: float
    y: float
    label: str


def share_axis(label: str) -> Axis:
    """An axis of shares from 0 to 1."""
    return Axis(label, 0, 1, tuple((tick / 5, f"{tick / 5:.1f}") for tick in range(6)))


def whole_axis(label: str, last: int) -> Axis:
    """An axis of whole numbers from 1 to ``last``, few of them written."""
    step = max(1, math.ceil(last / MOST_TICKS))
    shown = [number for number in range(1, last + 1) if number == 1 or number % step == 0]
    return Axis(label, 1, max(last, 1), tuple((float(number), str(number)) for number in shown))


def depth_axis(label: str, depths: Sequence[int]) -> Axis:
    """A logarithmic axis of numbers of photos, its powers of ten and its end written."""
    last = depths[-1]
    powers = [10**power for power in range(len(str(last))) if 10**power * 4 < last]
    return Axis(label, 1, last, tuple((float(k), f"{k:,}") for k in (*powers, last)), logarithmic=True)


def value_axis(label: str, values: Sequence[float], *, within: tuple[float, float] = NO_LIMITS) -> Axis:
    """An axis around some values with a few round ticks; values that are not finite do not count.

    ``within`` are the least and the most that a value can be, whole numbers or infinite.
    """
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    if low == high:
        low, high = max(low - 0.5, within[0]), min(high + 0.5, within[1])
    raw = (high - low) / VALUE_STEPS
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) + (1 if abs(step / size - 2.5) < 1e-9 else 0)
    ticks = tuple((number * step, f"{number * step:.{digits}f}") for number in range(first, last + 1))
    return Axis(label, first * step, last * step, ticks)


def line_chart(
    lines: Sequence[Line], x: Axis, y: Axis, *, title: str, description: str, mark: Mark | None = None
) -> Markup:
    """An SVG of lines over a light grid; ``title`` and ``description`` are what is read out.

    ``mark`` is a point of the first line.
    """
    parts = [tag("title", title), tag("desc", description), _grid(x, y)]
    parts += [_line(line, x, y) for line in lines]
    if mark is not None:
        parts.append(_mark(mark, lines[0], x, y))
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", role="img", class_="chart", aria_label=title)


def _left(y: Axis) -> float:
    """The room that the ticks and the name of the other axis take."""
    return 10 + TICK_LETTER * max((len(text) for _, text in y.ticks), default=0) + (AXIS_NAME if y.label else 0)


def _across(x: Axis, y: Axis, value: float) -> float:
    """Pixels from the left edge to a value of the axis ``x``."""
    left = _left(y)
    return left + x.share(value) * (WIDTH - left - RIGHT)


def _down(y: Axis, value: float) -> float:
    """Pixels from the top edge to a value of the axis ``y``."""
    return HEIGHT - BOTTOM - y.share(value) * (HEIGHT - TOP - BOTTOM)


def _grid(x: Axis, y: Axis) -> Markup:
    left, bottom, right = _left(y), HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value, text in y.ticks:
        at = _down(y, value)
        parts.append(tag("line", x1=left, x2=right, y1=at, y2=at, class_="grid"))
        parts.append(tag("text", text, x=left - 7, y=at + 4, text_anchor="end"))
    for value, text in x.ticks:
        at = _across(x, y, value)
        parts.append(tag("line", x1=at, x2=at, y1=bottom, y2=bottom + 4, class_="tick"))
        # The last text would leave the picture if it were centred.
        anchor = "end" if x.share(value) > 0.97 and len(text) > 3 else "middle"
        parts.append(tag("text", text, x=at, y=bottom + 17, text_anchor=anchor))
    parts.append(tag("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
    parts.append(tag("text", x.label, x=(left + right) / 2, y=HEIGHT - 5, text_anchor="middle", class_="name"))
    if y.label:
        middle = (TOP + bottom) / 2
        turned = f"rotate(-90 11 {middle:.1f})"
        parts.append(tag("text", y.label, x=11.0, y=middle, text_anchor="middle", transform=turned, class_="name"))
    return tag("g", *parts)


def _line(line: Line, x: Axis, y: Axis) -> Markup:
    """One path, interrupted where a value is not finite; a line of one point is a dot."""
    steps, pen = [], "M"
    for point_x, point_y in zip(line.x, line.y, strict=True):
        if not math.isfinite(point_y):
            pen = "M"
            continue
        steps.append(f"{pen}{_across(x, y, point_x):.1f} {_down(y, point_y):.1f}")
        pen = "L"
    path = tag("path", tag("title", line.label), d="".join(steps), class_=f"line {line.style}")
    if len(steps) != 1:
        return path
    only_x, only_y = next(point for point in zip(line.x, line.y, strict=True) if math.isfinite(point[1]))
    dot = tag("circle", cx=_across(x, y, only_x), cy=_down(y, only_y), r=3.0, class_=f"dot {line.style}")
    return join(path, dot)


def _mark(mark: Mark, line: Line, x: Axis, y: Axis) -> Markup:
    """A ring at the point, and its text beside it, above the line."""
    across, down = _across(x, y, mark.x), _down(y, mark.y)
    anchor, side = ("end", -1) if x.share(mark.x) > 0.7 else ("start", 1)
    near, far = across + 8 * side, across + (8 + MARK_LETTER * len(mark.label)) * side
    return join(
        tag("circle", cx=across, cy=down, r=5.0, class_="best"),
        tag("text", mark.label, x=near, y=_highest(line, x, y, near, far) - 9, text_anchor=anchor, class_="strong"),
    )


def _highest(line: Line, x: Axis, y: Axis, near: float, far: float) -> float:
    """The line's smallest distance from the top between two places across, as if its ends went on level."""
    points = [
        (_across(x, y, across), _down(y, down))
        for across, down in zip(line.x, line.y, strict=True)
        if math.isfinite(down)
    ]
    lefts, downs = zip(*points, strict=True)
    places = [near, far, *(place for place in lefts if min(near, far) < place < max(near, far))]
    return float(np.interp(places, lefts, downs).min())
