"""The folder layouts that users have, and how each is listed as a ``Dataset``.

======================  ==========================================  =====================================
data set                sketches                                    photos
======================  ==========================================  =====================================
Sketchy                 ``Sketchy/sketch/tx_000000000000/<class>``  ``Sketchy/extended_photo/<class>`` or
                                                                    ``Sketchy/photo/tx_000000000000/<class>``
TU-Berlin               ``TU-Berlin/sketches/<class>``              ``TU-Berlin/images/<class>``
QuickDraw               ``QuickDraw/sketches/<class>``              ``QuickDraw/images/<class>``
a folder                ``<folder>/sketch/<class>``                 ``<folder>/photo/<class>``
======================  ==========================================  =====================================
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from pcmsn.data.pictures import PICTURE_SUFFIXES, has_picture_suffix
from pcmsn.data.records import Dataset, Modality, Pictures
from pcmsn.errors import DataError, enumerate_names

PhotoVariant = Literal["extended", "original"]
UNALTERED = "tx_000000000000"
"""Sketchy's name for the variant in which nothing was moved or scaled."""

_STRAY_NAMES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class Layout:
    """Where a data set keeps its two modalities."""

    name: str
    """The data set's name, as shown in tables and as the folder of its side information."""
    sketches: Path
    photos: Path
    benchmark: bool = False
    """Whether it is a benchmark, which can be downloaded, below a data root."""


def sketchy(data_root: Path, photos: PhotoVariant = "extended") -> Layout:
    """Sketchy, with the photos of its extension (73,002, the originals included) or the 12,500 originals."""
    root = data_root / "Sketchy"
    photo_folder = root / "extended_photo" if photos == "extended" else root / "photo" / UNALTERED
    return Layout("Sketchy", sketches=root / "sketch" / UNALTERED, photos=photo_folder, benchmark=True)


def tu_berlin(data_root: Path) -> Layout:
    """TU-Berlin with the photos of its extension."""
    root = data_root / "TU-Berlin"
    return Layout("TU-Berlin", sketches=root / "sketches", photos=root / "images", benchmark=True)


def quickdraw(data_root: Path) -> Layout:
    """QuickDraw-Extended."""
    root = data_root / "QuickDraw"
    return Layout("QuickDraw", sketches=root / "sketches", photos=root / "images", benchmark=True)


def folder(path: Path, name: str | None = None) -> Layout:
    """A user's own folder with ``sketch/<class>/*`` and ``photo/<class>/*``."""
    return Layout(name or path.resolve().name, sketches=path / "sketch", photos=path / "photo")


def list_dataset(layout: Layout) -> Dataset:
    """The pictures of both modalities, classes and files in sorted order.

    Raises DataError for a missing folder, for classes that one modality lacks, and for classes without pictures.
    """
    sketches = _files_by_class(layout, layout.sketches, "sketch")
    photos = _files_by_class(layout, layout.photos, "photo")
    _check_same_classes(layout, set(sketches), set(photos))
    return Dataset(
        name=layout.name,
        sketches=_pictures(layout, layout.sketches, "sketch", sketches),
        photos=_pictures(layout, layout.photos, "photo", photos),
    )


def is_stray(name: str) -> bool:
    """Whether a file or folder is hidden, or one that operating systems leave behind; listings pass over these."""
    return name.startswith(".") or name.casefold() in _STRAY_NAMES


def _files_by_class(layout: Layout, root: Path, modality: Modality) -> dict[str, list[str]]:
    if not root.is_dir():
        raise DataError(
            f"{layout.name}: no folder {root} with one folder of {modality} pictures a class; "
            f"expected {layout.sketches}/<class>/* and {layout.photos}/<class>/*. "
            f"{_where_to_get(layout)}"
        )
    classes = sorted(path for path in root.iterdir() if path.is_dir() and not is_stray(path.name))
    if not classes:
        raise DataError(f"{layout.name}: the folder {root} holds no class folders; expected {root}/<class>/*")
    return {
        path.name: sorted(
            entry.name
            for entry in path.iterdir()
            if has_picture_suffix(entry.name) and not is_stray(entry.name) and entry.is_file()
        )
        for path in classes
    }


def _where_to_get(layout: Layout) -> str:
    if not layout.benchmark:
        return "Point --dataset at the folder that holds sketch/ and photo/"
    name = layout.name.lower()
    return (
        f"Point --data-root at the folder that holds {layout.name}, or get it: pcmsn data download {name} and "
        f"pcmsn data prepare {name} --from downloads"
    )


def _check_same_classes(layout: Layout, sketch: set[str], photo: set[str]) -> None:
    if sketch == photo:
        return
    parts = []
    if sketch - photo:
        parts.append(f"{len(sketch - photo)} only as sketches ({enumerate_names(sorted(sketch - photo))})")
    if photo - sketch:
        parts.append(f"{len(photo - sketch)} only as photos ({enumerate_names(sorted(photo - sketch))})")
    raise DataError(
        f"{layout.name}: classes in one modality only: {' and '.join(parts)}. "
        f"Give {layout.sketches} and {layout.photos} the same class folders"
    )


def _pictures(layout: Layout, root: Path, modality: Modality, files: dict[str, list[str]]) -> Pictures:
    empty = [name for name, names in files.items() if not names]
    if empty:
        raise DataError(
            f"{layout.name}: no {modality} in the class {enumerate_names(empty)} of {root}; "
            f"a picture ends with {', '.join(sorted(PICTURE_SUFFIXES))}. Add pictures or remove the folder"
        )
    classes = tuple(files)
    return Pictures(
        modality=modality,
        folder=root,
        names=tuple(f"{name}/{file}" for name in classes for file in files[name]),
        labels=np.repeat(np.arange(len(classes), dtype=np.int64), [len(files[name]) for name in classes]),
        classes=classes,
    )
