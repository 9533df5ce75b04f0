"""From the paths that a user names to all class folders of a data set, archives unpacked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pcmsn.data.archives.unpacking import is_archive, unpack
from pcmsn.data.class_names import find_class_name, near_class_names
from pcmsn.data.inventory import ClassFolder, class_folders, places_of, read_class_folder, sorted_entries
from pcmsn.data.pictures import has_picture_suffix
from pcmsn.data.preparing.distribution import (
    MODALITY,
    FolderContents,
    Part,
    look_through,
    names_class,
    unused_member,
)
from pcmsn.data.preparing.staging import stage_archive, staging_folder
from pcmsn.data.preparing.tally import Fate, Tally
from pcmsn.errors import DataError

Progress = Callable[[str, int, int], None]
"""Called with the stage, what is done of it, and its total."""


@dataclass(frozen=True)
class FoundFolder:
    """A class folder of the downloads."""

    path: Path
    part: int
    """Which of the downloads' parts it is in, by position."""
    staged: bool
    """Whether it was unpacked from an archive."""


@dataclass(frozen=True)
class UnknownFolder:
    """A folder among class folders whose name is no class of the data set."""

    row: str
    name: str
    pictures: int
    near: tuple[str, ...]
    """Classes that are spelled similarly."""


@dataclass
class Gathered:
    """Everything that the downloads hold of one data set."""

    folders: dict[str, dict[str, list[FoundFolder]]] = field(default_factory=dict)
    """Row of the tables -> prepared class name -> folders."""
    unknown: list[UnknownFolder] = field(default_factory=list)
    labels: dict[Path, str] = field(default_factory=dict)
    """Folder of an unpacked archive -> what to call it."""
    notes: list[str] = field(default_factory=list)
    """Sentences about what was left alone, for the reader of the report."""


@dataclass(frozen=True)
class _FoundPart:
    part: Part
    staged: bool


class Gatherer:
    """Collects the parts of one data set; what is left out is counted in ``tally``."""

    def __init__(self, dataset: str, target_root: Path, tally: Tally, progress: Progress | None) -> None:
        self.dataset = dataset
        self.dataset_root = target_root / dataset
        self.tally = tally
        self.progress = progress
        self.gathered = Gathered()
        self._target = [place.folder for place in places_of(dataset, target_root)]
        self._found: list[_FoundPart] = []
        self._archives: dict[Path, None] = {}  # in the order given, each once

    def gather(self, sources: Sequence[Path]) -> Gathered:
        """The class folders in ``sources``. Raises DataError for a path that is neither folder nor archive."""
        for source in sources:
            self._take_source(source)
        for archive in self._archives:
            self._take_archive(archive)
        for number, found in enumerate(self._without_resized_copies()):
            self._take_part(number, found)
        return self.gathered

    def _take_source(self, source: Path) -> None:
        if source.is_dir():
            contents = look_through(self.dataset, source, skip=self._target)
            self.gathered.notes += [
                f"{folder} is the target itself; look at it with pcmsn data check." for folder in contents.passed_over
            ]
            self._take_contents(contents, staged=False)
            for archive in contents.archives:
                if self._holds_our_classes(archive):
                    self._archives[archive.resolve()] = None
        elif is_archive(source):
            self._archives[source.resolve()] = None
        else:
            what = "is no archive that can be unpacked" if source.exists() else "does not exist"
            raise DataError(
                f"--from {source} {what}; expected a folder, or an archive as downloaded (.zip, .7z, .tar, .tar.gz)"
            )

    def _take_archive(self, archive: Path) -> None:
        stage = f"unpacking {archive.name}"
        progress = self.progress

        def report(done: int, total: int) -> None:
            if progress:
                progress(stage, done, total)

        staged = stage_archive(self.dataset, archive, self.dataset_root, report)
        self.gathered.labels[staged.files.absolute()] = str(archive)
        for fate, count in staged.left_out.items():
            self.tally.add(fate, count=count)
        contents = look_through(self.dataset, staged.files)
        if not contents.parts:
            self.gathered.notes.append(f"{archive}: no class folders of {self.dataset} in it.")
        for inner in contents.archives:
            self.gathered.notes.append(
                f"{archive} holds another archive, {inner.name}, which is not opened; unpack it and pass it, too."
            )
        self._take_contents(contents, staged=True)

    def _take_contents(self, contents: FolderContents, *, staged: bool) -> None:
        self._found += [_FoundPart(part, staged) for part in contents.parts]
        for folder in contents.variants:
            self.tally.add(Fate.VARIANT, count=count_pictures(folder))
        for owner, folder in contents.foreign:
            self.tally.add(Fate.FOREIGN, count=count_pictures(folder))
            self.gathered.notes.append(f"{folder} is left alone: it looks like {owner}.")

    def _holds_our_classes(self, archive: Path) -> bool:
        """Whether most pictures of an archive in the downloads are in folders of our classes, by its list of members.

        Unpacking nothing reads that list.
        """
        ours = pictures = 0

        def look(member: PurePosixPath) -> bool:
            nonlocal ours, pictures
            if has_picture_suffix(member) and unused_member(self.dataset, member) is None:
                pictures += 1
                ours += names_class(self.dataset, member.parent.name)
            return False

        try:
            unpack(archive, staging_folder(self.dataset_root) / "looking", wanted=look)
        except DataError as error:
            self.gathered.notes.append(f"left out: {error}")
            return False
        is_ours = 2 * ours > pictures
        if not is_ours:
            self.gathered.notes.append(f"{archive} is left alone: no class folders of {self.dataset} in it.")
        return is_ours

    def _without_resized_copies(self) -> Iterator[_FoundPart]:
        full = {found.part.row for found in self._found if not found.part.ready}
        for found in self._found:
            if found.part.ready and found.part.row in full:
                self.tally.add(Fate.READY, found.part.row, count_pictures(found.part.folder))
            else:
                yield found

    def _take_part(self, number: int, found: _FoundPart) -> None:
        row = found.part.row
        by_class = self.gathered.folders.setdefault(row, {})
        for entry in sorted_entries(found.part.folder):
            if entry.is_file() and has_picture_suffix(entry.name):
                self.tally.add(Fate.LOOSE, row, example=entry.path)
        strays = read_class_folder(found.part.folder).strays
        self.tally.add(Fate.SYSTEM, row, len(strays))
        for folder in class_folders(found.part.folder):
            name = find_class_name(self.dataset, folder.name, MODALITY[row])
            if name is None:
                self._take_unknown(row, folder)
                continue
            if name != folder.name:
                self.tally.add(Fate.RENAMED, row)
            by_class.setdefault(name, []).append(FoundFolder(folder.path, number, found.staged))

    def _take_unknown(self, row: str, folder: ClassFolder) -> None:
        near = tuple(near_class_names(self.dataset, folder.name))
        unknown = UnknownFolder(row, folder.name, len(folder.pictures), near)
        if unknown in self.gathered.unknown:  # an archive and the folder that it unpacks to
            self.tally.add(Fate.GIVEN_TWICE, row, len(folder.pictures))
            return
        self.gathered.unknown.append(unknown)
        self.tally.add(Fate.UNKNOWN, row, len(folder.pictures))


def count_pictures(folder: Path) -> int:
    """The pictures in a folder and below, by their endings."""
    count = 0
    for entry in sorted_entries(folder):
        if entry.is_dir(follow_symlinks=False):
            count += count_pictures(Path(entry.path))
        elif has_picture_suffix(entry.name):
            count += 1
    return count
