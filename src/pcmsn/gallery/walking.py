"""The picture files that paths stand for: files as they are, folders with all that is below them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import NamedTuple

from pcmsn.data.pictures import has_picture_suffix
from pcmsn.errors import GalleryError

NOT_A_PICTURE = "not a picture"
NOT_SUPPORTED = "not supported, save it as JPEG"
"""Two of the reasons for leaving a file out: by their endings, it is no picture or one of a kind that is not read."""

_UNSUPPORTED_SUFFIXES = frozenset(
    {".jxl", ".jp2", ".psd"}
    | {".raw", ".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"}
)
"""Endings of pictures that are not read; the second row is that of cameras' raw files."""
JUNK = "a folder of the system or of a program"
EXCLUDED = "excluded"
JUNK_FOLDERS = frozenset(
    {"@eadir", "#recycle", "$recycle.bin", "system volume information", "__macosx", "lost+found", "node_modules"}
    | {"__pycache__", "site-packages"}
)
"""Names, in lower case, of folders that hold thumbnails, what was thrown away, or other programs' files."""


class FoundFile(NamedTuple):
    """A picture file as the file system knows it."""

    path: str
    """Absolute."""
    size: int
    """In bytes."""
    modified_ns: int
    """Time of last change in nanoseconds since 1970."""


class SkippedPath(NamedTuple):
    """A file or folder that is left out, and why."""

    path: str
    reason: str


def absolute(path: Path) -> Path:
    """The path under which a photo is known: absolute, links in it kept, ``..`` followed."""
    path = Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises for a file that is called ~name
    return path.resolve() if ".." in path.parts else path.absolute()


def walk(paths: Sequence[Path], exclude: Sequence[str] = ()) -> Iterator[FoundFile | SkippedPath]:
    """Each picture file once, sorted within each folder, and each file or folder that is left out.

    Hidden files and folders below the given ones are passed over and not named. Every folder is read once, whatever
    links lead to it, so that loops end. Folders of the system (``JUNK_FOLDERS``) and what fits a pattern of
    ``exclude``, by its name or its whole path, are left out. Raises GalleryError, before anything is read, for a path
    that is not there.
    """
    starts = [absolute(path) for path in paths]
    for start in starts:
        if not os.path.lexists(start):
            raise GalleryError(
                f"no file or folder {start}; pass photos or folders that are there. To take the photos of a folder "
                "that is gone out of a gallery, pass the folder above it and ask for pruning: prune=True, or --prune"
            )
    return _walk_all(starts, exclude)


def is_gone(path: str) -> bool:
    """Whether there is surely no file any more; False where the answer is hidden by a folder that cannot be read."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - a Path a photo costs more than the question
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False


def _walk_all(starts: Sequence[Path], exclude: Sequence[str]) -> Iterator[FoundFile | SkippedPath]:
    folders_read: set[tuple[int, int]] = set()
    files_seen: set[str] = set()
    for start in starts:
        found = _walk_folder(str(start), folders_read, exclude) if start.is_dir() else iter([_looked_at(str(start))])
        for file in found:
            if len(starts) > 1:  # folders are read once, so only a file that is given itself can be met twice
                if file.path in files_seen:
                    continue
                files_seen.add(file.path)
            yield file


def _walk_folder(
    folder: str, folders_read: set[tuple[int, int]], exclude: Sequence[str]
) -> Iterator[FoundFile | SkippedPath]:
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            status = os.stat(current)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in folders_read:
                continue
            folders_read.add((status.st_dev, status.st_ino))
            with os.scandir(current) as entries:
                found = sorted((entry for entry in entries if not entry.name.startswith(".")), key=_name_of)
        except OSError as error:
            yield SkippedPath(current, f"the folder cannot be read: {error.strerror or error}")
            continue
        below = []
        for entry in found:
            if any(fnmatch(entry.name, pattern) or fnmatch(entry.path, pattern) for pattern in exclude):
                yield SkippedPath(entry.path, EXCLUDED)
            elif _is_folder(entry) and entry.name.lower() in JUNK_FOLDERS:
                yield SkippedPath(entry.path, JUNK)
            elif _is_folder(entry):
                below.append(entry.path)
            else:
                yield _looked_at(entry.path)
        waiting.extend(reversed(below))


def _name_of(entry: os.DirEntry[str]) -> str:
    return entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _looked_at(path: str) -> FoundFile | SkippedPath:
    if not has_picture_suffix(path):
        is_unsupported = PurePath(path).suffix.lower() in _UNSUPPORTED_SUFFIXES
        return SkippedPath(path, NOT_SUPPORTED if is_unsupported else NOT_A_PICTURE)
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as error:
        reason = "a link that leads nowhere" if os.path.islink(path) else error.strerror or str(error)  # noqa: PTH114
        return SkippedPath(path, reason)
    if not stat.S_ISREG(status.st_mode):
        return SkippedPath(path, "not a file")
    return FoundFile(path, status.st_size, status.st_mtime_ns)
