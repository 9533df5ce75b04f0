"""Reading .7z archives, solid ones too, in one pass into an ``Intake``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import IO

import py7zr
from py7zr.exceptions import DecompressionBombError
from py7zr.io import Py7zIO, WriterFactory
from py7zr.py7zr import ArchiveFile

from pcmsn.data.archives.members import Destination, Intake, Kind, encrypted
from pcmsn.errors import DataError, enumerate_names


def read_7z(archive: Path, intake: Intake) -> None:
    """Take every member of a .7z file."""
    with archive.open("rb") as raw:
        try:
            # Given a path instead of an open file, py7zr would unpack several blocks at once.
            with py7zr.SevenZipFile(raw, max_extract_size=intake.limits.total_bytes) as file:
                if file.needs_password():
                    raise encrypted(archive)
                _extract(file, raw, intake)
        except py7zr.PasswordRequired as error:
            raise encrypted(archive) from error
        except DecompressionBombError:
            intake.check_decompressed(intake.limits.total_bytes + 1)
            raise


def _extract(file: py7zr.SevenZipFile, raw: IO[bytes], intake: Intake) -> None:
    destinations: dict[PurePosixPath, Destination] = {}
    names = []
    for member in file.files:
        destination = intake.admit(member.filename, _kind(member), member.uncompressed)
        if destination is not None:
            destinations[destination.name] = destination
            names.append(member.filename)
    _check_duplicates(intake.archive, file, names)
    if destinations:
        factory = _Writers(destinations, intake, raw)
        file.extract(factory.root, targets=names, factory=factory)
    if destinations:  # the factory takes each one out when its content comes
        lost = enumerate_names(str(name) for name in destinations)
        raise DataError(f"{intake.archive}: damaged: no content for {lost}")


def _kind(member: ArchiveFile) -> Kind:
    if member.is_symlink or member.is_junction:
        return "link"
    if member.is_directory:
        return "folder"
    return "file" if member.is_file else "special"


def _check_duplicates(archive: Path, file: py7zr.SevenZipFile, wanted: list[str]) -> None:
    """Refuse names that py7zr would confuse: it calls a second ``a`` ``a_0``, which may be another member's name."""
    counts = Counter(file.namelist())
    renamed = {f"{name}_{number}" for name in wanted for number in range(counts[name] - 1)}
    clashes = sorted(renamed & counts.keys())
    if clashes:
        raise DataError(
            f"{archive}: several members have one name, and the next ones are called {enumerate_names(clashes)}; "
            "unpack it with another program and pass the folder"
        )


class _Writers(WriterFactory):
    """Gives py7zr a writer for each member: into its place, or into nothing for a member without one."""

    def __init__(self, destinations: dict[PurePosixPath, Destination], intake: Intake, raw: IO[bytes]) -> None:
        self.root = intake.target.resolve()
        self._destinations = destinations
        self._intake = intake
        self._raw = raw

    def create(self, filename: str) -> Py7zIO:
        self._intake.advance(self._raw.tell())
        name = PurePosixPath(Path(filename).relative_to(self.root).as_posix())
        return _Writer(self._intake, self._destinations.pop(name, None))


class _Writer(Py7zIO):
    """What py7zr writes one file to, from start to end; it calls ``close`` once the check sum is right."""

    def __init__(self, intake: Intake, destination: Destination | None) -> None:
        self._intake = intake
        self._destination = destination
        self._size = 0
        if destination is not None:
            intake.begin(destination)

    def write(self, s: bytes | bytearray) -> int:
        self._size += len(s)
        if self._destination is not None:
            self._intake.write(s)
        return len(s)

    def close(self) -> None:
        if self._destination is not None:
            self._intake.finish()

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self._size
