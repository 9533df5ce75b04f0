"""What lies in the folders of a data set, right or wrong: the counting behind ``data prepare`` and ``data check``.

``layouts.list_dataset`` refuses a data set that is not as it must be; here everything is listed as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data.datasets import BENCHMARKS, find_layout
from pcmsn.data.layouts import is_stray
from pcmsn.data.pictures import has_picture_suffix
from pcmsn.data.published import ORIGINALS, PHOTOS, SKETCHES
from pcmsn.data.records import Modality


@dataclass(frozen=True)
class Place:
    """One folder of class folders in the prepared layout."""

    row: str
    """What it holds, which is also its row in the tables of counts: sketches, photos or original photos."""
    modality: Modality
    folder: Path


@dataclass(frozen=True)
class ClassFolder:
    """The entries of one class folder, names sorted."""

    path: Path
    pictures: tuple[str, ...] = ()
    """Files that a listing of the data set takes."""
    others: tuple[str, ...] = ()
    """Files that are no pictures by their ending."""
    strays: tuple[str, ...] = ()
    """Hidden and system files and folders, which listings pass over."""
    subfolders: tuple[str, ...] = ()
    """Folders, whose pictures no listing takes."""
    broken_links: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The folder's name, as it is on disk."""
        return self.path.name


def places_of(dataset: str, root: Path) -> tuple[Place, ...]:
    """The places of a benchmark below ``root``; for any other ``dataset`` those of the user's own folder ``root``.

    Sketchy's original photos are a place of their own.
    """
    name = dataset if dataset in BENCHMARKS else str(root)
    layout = find_layout(name, root)
    places = [Place(SKETCHES, "sketch", layout.sketches), Place(PHOTOS, "photo", layout.photos)]
    if dataset == "Sketchy":
        places.append(Place(ORIGINALS, "photo", find_layout(dataset, root, photos="original").photos))
    return tuple(places)


def class_folders(folder: Path) -> Iterator[ClassFolder]:
    """The class folders in a folder, in sorted order; none if it does not exist."""
    for entry in sorted_entries(folder):
        if entry.is_dir() and not is_stray(entry.name):
            yield read_class_folder(Path(entry.path))


def read_class_folder(path: Path) -> ClassFolder:
    """The entries of one class folder by kind."""
    kinds: dict[str, list[str]] = {"pictures": [], "others": [], "strays": [], "subfolders": [], "broken_links": []}
    for entry in sorted_entries(path):
        kinds[_kind_of(entry)].append(entry.name)
    return ClassFolder(path, **{kind: tuple(names) for kind, names in kinds.items()})


def sorted_entries(folder: Path) -> list[os.DirEntry[str]]:
    """A folder's entries by name, so that nothing depends on the order in which a disk lists them."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _kind_of(entry: os.DirEntry[str]) -> str:
    if is_stray(entry.name):
        return "strays"
    if entry.is_dir():
        return "subfolders"
    if not entry.is_file():
        return "broken_links"
    return "pictures" if has_picture_suffix(entry.name) else "others"
