"""Writing a file so that readers see the old content or the new one, never a part of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` to write to; on leaving it is synced to disk and renamed to ``target``.

    After an error the temporary file is gone and ``target`` is as it was. The target's folder is made if missing. The
    file's mode follows the umask, whatever wrote it: safetensors lets nobody but the owner read its files.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        temporary.touch()
        mode = temporary.stat().st_mode  # reading the umask itself would change it for other threads
        temporary.unlink()
        yield temporary
        temporary.chmod(mode)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text_atomically(target: Path, text: str) -> None:
    """Write ``text`` as UTF-8 by way of ``atomic_path``."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
