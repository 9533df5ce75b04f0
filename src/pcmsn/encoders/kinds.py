"""What the packaged model knows: kinds of things, with their names in the sources that it learned from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pcmsn.errors import DataError

SOURCES = ("quickdraw", "tu_berlin", "sketchy", "caltech101", "imagenet")
PACKAGED_KINDS = Path(__file__).parent / "everyday" / "kinds.tsv"

_BETWEEN_NAMES = " + "


@dataclass(frozen=True)
class Kind:
    """One kind of thing that is drawn or photographed."""

    name: str
    synset: str
    """Its meaning in WordNet 3.0, or that of the nearest wider word."""
    classes: dict[str, tuple[str, ...]]
    """Source to the classes there that show it; of ImageNet, synsets."""


def read_kinds(path: Path = PACKAGED_KINDS) -> list[Kind]:
    """The kinds of a table, in its order. Raises DataError for a line of another form and for a class in two lines."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    header = ("kind", "synset", *SOURCES)
    if not lines or tuple(lines[0].split("\t")) != header:
        raise DataError(f"{path}: expected the columns {', '.join(header)}")
    kinds = []
    for line in lines[1:]:
        name, *cells = line.split("\t")
        if len(cells) != len(header) - 1:
            raise DataError(f"{path}: {name!r} has {len(cells) + 1} columns, not {len(header)}")
        classes = {
            source: tuple(cell.split(_BETWEEN_NAMES)) if cell else ()
            for source, cell in zip(SOURCES, cells[1:], strict=True)
        }
        kinds.append(Kind(name, cells[0], classes))
    for source in SOURCES:
        kind_of_class(kinds, source)
    return kinds


def kind_of_class(kinds: list[Kind], source: str) -> dict[str, int]:
    """Class of a source to the row of its kind. Raises DataError for a class that two kinds claim."""
    rows: dict[str, int] = {}
    for row, kind in enumerate(kinds):
        for name in kind.classes[source]:
            if name in rows:
                raise DataError(f"{source}'s class {name!r} belongs to {kinds[rows[name]].name!r} and {kind.name!r}")
            rows[name] = row
    return rows
