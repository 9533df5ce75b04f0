"""Line charts: nothing is written over the lines, and gaps stay gaps."""

from __future__ import annotations

import re

import pytest

from pcmsn.report.figures.lines import Line, Mark, line_chart, value_axis, whole_axis

NAN = float("nan")


def chart(values: tuple[float, ...], marked: int) -> str:
    epochs = tuple(float(epoch) for epoch in range(1, len(values) + 1))
    return line_chart(
        [Line("loss", epochs, values)],
        whole_axis("epoch", len(values)),
        value_axis("", values),
        title="loss by epoch",
        description="",
        mark=Mark(epochs[marked], values[marked], f"{values[marked]:.3f}"),
    )


@pytest.mark.parametrize(
    ("values", "marked"),
    [
        ((9.9, 8.8, 8.2), 2),
        ((0.2, 0.25, 0.3), 2),
        ((0.2, 0.3, 0.1, 0.3, 0.2), 1),
        ((1.0, NAN, 3.0, 2.0), 0),
        ((5.0,), 0),
    ],
    ids=["falling", "rising to the top", "between", "with a gap", "one epoch"],
)
def test_the_text_of_a_mark_stands_inside_the_picture_and_above_the_line(
    values: tuple[float, ...], marked: int
) -> None:
    svg = chart(values, marked)
    found = re.search(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)" class="strong">', svg)
    assert found
    left, bottom = float(found[1]), float(found[2])
    right = left + 50
    if found[3] == "end":
        left, right = left - 50, left
    ring = re.search(r'cx="([\d.]+)" cy="([\d.]+)" r="5" class="best"', svg)
    assert ring
    points = [(float(across), float(down)) for across, down in re.findall(r"[ML]([\d.]+) ([\d.]+)", svg)]
    beside = [down for across, down in [*points, (float(ring[1]), float(ring[2]))] if left <= across <= right]
    assert bottom >= 11
    assert left >= 0
    assert right <= 440
    assert all(bottom < down for down in beside)


def test_a_line_is_interrupted_where_a_value_is_missing() -> None:
    path = re.search(r'd="([^"]+)"', chart((1.0, 2.0, NAN, 3.0, 2.0), 3))
    assert path
    assert re.findall("[ML]", path[1]) == ["M", "L", "M", "L"]
