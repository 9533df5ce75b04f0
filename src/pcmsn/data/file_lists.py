"""The file lists of SAKE and ZSE-SBIR, read as they are: which pictures are seen, which are unseen.

A folder of lists holds ``*_train.txt`` (seen classes) and ``*_zero.txt`` (unseen classes), for sketches and for photos.
A line is ``relative/path label``; the label is the last word, the path may hold spaces. Paths name the folders of the
lists' authors (``EXTEND_image_sketchy_ready/``); they are mapped back to the prepared layout.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np

from pcmsn.data.class_names import prepared_class_name
from pcmsn.data.datasets import BENCHMARKS
from pcmsn.data.inventory import places_of
from pcmsn.data.layouts import UNALTERED
from pcmsn.data.records import Dataset, Modality, Pictures
from pcmsn.data.splits import Split, unseen_split
from pcmsn.errors import DataError, enumerate_names
from pcmsn.files import read_text

_AUTHORS_FOLDERS = {  # data set -> the authors' folder -> the prepared folder, below the data set's root
    "Sketchy": {"EXTEND_image_sketchy": "extended_photo"},
    "TU-Berlin": {"png": "sketches", "ImageResized": "images"},
    "QuickDraw": {"QuickDraw_sketches_final": "sketches", "QuickDraw_images_final": "images"},
}


@dataclass(frozen=True, eq=False)
class FileLists:
    """The listed pictures that are on disk, and which of their classes are unseen."""

    dataset: Dataset
    split: Split


@dataclass(frozen=True)
class _Entry:
    """One line of a list: where the picture should be in the prepared layout."""

    modality: Modality
    folder: str
    """The folder of class folders, relative to the data set's root."""
    class_name: str
    file: str


def read_file_lists(lists: Path, dataset_name: str, root: Path, *, allow_missing_classes: bool = False) -> FileLists:
    """The data set and the split that the lists in the folder ``lists`` describe, of the pictures below ``root``.

    ``root`` is the data set's own folder, such as ``ZS-SBIR/Sketchy``. A photo that the lists name twice is in the
    gallery twice, and listed pictures that are not on disk are left out; the data set's notes count both.
    Raises DataError for lists that cannot be read or do not fit the data set, for a class that is seen and unseen, and
    for classes without a sketch or a photo on disk, unless ``allow_missing_classes`` leaves these out.
    """
    entries = {part: _read_part(lists, part, dataset_name) for part in ("train", "zero")}
    names = {part: sorted({entry.class_name for entry in found}) for part, found in entries.items()}
    both = sorted(set(names["train"]) & set(names["zero"]))
    if both:
        raise DataError(f"{lists}: {enumerate_names(both)} in a train and a zero list; expected no class in both")
    on_disk = _OnDisk(root)
    located = [(entry, on_disk.find(entry)) for part in ("train", "zero") for entry in entries[part]]
    kept = [(entry, name) for entry, name in located if name]
    classes, gone = _complete_classes((entry for entry, _ in located), (entry for entry, _ in kept))
    if gone and not allow_missing_classes:
        raise DataError(
            f"{lists}: no listed sketch or no listed photo of {len(gone)} classes is below {root} "
            f"({enumerate_names(gone)}); prepare the data with pcmsn data prepare, or pass --allow-missing-classes"
        )
    kept = [(entry, name) for entry, name in kept if entry.class_name in classes]
    notes = _notes(lists, located, kept)
    pictures = {modality: _pictures(modality, root, classes, kept) for modality in ("sketch", "photo")}
    dataset = Dataset(dataset_name, pictures["sketch"], pictures["photo"], notes=notes)
    unseen = [name for name in names["zero"] if name in classes]
    if not unseen:
        raise DataError(f"{lists}: none of its {len(names['zero'])} unseen classes is below {root}")
    split = unseen_split(f"file-list {lists.name}", classes, unseen)
    return FileLists(dataset, replace(split, missing=tuple(gone)))


def _read_part(lists: Path, part: str, dataset_name: str) -> list[_Entry]:
    paths = [path for path in sorted(lists.glob(f"*_{part}.txt")) if not path.stem.startswith("cname_cid")]
    entries = [entry for path in paths for entry in _read_list(path, dataset_name)]
    for modality in ("sketch", "photo"):
        if not any(entry.modality == modality for entry in entries):
            found = sorted(path.name for path in lists.glob("*.txt")) if lists.is_dir() else []
            raise DataError(
                f"{lists}: no list *_{part}.txt names a {modality}; it has {enumerate_names(found) or 'no .txt file'}. "
                "Expected train and zero lists of sketches and photos, as in SAKE's zeroshot folders"
            )
    return entries


def _read_list(path: Path, dataset_name: str) -> Iterator[_Entry]:
    class_of_label: dict[str, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        words = line.rsplit(maxsplit=1)
        if not words:
            continue
        if len(words) != 2 or not words[1].isdigit():
            raise DataError(
                f"{path}, line {number}: expected 'relative/path label' with an integer label, got {line!r}"
            )
        try:
            entry = _entry(words[0], dataset_name)
        except DataError as error:
            raise DataError(f"{path}, line {number}: {error}") from error
        if class_of_label.setdefault(words[1], entry.class_name) != entry.class_name:
            raise DataError(
                f"{path}, line {number}: label {words[1]} is {entry.class_name!r} here and "
                f"{class_of_label[words[1]]!r} above; expected one class a label"
            )
        yield entry


def _lines(path: Path) -> list[str]:
    try:
        return read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a file list: {error}") from error


def _entry(listed: str, dataset_name: str) -> _Entry:
    parts = PurePosixPath(listed.replace("\\", "/")).parts
    if len(parts) < 3 or ".." in parts:
        raise DataError(f"expected FOLDER/CLASS/FILE, got {listed!r}")
    modality, folder = _prepared_folder("/".join(parts[:-2]), dataset_name)
    name = prepared_class_name(dataset_name, parts[-2], modality) if dataset_name in BENCHMARKS else parts[-2]
    return _Entry(modality, folder, name, parts[-1])


@lru_cache(maxsize=64)
def _prepared_folder(listed: str, dataset_name: str) -> tuple[Modality, str]:
    """The prepared folder that a list's folder stands for, and what it holds.

    The lists' ``_ready`` and the folders above do not count.
    """
    modalities = _modalities(dataset_name)
    prepared = {folder: folder for folder in modalities} | _AUTHORS_FOLDERS.get(dataset_name, {})
    plain = listed.replace("_ready", "")
    fitting = [folder for folder in prepared if plain == folder or plain.endswith(f"/{folder}")]
    if not fitting:
        raise DataError(
            f"the folder {listed!r} is none of {dataset_name}'s; known are {enumerate_names(sorted(prepared))}"
        )
    folder = prepared[max(fitting, key=len)]
    return modalities[folder], folder


def _modalities(dataset_name: str) -> dict[str, Modality]:
    """What each folder of class folders in the prepared layout holds, by its path below the data set's root."""
    root = Path(dataset_name) if dataset_name in BENCHMARKS else Path()
    return {place.folder.relative_to(root).as_posix(): place.modality for place in places_of(dataset_name, Path())}


class _OnDisk:
    """Finds listed pictures below the data set's root; each class folder is listed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, frozenset[str]] = {}

    def find(self, entry: _Entry) -> str | None:
        """The picture's path relative to the root, or None; Sketchy's originals may also be in its extension."""
        folders = [entry.folder]
        if entry.folder == f"photo/{UNALTERED}":
            folders.append("extended_photo")
        for folder in folders:
            where = f"{folder}/{entry.class_name}"
            for file in _spellings(entry.file):
                if file in self._listed(where):
                    return f"{where}/{file}"
        return None

    def _listed(self, where: str) -> frozenset[str]:
        if where not in self._files:
            path = self._root / where
            self._files[where] = frozenset(item.name for item in path.iterdir()) if path.is_dir() else frozenset()
        return self._files[where]


def _spellings(file: str) -> tuple[str, ...]:
    """The file's name as listed and as preparation writes it (``.JPEG`` becomes ``.jpg``)."""
    path = PurePosixPath(file)
    return (file, f"{path.stem}.jpg") if path.suffix.lower() in (".jpeg", ".jpg") else (file,)


def _complete_classes(listed: Iterable[_Entry], kept: Iterable[_Entry]) -> tuple[tuple[str, ...], list[str]]:
    """The classes with both a sketch and a photo among ``kept``, and the other listed classes."""
    there = {(entry.class_name, entry.modality) for entry in kept}
    names = sorted({entry.class_name for entry in listed})
    complete = tuple(name for name in names if {(name, "sketch"), (name, "photo")} <= there)
    return complete, [name for name in names if name not in complete]


def _notes(lists: Path, located: list[tuple[_Entry, str | None]], kept: list[tuple[_Entry, str]]) -> tuple[str, ...]:
    notes = [f"Pictures of the file lists in {lists.name}."]
    if len(kept) < len(located):
        notes.append(f"{len(located) - len(kept)} of the {len(located)} listed pictures are not in the data.")
    photos = Counter((entry.class_name, entry.file) for entry, _ in kept if entry.modality == "photo")
    again = sum(count - 1 for count in photos.values())
    if again:
        notes.append(
            f"{again} of the {photos.total()} listed photos stand in the lists a second time (Sketchy's originals are "
            "also in its extension) and count twice in the gallery, as in the published lists."
        )
    return tuple(notes)


def _pictures(modality: Modality, root: Path, classes: tuple[str, ...], kept: list[tuple[_Entry, str]]) -> Pictures:
    position = {name: index for index, name in enumerate(classes)}
    own = [(entry, name) for entry, name in kept if entry.modality == modality]
    return Pictures(
        modality=modality,
        folder=root,
        names=tuple(name for _, name in own),
        labels=np.array([position[entry.class_name] for entry, _ in own], dtype=np.int64),
        classes=classes,
    )
