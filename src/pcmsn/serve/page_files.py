"""The page's own files, read once from the package; nothing else is ever served from a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pcmsn.errors import ServerError

FOLDER = Path(__file__).parent / "static"
INDEX = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Files with other endings are not served."""


@dataclass(frozen=True)
class PageFile:
    """One file of the page."""

    content: bytes
    media_type: str
    tag: str
    """Changes with the content."""


def read_page_files(folder: Path = FOLDER) -> Mapping[str, PageFile]:
    """The files below a folder by their names relative to it, with slashes.

    Raises ServerError where there is no ``index.html``.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in TYPES]
    found = {path.relative_to(folder).as_posix(): _read(path) for path in paths}
    if INDEX not in found:
        raise ServerError(f"{folder}: the page's {INDEX} is missing, expected it in the package; install pcmsn again")
    return found


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(content, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:32])
