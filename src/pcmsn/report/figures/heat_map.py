"""A square of shares, rows and columns named."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pcmsn.report.markup import Markup, tag

CELL = 24.0
LETTER = 6.7
LABEL_MOST = 150.0


def strength(share: float) -> float:
    """How opaque a share in 0..1 is drawn: small shares stronger than in proportion, so that they can be told apart."""
    return 0.06 + 0.94 * math.pow(share, 0.6)


def heat_map(
    values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], *, title: str, description: str
) -> Markup:
    """An SVG of (n, m) values in 0..1, the stronger the larger; a cell tells its row, column and value on hover."""
    left = min(LABEL_MOST, LETTER * max(map(len, rows), default=0)) + 12
    head = min(LABEL_MOST, LETTER * max(map(len, columns), default=0)) * 0.72 + 14
    width, height = left + CELL * len(columns) + head, head + CELL * len(rows) + 4
    parts = [tag("title", title), tag("desc", description)]
    for number, name in enumerate(columns):
        across = left + CELL * (number + 0.5)
        turned = f"rotate(-45 {across:.1f} {head - 8:.1f})"
        parts.append(tag("text", name, x=across, y=head - 8, transform=turned))
    for number, name in enumerate(rows):
        parts.append(tag("text", name, x=left - 8, y=head + CELL * (number + 0.5) + 4, text_anchor="end"))
        for column, other in enumerate(columns):
            share = float(values[number, column])
            cell = tag("title", f"{name} → {other}: {share:.1%}")
            parts.append(
                tag(
                    "rect",
                    cell,
                    x=left + CELL * column + 1,
                    y=head + CELL * number + 1,
                    width=CELL - 2,
                    height=CELL - 2,
                    rx=3,
                    class_="cell own" if name == other else "cell",
                    style=f"fill-opacity:{strength(share):.2f}",
                )
            )
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        role="img",
        class_="chart heat",
        aria_label=title,
    )
