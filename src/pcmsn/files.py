"""Text files as people have them, and names to write to."""

from __future__ import annotations

from pathlib import Path

from pcmsn.errors import ConfigError


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; a byte order mark, which editors of Windows write, is not part of it.

    Raises OSError and UnicodeDecodeError.
    """
    return path.read_text(encoding="utf-8-sig")


def check_target(target: Path | None) -> None:
    """Raise ConfigError, before any work, for a file to be written that is a folder; None is nothing to write."""
    if target is not None and target.is_dir():
        raise ConfigError(f"{target} is a folder; expected the name of a file, such as {target / 'found.png'}")


def picture_format(target: Path) -> str:
    """The format that a picture's name stands for: JPEG by its ending, or PNG for any other."""
    return "JPEG" if target.suffix.lower() in (".jpg", ".jpeg") else "PNG"
