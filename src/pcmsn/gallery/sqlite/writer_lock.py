"""The right to write to a gallery file: one process has it at a time, and loses it when it ends, however it ends."""

from __future__ import annotations

import os
from pathlib import Path

from pcmsn.errors import GalleryError


class WriterLock:
    """Holds the lock from its making to ``release``. Raises GalleryError where this or another process holds it.

    The lock is on ``<file>.lock`` beside the gallery: SQLite has locks of its own on the file itself.
    """

    def __init__(self, gallery: Path) -> None:
        self._gallery = gallery
        self._path = gallery.with_name(gallery.name + ".lock")
        self._file: int | None = self._acquired()

    def release(self) -> None:
        """Let others write; nothing happens the second time."""
        if self._file is None:
            return
        # removed while it is locked: whoever opened it before sees that the name does not stand for it any more
        self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = None

    def _acquired(self) -> int:
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            if not _lock(file):
                holder = os.read(file, 32).decode("ascii", "replace").strip()
                os.close(file)
                raise GalleryError(
                    f"{self._gallery} is being written by {f'process {holder}' if holder else 'another process'}; "
                    "wait until that is done, or stop it. Searching works meanwhile"
                )
            if self._is_current(file):
                os.ftruncate(file, 0)
                os.write(file, f"{os.getpid()}\n".encode("ascii"))
                return file
            os.close(file)

    def _is_current(self, file: int) -> bool:
        """Whether the locked file still has its name; the holder before may have removed it."""
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False


def _lock(file: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return _lock_on_windows(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_on_windows(file: int) -> bool:
    import msvcrt

    try:
        os.lseek(file, 1 << 20, os.SEEK_SET)  # past the text, which others must be able to read
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        os.lseek(file, 0, os.SEEK_SET)
    except OSError:
        return False
    return True
