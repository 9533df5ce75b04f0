"""Putting the planned pictures into a class folder: by copy or link, whole or not at all, never over another file."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data.atomic import atomic_path
from pcmsn.data.inventory import read_class_folder
from pcmsn.data.preparing.planning import ClassPlan, Placement, Source, content_digest
from pcmsn.data.preparing.tally import Fate, Tally

_NO_HARD_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.ENOSYS}


@dataclass(frozen=True)
class Placer:
    """Fills class folders."""

    scratch: Path
    """A folder on the target's file system for files that are being copied; what a kill leaves there is removed with
    it, and the class folders hold whole pictures only. Files are not synced to disk one by one, which would take an
    hour for a data set; a picture that a power cut damaged is found by the next run, which compares contents."""
    link: bool
    keep_duplicates: bool
    row: str
    tally: Tally

    def fill(self, folder: Path, plan: ClassPlan, on_file: Callable[[], None]) -> None:
        """Bring ``folder`` to hold the plan; what it holds already stays as it is. ``on_file`` follows each picture."""
        present = set(read_class_folder(folder).pictures)
        planned = {placement.name for placement in plan.placements}
        strangers = _Strangers(folder, sorted(present - planned))
        for placement in plan.placements:
            self._fill_one(folder, placement, present, strangers)
            on_file()
        for copy in plan.copies:
            kept_earlier = copy.name in present - planned and _same_content(copy.source.path, folder / copy.name)
            self.tally.add(Fate.PRESENT if kept_earlier else Fate.DUPLICATE, self.row, example=str(copy.source.path))
            on_file()

    def _fill_one(self, folder: Path, placement: Placement, present: set[str], strangers: _Strangers) -> None:
        source, target = placement.source, folder / placement.name
        if placement.name in present or os.path.lexists(target):
            same = target.is_file() and _same_content(source.path, target)
            self.tally.add(Fate.PRESENT if same else Fate.LEFT_ALONE, self.row, example="" if same else str(target))
        elif not self.keep_duplicates and strangers.hold(source):
            self.tally.add(Fate.DUPLICATE, self.row, example=str(source.path))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self.tally.add(self._place(source, target), self.row)

    def _place(self, source: Source, target: Path) -> Fate:
        if (source.staged or self.link) and _hard_link(source.path, target):
            return Fate.UNPACKED if source.staged else Fate.LINKED
        if self.link and not source.staged:
            try:
                target.symlink_to(source.path.resolve())
                return Fate.SYMLINKED
            except (OSError, NotImplementedError) as error:  # no links at all on this file system
                if isinstance(error, OSError) and error.errno not in _NO_HARD_LINK:
                    raise
        self._copy(source.path, target)
        return Fate.UNPACKED if source.staged else Fate.COPIED

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
    """The pictures of a class folder that the plan does not know, asked for by content; hashed when a size fits."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._by_size: dict[int, list[Path]] = {}
        for name in names:
            self._by_size.setdefault((folder / name).stat().st_size, []).append(folder / name)
        self._digests: dict[Path, str] = {}

    def hold(self, source: Source) -> bool:
        """Whether one of them has the content of ``source``."""
        return any(self._digest(path) == source.digest for path in self._by_size.get(source.size, ()))

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = content_digest(path)
        return self._digests[path]


def _hard_link(source: Path, target: Path) -> bool:
    try:
        os.link(source.resolve(), target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINK:
            raise
        return False
    return True


def _same_content(first: Path, second: Path) -> bool:
    return first.samefile(second) or filecmp.cmp(first, second, shallow=False)
