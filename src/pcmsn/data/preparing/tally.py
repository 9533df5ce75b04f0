"""Counts of what was done with each file of the downloads, by place, with the first examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from enum import Enum

EXAMPLES = 20
"""How many examples are kept of each fate."""


class Fate(str, Enum):
    """What became of a file; the value is the line of the table."""

    COPIED = "copied"
    LINKED = "hard-linked"
    SYMLINKED = "linked by a symbolic link"
    UNPACKED = "unpacked"
    PRESENT = "already there"
    GIVEN_TWICE = "given more than once, taken once"
    DUPLICATE = "duplicates removed"
    SAME_NAME = "other pictures under a taken name, kept with a hash in the name"
    LEFT_ALONE = "other content under the name in the target, left as it is"
    EMPTY = "empty files left out"
    UNREADABLE = "unreadable pictures left out"
    NOT_PICTURE = "files that are no pictures by their ending left out"
    CASE = "archive members left out, named as another one but for case"
    SYSTEM = "system files and folders left out"
    SUBFOLDER = "folders inside class folders left out"
    LOOSE = "pictures outside class folders left out"
    BROKEN_LINK = "broken links left out"
    UNKNOWN = "pictures in folders of unknown classes left out"
    VARIANT = "pictures of unused variants (tx_*) left out"
    READY = "pictures of resized copies (*_ready) left out, the full ones being there"
    FOREIGN = "pictures of other data sets left out"
    SUFFIX = "endings changed to .jpg"
    RENAMED = "class folders renamed"


PLACED = (Fate.COPIED, Fate.LINKED, Fate.SYMLINKED, Fate.UNPACKED)
"""The fates of pictures that a run put into the target."""


class Tally:
    """Counts by fate and place; a place is named by its row in the tables."""

    def __init__(self) -> None:
        self._counts: dict[Fate, Counter[str]] = defaultdict(Counter)
        self._examples: dict[Fate, list[str]] = defaultdict(list)

    def add(self, fate: Fate, row: str = "", count: int = 1, example: str = "") -> None:
        """Count that many more files; of the examples the first few are kept."""
        if count:
            self._counts[fate][row] += count
        if example and len(self._examples[fate]) < EXAMPLES:
            self._examples[fate].append(example)

    def count(self, fate: Fate, row: str | None = None) -> int:
        """Files of one fate, in all places or one."""
        return self._counts[fate].total() if row is None else self._counts[fate][row]

    def examples(self, fate: Fate) -> tuple[str, ...]:
        """The first files of one fate."""
        return tuple(self._examples[fate])
