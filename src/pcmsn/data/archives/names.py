"""Names of archive members: which are safe, and which fall together on some file system."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from pcmsn.errors import DataError

_DRIVE = re.compile(r"[A-Za-z]:")


def safe_name(name: str) -> PurePosixPath:
    """A member's name as a relative path without empty and ``.`` parts; the archive's root itself has no parts.

    Raises DataError for a name that could point anywhere else on any operating system.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    fault = ""
    if name.startswith("/"):
        fault = "is absolute"
    elif ".." in parts:
        fault = "has a '..'"
    elif "\\" in name:
        fault = "has a backslash"
    elif "\0" in name:
        fault = "has a NUL"
    elif any(_DRIVE.match(part) for part in parts):
        fault = "has a drive letter"
    if fault:
        raise DataError(
            f"the member name {name[:200]!r} {fault}; expected a path inside the archive. "
            "The archive is hostile or broken, and nothing more is unpacked from it"
        )
    return PurePosixPath(*parts)


class NameRegister:
    """Which names are given away, so that no member is written over another one on any file system."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def claim(self, name: PurePosixPath) -> bool:
        """True the first time; False for a name that a file or folder has, up to case and Unicode form."""
        key = _folded(name)
        parents = [_folded(parent) for parent in name.parents][:-1]
        if key in self._files or key in self._folders or any(parent in self._files for parent in parents):
            return False
        self._files.add(key)
        self._folders.update(parents)
        return True


def _folded(name: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(name)).casefold())
