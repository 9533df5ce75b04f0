"""Which files of the downloads go into one class folder, and under which names.

A plan depends on the downloads alone, neither on the order of a listing nor on what the target holds by now, so that a
second run, or one after a kill, does the same.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

from PIL import Image

from pcmsn.data.inventory import ClassFolder
from pcmsn.data.preparing.tally import Fate, Tally


@dataclass(frozen=True)
class Source:
    """A picture of the downloads."""

    path: Path
    part: int
    """Which of the parts it comes from, by position."""
    staged: bool
    """Whether it was unpacked from an archive."""
    size: int

    @property
    def prepared_name(self) -> str:
        """The file name with ``.jpg`` for ``.JPEG`` and ``.jpeg``."""
        path = PurePath(self.path.name)
        return path.stem + ".jpg" if path.suffix.lower() == ".jpeg" else path.name

    @cached_property
    def digest(self) -> str:
        """A hash of the content, read once."""
        return content_digest(self.path)


@dataclass(frozen=True)
class Placement:
    """A picture of the downloads and its name in the class folder."""

    source: Source
    name: str


@dataclass(frozen=True)
class ClassPlan:
    """What one class folder should hold."""

    placements: tuple[Placement, ...]
    copies: tuple[Placement, ...]
    """Exact duplicates of a placement, with the names that they would have had."""


class SourceReader:
    """Reads the folders of one class in all parts. What cannot be used is counted, once if two parts have it."""

    def __init__(self, row: str, tally: Tally) -> None:
        self.row = row
        self.tally = tally
        self._part_of: dict[tuple[str, int], int] = {}

    def read(self, folder: ClassFolder, part: int, staged: bool) -> list[Source]:
        """The pictures of a class folder whose headers can be read.

        Only headers are read: decoding hundreds of thousands of pictures takes an hour, and ``data check`` does it.
        """
        sources = []
        for name in folder.pictures:
            source = Source(folder.path / name, part, staged, (folder.path / name).stat().st_size)
            if source.size == 0:
                self._leave_out(Fate.EMPTY, source)
            elif not _has_readable_header(source.path):
                self._leave_out(Fate.UNREADABLE, source)
            else:
                sources.append(source)
        for name in folder.others:
            path = folder.path / name
            self._leave_out(Fate.NOT_PICTURE, Source(path, part, staged, path.stat().st_size))
        self.tally.add(Fate.SYSTEM, self.row, len(folder.strays))
        self.tally.add(Fate.SUBFOLDER, self.row, len(folder.subfolders), example=_first(folder, folder.subfolders))
        self.tally.add(Fate.BROKEN_LINK, self.row, len(folder.broken_links), _first(folder, folder.broken_links))
        return sources

    def _leave_out(self, fate: Fate, source: Source) -> None:
        first = self._part_of.setdefault((source.prepared_name, source.size), source.part)
        if first != source.part:
            self.tally.add(Fate.GIVEN_TWICE, self.row)
        else:
            self.tally.add(fate, self.row, example=str(source.path))


def plan_class(sources: Iterable[Source], *, keep_duplicates: bool, row: str, tally: Tally) -> ClassPlan:
    """The pictures of one class, each under a name of its own, and each content once unless ``keep_duplicates``.

    Of equal pictures the first by name stays. A file that is given in two parts (an archive and the folder that it
    unpacks to) counts once in any case. Of different pictures with one name, the second gets a part of its hash into
    its name.
    """
    ordered = sorted(sources, key=lambda source: (source.prepared_name.casefold(), source.path.name, source.part))
    same_size = Counter(source.size for source in ordered)
    placements: list[Placement] = []
    copies: list[Placement] = []
    with_content: dict[str, list[Source]] = {}
    taken: set[str] = set()
    for source in ordered:
        name = source.prepared_name
        equal = with_content.setdefault(source.digest, []) if same_size[source.size] > 1 else []
        if any(other.prepared_name == name and other.part != source.part for other in equal):
            tally.add(Fate.GIVEN_TWICE, row)
            continue
        equal.append(source)
        if len(equal) > 1 and not keep_duplicates:
            copies.append(Placement(source, name))
            continue
        if name.casefold() in taken:
            tally.add(Fate.SAME_NAME, row, example=str(source.path))
            name = _free_name(name, source, taken)
        if source.path.suffix != PurePath(name).suffix:
            tally.add(Fate.SUFFIX, row)
        taken.add(name.casefold())
        placements.append(Placement(source, name))
    return ClassPlan(tuple(placements), tuple(copies))


def content_digest(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _free_name(name: str, source: Source, taken: set[str]) -> str:
    """The name marked with the hash of the content, and numbered if that is taken, too."""
    path = PurePath(name)
    marked = f"{path.stem}-{source.digest[:8]}{path.suffix}"
    number = 2
    while marked.casefold() in taken:
        marked = f"{path.stem}-{source.digest[:8]}-{number}{path.suffix}"
        number += 1
    return marked


def _has_readable_header(path: Path) -> bool:
    try:
        with Image.open(path):
            return True
    except Exception:  # damaged files make Pillow raise almost anything
        return False


def _first(folder: ClassFolder, names: Sequence[str]) -> str:
    """The first of a class folder's entries as an example, or an empty string."""
    return str(folder.path / names[0]) if names else ""
