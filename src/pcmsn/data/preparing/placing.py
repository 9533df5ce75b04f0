"""Putting the planned pictures into a class folder: by copy or link, whole or not at all, never over another file."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data.atomic import atomic_path
from pcmsn.data.inventory import read_class_folder
from pcmsn.data.linking import hard_link, same_content, symbolic_link
from pcmsn.data.preparing.planning import ClassPlan, Placement, Source, content_digest
from pcmsn.data.preparing.tally import Fate, Tally


@dataclass(frozen=True)
class Placer:
    """Fills the class folders of one place."""

    scratch: Path
    """A folder on the target's file system for files that are being copied, so that the class folders hold whole
    pictures only; it is removed at the end, with whatever a kill left there. Files are not synced to disk one by one,
    which would take an hour for a data set; the next run compares contents and so finds a picture that a power cut
    damaged."""
    link: bool
    """Whether pictures of folders are linked, where possible, instead of copied."""
    keep_duplicates: bool
    row: str
    """The place's row in the tables of counts."""
    tally: Tally

    def fill(self, folder: Path, plan: ClassPlan, on_file: Callable[[], None]) -> None:
        """Put the plan's pictures into ``folder``, leaving what is there; ``on_file`` is called after each picture."""
        present = set(read_class_folder(folder).pictures)
        planned = {placement.name for placement in plan.placements}
        strangers = _Strangers(folder, sorted(present - planned))
        for placement in plan.placements:
            self._fill_one(folder, placement, present, strangers)
            on_file()
        for copy in plan.copies:
            kept_earlier = copy.name in present - planned and same_content(copy.source.path, folder / copy.name)
            self.tally.add(Fate.PRESENT if kept_earlier else Fate.DUPLICATE, self.row, example=str(copy.source.path))
            on_file()

    def _fill_one(self, folder: Path, placement: Placement, present: set[str], strangers: _Strangers) -> None:
        source, target = placement.source, folder / placement.name
        if placement.name in present or os.path.lexists(target):
            same = target.is_file() and same_content(source.path, target)
            self.tally.add(Fate.PRESENT if same else Fate.LEFT_ALONE, self.row, example="" if same else str(target))
        elif not self.keep_duplicates and strangers.include(source):
            self.tally.add(Fate.DUPLICATE, self.row, example=str(source.path))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self.tally.add(self._place(source, target), self.row)

    def _place(self, source: Source, target: Path) -> Fate:
        if source.staged:  # the staging folder is removed at the end, so that a symbolic link would lead nowhere
            if not hard_link(source.path, target):
                self._copy(source.path, target)
            return Fate.UNPACKED
        if self.link and hard_link(source.path, target):
            return Fate.LINKED
        if self.link and symbolic_link(source.path, target):
            return Fate.SYMLINKED
        self._copy(source.path, target)
        return Fate.COPIED

    def _copy(self, source: Path, target: Path) -> None:
        self.scratch.mkdir(parents=True, exist_ok=True)
        temporary = self.scratch / f"copy-{os.getpid()}"
        try:
            shutil.copyfile(source, temporary)
            temporary.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with atomic_path(target) as beside:  # the class folder is a link to another file system
                shutil.copyfile(source, beside)
        finally:
            temporary.unlink(missing_ok=True)


class _Strangers:
    """The pictures in a class folder that are not in its plan, to be found by content.

    Only those of the same size as a picture that is looked for are hashed.
    """

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._by_size: dict[int, list[Path]] = {}
        for name in names:
            self._by_size.setdefault((folder / name).stat().st_size, []).append(folder / name)
        self._digests: dict[Path, str] = {}

    def include(self, source: Source) -> bool:
        """Whether one of them has the content of ``source``."""
        return any(self._digest(path) == source.digest for path in self._by_size.get(source.size, ()))

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = content_digest(path)
        return self._digests[path]
