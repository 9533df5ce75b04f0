"""Text files as people have them."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; a byte order mark, which editors of Windows write, is not part of it.

    Raises OSError and UnicodeDecodeError.
    """
    return path.read_text(encoding="utf-8-sig")
