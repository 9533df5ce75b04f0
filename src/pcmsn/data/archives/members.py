"""Writing an archive's members: wanted files only, within limits, each whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Literal

from pcmsn.data.archives.names import NameRegister, safe_name
from pcmsn.errors import DataError

Kind = Literal["file", "folder", "link", "special"]
COPY_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much an archive may hold; the defaults are several times what the field's largest archives need."""

    total_bytes: int = 200 * 2**30
    """Bytes written or decompressed in all; the photos of TU-Berlin are some tens of GB."""
    files: int = 2_000_000
    """Members of any kind, wanted or not; Sketchy with its six variants has about half a million."""
    ratio: float = 100.0
    """Bytes written for one byte of the archive; pictures are compressed already and stay below 5."""
    ratio_from: int = 2**30
    """Bytes written before ``ratio`` matters: a few blank pictures shrink a thousandfold and harm nobody."""

    def __post_init__(self) -> None:
        if min(self.total_bytes, self.files, self.ratio, self.ratio_from) <= 0:
            raise DataError(f"limits of an archive must be above 0, got {self}")


@dataclass(frozen=True)
class Unpacked:
    """What ``unpack`` did. Only ``kept`` tells a run that was resumed from one that was not."""

    files: int
    """Wanted files that are whole in the target, written now or kept."""
    bytes: int
    """Their size in all."""
    skipped: tuple[str, ...]
    """Wanted files that were left out, because an earlier member has this name up to case and Unicode form."""
    kept: int = 0
    """How many of ``files`` were there before, with the right size."""


@dataclass(frozen=True)
class Destination:
    """Where one wanted file goes, and the size that its archive declares."""

    name: PurePosixPath
    path: Path
    size: int


class Intake:
    """Takes an archive's members one after the other and writes the wanted files.

    A context manager: at its end a file that is not whole is removed. A reader asks ``admit`` for each member, then
    writes it by ``copy``, or by ``begin``, ``write`` and ``finish``.
    """

    def __init__(
        self,
        archive: Path,
        target: Path,
        *,
        wanted: Callable[[PurePosixPath], bool],
        limits: Limits,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.archive = archive
        self.target = target
        self.limits = limits
        self._archive_bytes = archive.stat().st_size
        self._wanted = wanted
        self._progress = progress
        self._names = NameRegister()
        self._members = self._files = self._kept = self._bytes = 0
        self._skipped: list[str] = []
        self._folders: set[Path] = set()
        self._temporary = target / f".unpacking-{os.getpid()}.partial"
        self._writing: tuple[Destination, IO[bytes]] | None = None
        self._written = 0

    def __enter__(self) -> Intake:
        try:
            self._make_folder(self.target)
        except OSError as error:
            raise self._unwritable(self.target, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writing is not None:
            self._writing[1].close()
        self._temporary.unlink(missing_ok=True)

    def result(self) -> Unpacked:
        """The counts so far."""
        return Unpacked(self._files, self._bytes, tuple(self._skipped), self._kept)

    def admit(self, name: str, kind: Kind, size: int) -> Destination | None:
        """Where to write a member; None for a folder, and for a file that is not wanted, left out or whole already.

        Raises DataError for an unsafe name, a wanted link or special file, and too many members.
        """
        self._members += 1
        if self._members > self.limits.files:
            raise self._too_large(f"more than {self.limits.files} members")
        try:
            relative = safe_name(name)
        except DataError as error:
            raise DataError(f"{self.archive}: {error}") from error
        if kind == "folder" or not relative.parts or not self._wanted(relative):
            return None
        if kind != "file":
            raise self._not_a_file(name, kind)
        if not self._names.claim(relative):
            self._skipped.append(str(relative))
            return None
        destination = Destination(relative, self.target.joinpath(*relative.parts), size)
        if _is_whole(destination):
            self._count(destination)
            self._kept += 1
            return None
        self._check_written(self._bytes + size)
        return destination

    def copy(self, destination: Destination, stream: IO[bytes]) -> None:
        """Write one file from a stream of its content."""
        self.begin(destination)
        while chunk := stream.read(COPY_BYTES):
            self.write(chunk)
        self.finish()

    def begin(self, destination: Destination) -> None:
        """Start to write a file; ``write`` and ``finish`` go on with it."""
        try:
            self._temporary.unlink(missing_ok=True)
            self._writing = (destination, self._temporary.open("xb"))
        except OSError as error:
            raise self._unwritable(destination.path, error) from error
        self._written = 0

    def write(self, chunk: bytes | bytearray) -> None:
        """Add to the file that was begun. Raises DataError past a limit, before it writes, and on a full disk."""
        destination, file = self._open_file()
        self._written += len(chunk)
        self._check_written(self._bytes + self._written)
        try:
            file.write(chunk)
        except OSError as error:
            raise self._unwritable(destination.path, error) from error

    def finish(self) -> None:
        """Give the file that was begun its name. Raises DataError when its size is not the declared one."""
        destination, file = self._open_file()
        try:
            file.close()  # writes what is buffered, so that a full disk may show here first
            self._writing = None
            if self._written != destination.size:
                raise DataError(
                    f"{self.archive}: damaged: {str(destination.name)!r} gave {self._written} bytes, "
                    f"expected {destination.size}"
                )
            self._make_folder(destination.path.parent)
            self._temporary.replace(destination.path)
        except OSError as error:
            raise self._unwritable(destination.path, error) from error
        self._count(destination)

    def advance(self, position: int) -> None:
        """Report that the archive file was read up to ``position``."""
        if self._progress is not None:
            self._progress(min(position, self._archive_bytes), self._archive_bytes)

    def check_decompressed(self, count: int) -> None:
        """Raise DataError when ``count`` bytes, written or only decompressed, are more than the limit."""
        if count > self.limits.total_bytes:
            raise self._too_large(f"more than {self.limits.total_bytes} bytes unpacked")

    def _check_written(self, count: int) -> None:
        self.check_decompressed(count)
        if count > self.limits.ratio_from and count > self.limits.ratio * self._archive_bytes:
            raise self._too_large(f"{count} bytes from {self._archive_bytes}, more than {self.limits.ratio:g} to 1")

    def _open_file(self) -> tuple[Destination, IO[bytes]]:
        if self._writing is None:
            raise DataError(f"{self.archive}: content came before a member was begun")
        return self._writing

    def _count(self, destination: Destination) -> None:
        self._files += 1
        self._bytes += destination.size

    def _make_folder(self, folder: Path) -> None:
        if folder in self._folders:
            return
        folder.mkdir(parents=True, exist_ok=True)
        if not folder.resolve().is_relative_to(self.target.resolve()):
            raise DataError(
                f"{self.archive}: {folder} is a link that leaves {self.target}; remove it or choose another folder"
            )
        self._folders.add(folder)

    def _not_a_file(self, name: str, kind: Kind) -> DataError:
        what = "a link" if kind == "link" else "a device or another special file"
        return DataError(
            f"{self.archive}: the member {name[:200]!r} is {what}; the archives of data sets hold files and folders "
            "only, so this one is not trusted. If you know it, unpack it with another program and pass the folder"
        )

    def _too_large(self, what: str) -> DataError:
        return DataError(
            f"{self.archive}: {what}; past this limit an archive may be a decompression bomb. {self._files} files are "
            f"unpacked in {self.target}. If you trust it, unpack it with another program and pass the folder"
        )

    def _unwritable(self, path: Path, error: OSError) -> DataError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DataError(
                f"no space left to unpack {self.archive} into {self.target}: {self._files} files "
                f"({self._bytes} bytes) are whole and are kept. Free some space and repeat the command"
            )
        return DataError(f"{self.archive}: cannot write {path}: {error.strerror or error}")


def _is_whole(destination: Destination) -> bool:
    """Whether a plain file of the declared size is there; a link is not followed."""
    try:
        found = destination.path.lstat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == destination.size


def encrypted(archive: Path) -> DataError:
    """The error for an archive with a password."""
    return DataError(
        f"{archive}: the archive is encrypted, and no data set's is; unpack it with its password and pass the folder"
    )
