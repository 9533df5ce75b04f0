"""Reading .zip and .tar archives in one pass, member by member, into an ``Intake``."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from pcmsn.data.archives.members import COPY_BYTES, Intake, Kind, encrypted

_BLOCK = tarfile.BLOCKSIZE
_LARGEST_TAR_HEADER = 1 << 20  # long names and extended headers are read whole; real ones are some kilobytes

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
SUFFIXES = (".zip", ".7z", *TAR_SUFFIXES)
"""The file endings, in lower case, of the archives that can be read."""


def reader_of(archive: Path) -> Callable[[Path, Intake], None]:
    """The function that reads an archive of this name's kind."""
    name = archive.name.lower()
    if name.endswith(".7z"):
        from pcmsn.data.archives.seven_zip import read_7z  # py7zr and its codecs are only loaded where they are needed

        return read_7z
    return read_zip if name.endswith(".zip") else read_tar


def read_zip(archive: Path, intake: Intake) -> None:
    """Take every member of a .zip file."""
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            # orig_filename still has what zipfile cuts off or replaces: a NUL and what follows, separators
            destination = intake.admit(member.orig_filename, _zip_kind(member), member.file_size)
            if destination is None:
                continue
            if member.flag_bits & 1:
                raise encrypted(archive)
            with file.open(member) as stream:
                intake.copy(destination, stream)
            intake.advance(member.header_offset + member.compress_size)


def _zip_kind(member: zipfile.ZipInfo) -> Kind:
    if member.is_dir():
        return "folder"
    made_on_unix = member.create_system != 0
    file_type = stat.S_IFMT(member.external_attr >> 16) if made_on_unix else 0
    if file_type == stat.S_IFLNK:
        return "link"
    return "file" if file_type in (0, stat.S_IFREG) else "special"


def read_tar(archive: Path, intake: Intake) -> None:
    """Take every member of a .tar file, compressed or not."""
    with archive.open("rb") as raw, _decompressed(archive, raw) as content:
        stream = _TarStream(content, intake)
        with tarfile.TarFile(fileobj=stream, mode="r") as file:
            while (member := file.next()) is not None:
                destination = intake.admit(member.name, _tar_kind(member), member.size)
                if destination is not None:
                    with _tar_content(file, member) as data:
                        intake.copy(destination, data)
                intake.advance(raw.tell())
                file.members.clear()  # type: ignore[attr-defined]  # otherwise half a million records are kept
        stream.check_end()


def _decompressed(archive: Path, raw: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    name = archive.name.lower()
    if name.endswith((".gz", ".tgz")):
        return gzip.GzipFile(fileobj=raw)
    if name.endswith((".bz2", ".tbz2")):
        return bz2.BZ2File(raw)
    if name.endswith((".xz", ".txz")):
        return lzma.LZMAFile(raw)
    return raw


def _tar_kind(member: tarfile.TarInfo) -> Kind:
    if member.isdir():
        return "folder"
    if member.issym() or member.islnk():
        return "link"
    return "file" if member.isreg() else "special"


def _tar_content(file: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = file.extractfile(member)
    if content is None:
        raise tarfile.TarError(f"no content for {member.name!r}")
    return content


class _TarStream(io.RawIOBase):
    """A tar file's bytes, with headers of a bounded size; members that are passed over count too.

    The last header block is remembered, because tarfile takes a damaged one for the end of the archive.
    """

    def __init__(self, content: IO[bytes] | gzip.GzipFile, intake: Intake) -> None:
        self._content = content
        self._intake = intake
        self._header = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= max(_LARGEST_TAR_HEADER, COPY_BYTES):
            raise tarfile.TarError(f"a header of {size} bytes")
        self._intake.check_decompressed(self.tell() + size)
        data = self._content.read(size)
        if size == _BLOCK:
            self._header = data
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._intake.check_decompressed(offset)
        return self._content.seek(offset, whence)

    def tell(self) -> int:
        return self._content.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def check_end(self) -> None:
        """Read what follows the last member, so that check sums are compared; raises TarError without an end mark."""
        if self._header != bytes(_BLOCK):
            raise tarfile.TarError("the end is missing")
        while self.read(COPY_BYTES):
            pass
