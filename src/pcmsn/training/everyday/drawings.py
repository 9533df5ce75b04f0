"""The drawings that the packaged model learns from: strokes of Quick, Draw!, pictures of TU-Berlin and Sketchy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pcmsn.data.strokes import Stroke, fit_picture, read_quickdraw, render, vary, vary_sheet
from pcmsn.encoders.kinds import Kind, kind_of_class

HELD_OUT = 4
"""The last drawings of each Quick, Draw! word, which no training sees."""
LINE_WIDTHS = (1 / 110, 1 / 28)
"""Thinnest and widest line of training, as parts of the sheet's side."""


@dataclass(frozen=True)
class Strokes:
    """Drawings as strokes."""

    drawings: list[tuple[Stroke, ...]]
    kinds: NDArray[np.int64]
    words: tuple[str, ...]

    def sheet(self, index: int, size: int, generator: np.random.Generator | None = None) -> NDArray[np.uint8]:
        """(size, size) sheet of one drawing, varied with a generator."""
        strokes = self.drawings[index]
        if generator is None:
            return render(strokes, size)
        width = float(np.exp(generator.uniform(*np.log(LINE_WIDTHS))))
        return render(
            vary(strokes, generator),
            size,
            line_width=width,
            scale=generator.uniform(0.8, 1.05),
            shift=tuple(generator.uniform(-0.04, 0.04, 2)),
        )


@dataclass(frozen=True)
class Sheets:
    """Drawings as fitted pictures, (n, size, size)."""

    sheets: NDArray[np.uint8]
    kinds: NDArray[np.int64]
    words: tuple[str, ...]

    def sheet(self, index: int, size: int, generator: np.random.Generator | None = None) -> NDArray[np.uint8]:
        """(size, size) sheet of one drawing, varied with a generator; of the size that they were read at."""
        return self.sheets[index] if generator is None else vary_sheet(self.sheets[index], generator)


@dataclass(frozen=True)
class Drawings:
    """All sources, each with its share of a batch."""

    sources: dict[str, Strokes | Sheets]
    shares: dict[str, float]

    def batch(
        self, amount: int, size: int, generator: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """(amount, size, size) varied sheets and their (amount,) kinds; a source's drawings are equally likely."""
        names = list(self.sources)
        shares = np.asarray([self.shares[name] for name in names])
        sheets, kinds = [], []
        for choice in generator.choice(len(names), amount, p=shares / shares.sum()):
            source = self.sources[names[choice]]
            index = int(generator.integers(len(source.kinds)))
            sheets.append(source.sheet(index, size, generator))
            kinds.append(int(source.kinds[index]))
        return np.stack(sheets), np.asarray(kinds)


def read_strokes(folder: Path, kinds: Sequence[Kind], *, held_out: bool, limit: int | None = None) -> Strokes:
    """Quick, Draw!'s drawings of the known words: those held out, or the others."""
    rows = kind_of_class(list(kinds), "quickdraw")
    drawings: list[tuple[Stroke, ...]] = []
    labels, words = [], []
    for path in sorted(folder.glob("*.ndjson"))[:limit]:
        if path.stem in rows:
            read = read_quickdraw(path)
            chosen = read[-HELD_OUT:] if held_out else read[:-HELD_OUT]
            drawings += [drawing.strokes for drawing in chosen]
            labels += [rows[path.stem]] * len(chosen)
            words += [path.stem] * len(chosen)
    return Strokes(drawings, np.asarray(labels, dtype=np.int64), tuple(words))


def read_sheets(folder: Path, kinds: Sequence[Kind], source: str, size: int, *, limit: int | None = None) -> Sheets:
    """The pictures under ``folder``, one folder a class, of a source's known classes, as fitted sheets."""
    rows = kind_of_class(list(kinds), source)
    paths = [path for path in sorted(folder.glob("*/*.png")) if path.parent.name in rows][:limit]
    sheets = np.empty((len(paths), size, size), dtype=np.uint8)
    for number, path in enumerate(paths):
        with Image.open(path) as picture:
            sheets[number] = fit_picture(picture, size)
    words = tuple(path.parent.name for path in paths)
    return Sheets(sheets, np.asarray([rows[word] for word in words], dtype=np.int64), words)
