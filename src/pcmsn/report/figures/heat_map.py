"""A square of shares, rows and columns named."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pcmsn.report.markup import Markup, tag

CELL, LARGEST_CELL, ROOM = 24.0, 48.0, 320.0
"""Pixels from one cell to the next at least and at most, and of all cells where few classes leave a choice."""

LETTER = 6.7
"""Width of a letter of a name."""

LABEL_MOST = 150.0
"""Room for the longest name at most."""


def strength(share: float) -> float:
    """How opaque a share in 0..1 is drawn: small shares stronger than in proportion, so that they can be told apart."""
    return 0.06 + 0.94 * math.pow(share, 0.6)


def heat_map(
    values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], *, title: str, description: str
) -> Markup:
    """An SVG of (n, m) values in 0..1, the stronger the larger; a cell tells its row, column and value on hover."""
    cell = min(max(CELL, ROOM / max(len(rows), len(columns), 1)), LARGEST_CELL)
    left = min(LABEL_MOST, LETTER * max(map(len, rows), default=0)) + 12
    head = min(LABEL_MOST, LETTER * max(map(len, columns), default=0)) * 0.72 + 14
    width, height = left + cell * len(columns) + head, head + cell * len(rows) + 4
    parts = [tag("title", title), tag("desc", description)]
    for number, name in enumerate(columns):
        across = left + cell * (number + 0.5)
        turned = f"rotate(-45 {across:.1f} {head - 8:.1f})"
        parts.append(tag("text", name, x=across, y=head - 8, transform=turned))
    for number, name in enumerate(rows):
        parts.append(tag("text", name, x=left - 8, y=head + cell * (number + 0.5) + 4, text_anchor="end"))
        for column, other in enumerate(columns):
            share = float(values[number, column])
            told = tag("title", f"{name} → {other}: {share:.1%}")
            parts.append(
                tag(
                    "rect",
                    told,
                    x=left + cell * column + 1,
                    y=head + cell * number + 1,
                    width=cell - 2,
                    height=cell - 2,
                    rx=3,
                    class_="cell own" if name == other else "cell",
                    style=f"fill-opacity:{strength(share):.2f}",
                )
            )
    return tag(
        "svg",
        *parts,
        # As wide as it is drawn, so that the names are of one size for few classes and for many.
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        style=f"width:{width:.0f}px",
        role="img",
        class_="chart heat",
        aria_label=title,
    )
