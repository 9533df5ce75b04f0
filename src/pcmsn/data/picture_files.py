"""Picture files to be worked through one after another: of a data set, below a folder, or from a list of any length."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pcmsn.data.pictures import has_picture_suffix
from pcmsn.data.records import Pictures
from pcmsn.errors import DataError


class PictureFile(NamedTuple):
    """A file and the name that its features go by."""

    name: str
    path: Path


def files_of(pictures: Pictures) -> Iterator[PictureFile]:
    """The files of listed pictures in their order, named ``<class>/<file>``."""
    return (PictureFile(name, pictures.folder / name) for name in pictures.names)


def files_below(folder: Path) -> Iterator[PictureFile]:
    """The picture files of a folder and all folders in it, named relative to it, sorted within each folder.

    Hidden files and folders are left out, and so are links that lead back to a folder above. Of each folder on the way
    only the names are in memory. Raises DataError, at once, where there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {folder} with pictures; pass one, or a list of files: --list FILE")
    return _walk(folder, "", ())


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[PictureFile]:
    real = os.path.realpath(folder)
    if real in above:
        return
    with os.scandir(folder) as entries:
        found = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    for name, is_folder in found:
        if is_folder:
            yield from _walk(folder / name, f"{prefix}{name}/", (*above, real))
        elif has_picture_suffix(name):
            yield PictureFile(prefix + name, folder / name)


def files_in_list(lines: Iterable[str]) -> Iterator[PictureFile]:
    """The file that each line names, as soon as the line comes; empty lines do not count."""
    for line in lines:
        name = line.rstrip("\r\n")
        if name.strip():
            yield PictureFile(name, Path(name).expanduser())
