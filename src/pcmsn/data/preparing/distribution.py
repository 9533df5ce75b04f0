"""Recognising the parts of a distribution in a folder: which folder holds whose class folders.

A folder counts as a part when folders that are named like classes lie in it. Which part it is follows from its path
where the field uses that path (``256x256/photo/tx_000000000000``, ``png``, ``ImageResized``), else from its name
(``sketches``), else from its pictures (sketches are ``.png``). What clearly belongs to another data set is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import get_args

from pcmsn.data.archives.unpacking import is_archive
from pcmsn.data.class_names import find_class_name
from pcmsn.data.datasets import BENCHMARKS
from pcmsn.data.inventory import read_class_folder, sorted_entries
from pcmsn.data.layouts import UNALTERED, is_stray
from pcmsn.data.preparing.tally import Fate
from pcmsn.data.published import ORIGINALS, PHOTOS, SKETCHES
from pcmsn.data.records import Modality

MODALITY: dict[str, Modality] = {SKETCHES: "sketch", PHOTOS: "photo", ORIGINALS: "photo"}
"""Row of the tables -> what its pictures are."""
DEEPEST = 8
"""How many folders below the one that the user named a part is looked for."""

_ENDINGS: tuple[tuple[str, tuple[str, ...], str], ...] = (  # data set, end of the path in lower case, row of the tables
    ("Sketchy", ("sketch", UNALTERED), SKETCHES),
    ("Sketchy", ("photo", UNALTERED), ORIGINALS),
    ("Sketchy", ("extend_image_sketchy",), PHOTOS),
    ("Sketchy", ("extended_photo",), PHOTOS),
    ("TU-Berlin", ("png",), SKETCHES),
    ("TU-Berlin", ("tu-berlin", "sketches"), SKETCHES),
    ("TU-Berlin", ("imageresized",), PHOTOS),
    ("TU-Berlin", ("tu-berlin", "images"), PHOTOS),
    ("QuickDraw", ("quickdraw_sketches_final",), SKETCHES),
    ("QuickDraw", ("quickdraw", "sketches"), SKETCHES),
    ("QuickDraw", ("quickdraw_images_final",), PHOTOS),
    ("QuickDraw", ("quickdraw", "images"), PHOTOS),
)
_VARIANT = re.compile(r"tx_\d+")
_READY = "_ready"  # SAKE's resized copies
_SKETCH_NAMES = {"sketch", "sketches", "png", "drawings"}
_PHOTO_NAMES = {"photo", "photos", "image", "images", "jpg"}


@dataclass(frozen=True)
class Part:
    """A folder of class folders whose pictures go to one place of the prepared layout."""

    row: str
    """The place: sketches, photos or original photos."""
    folder: Path
    ready: bool
    """Whether these are the resized copies that SAKE's authors made."""


@dataclass
class FolderContents:
    """What was found in a folder and below it."""

    parts: list[Part] = field(default_factory=list)
    variants: list[Path] = field(default_factory=list)
    """Folders of Sketchy's other variants."""
    foreign: list[tuple[str, Path]] = field(default_factory=list)
    """Folders of other data sets, with their names."""
    archives: list[Path] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)
    """Folders that were not to be looked into."""


def look_through(dataset: str, folder: Path, *, skip: Sequence[Path] = ()) -> FolderContents:
    """The parts of ``dataset`` in ``folder`` and below, and the archives; ``skip`` are folders not to look into."""
    contents = FolderContents()
    _look_at(dataset, folder.absolute(), contents, {path.absolute() for path in skip}, depth=0)
    return contents


def _look_at(dataset: str, folder: Path, contents: FolderContents, skip: set[Path], depth: int) -> None:
    if depth > DEEPEST:
        return
    if folder in skip:
        contents.passed_over.append(folder)
        return
    if is_variant(folder):
        contents.variants.append(folder)
        return
    below = [entry for entry in sorted_entries(folder) if not is_stray(entry.name)]
    names = [entry.name for entry in below if entry.is_dir()]
    belonging = _belonging(dataset, folder, names)
    if belonging is not None:
        owner, row = belonging
        if owner == dataset:
            contents.parts.append(Part(row, folder, ready=folder.name.lower().endswith(_READY)))
        else:
            contents.foreign.append((owner, folder))
        return
    contents.archives += [Path(entry.path) for entry in below if is_archive(Path(entry.path))]
    for name in names:
        _look_at(dataset, folder / name, contents, skip, depth + 1)


def _belonging(dataset: str, folder: Path, names: Sequence[str]) -> tuple[str, str] | None:
    """The data set and row of a folder with the subfolders ``names``, None where these are no class folders."""
    shares = {known: _share_of_known(known, names) for known in BENCHMARKS}
    best = max(shares.values())
    by_path = ending_of(folder.parts)
    if by_path and best > 0 and shares[by_path[0]] in (best, shares[dataset]):
        return by_path
    if best < 0.5:
        return None
    owner = dataset if shares[dataset] == best else next(known for known in BENCHMARKS if shares[known] == best)
    return owner, _row_by_content(owner, folder, names)


def ending_of(parts: Iterable[str]) -> tuple[str, str] | None:
    """The data set and row that a folder's path names by its end, as the field's distributions are laid out."""
    lower = tuple(part.lower().removesuffix(_READY) for part in parts)
    for owner, ending, row in _ENDINGS:
        if lower[-len(ending) :] == ending:
            return owner, row
    return None


def is_variant(folder: PurePath) -> bool:
    """Whether a folder is one of Sketchy's variants that the benchmark does not use (objects moved or scaled)."""
    name = folder.name.lower().removesuffix(_READY)
    return bool(_VARIANT.fullmatch(name)) and name != UNALTERED


def names_class(dataset: str, name: str) -> bool:
    """Whether a folder is named like a class of the data set, on either side."""
    return any(find_class_name(dataset, name, modality) for modality in get_args(Modality))


def _share_of_known(dataset: str, names: Sequence[str]) -> float:
    """Which share of the names, in [0, 1], are classes of the data set."""
    return sum(names_class(dataset, name) for name in names) / len(names) if names else 0.0


def _row_by_content(dataset: str, folder: Path, names: Sequence[str]) -> str:
    """The row of a folder whose path says nothing: by its own name, else by the endings of its first pictures."""
    words = [part.lower().removesuffix(_READY) for part in (folder.name, folder.parent.name)]
    by_name = next((word for word in words if word in _SKETCH_NAMES | _PHOTO_NAMES), None)
    pictures = [name for child in names[:20] for name in read_class_folder(folder / child).pictures[:5]]
    drawn = sum(name.lower().endswith(".png") for name in pictures)
    if by_name in _SKETCH_NAMES or (by_name is None and 2 * drawn > len(pictures)):
        return SKETCHES
    is_extension = any(name.startswith("ext_") for name in pictures)
    return ORIGINALS if dataset == "Sketchy" and pictures and not is_extension else PHOTOS


def unused_member(dataset: str, member: PurePath) -> Fate | None:
    """Why a file of an archive need not be unpacked, None if it is needed.

    Judged by its path alone, so that it can be asked before anything is written.
    """
    if any(is_stray(part) for part in member.parts):
        return Fate.SYSTEM
    folders = member.parts[:-1]
    for end in range(1, len(folders) + 1):
        if is_variant(PurePath(folders[end - 1])):
            return Fate.VARIANT
        owner = ending_of(folders[:end])
        if owner and owner[0] != dataset and folders[end - 1].lower() != "png":  # anybody may call a folder png
            return Fate.FOREIGN
    return None
