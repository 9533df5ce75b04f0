"""Which of the known formats a file of word vectors has, told from its content, and the file opened for reading."""

from __future__ import annotations

import gzip
import zlib
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal, Protocol

import numpy as np

from pcmsn.errors import SemanticsError

Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all) of the file as it is on disk."""

LONGEST_WORD = 4096
"""Bytes of a word and the space after it at most."""

_HEAD = 1 << 20
_LARGEST_DIM = 100_000
_KNOWN = "word2vec binary, word2vec or fastText text (.vec), or GloVe text, each as it is or packed with gzip"
_PICKLE = "is a pickle, perhaps gensim's own; save it with save_word2vec_format(..., binary=True)"
_OTHER_FORMATS = {
    b"\xba\x16\x4f\x2f": "is fastText's own model; take the .vec file of the same name, which holds its word vectors",
    b"PK\x03\x04": "is a .zip archive; unpack it and pass the text file inside",
    b"\x93NUM": f"is a NumPy array; expected {_KNOWN}",
    b"\x80\x02": _PICKLE,
    b"\x80\x03": _PICKLE,
    b"\x80\x04": _PICKLE,
    b"\x80\x05": _PICKLE,
}


class MalformedError(Exception):
    """What is wrong with a file of word vectors, without its name; ``opened`` makes a SemanticsError of it."""


class Reader(Protocol):
    """What the readers of rows need of an open file."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, fewer only at the end of the file."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to ``offset``."""


@dataclass(frozen=True)
class Layout:
    """How a file of word vectors is laid out."""

    kind: Literal["word2vec binary", "word2vec or fastText text", "GloVe text"]
    dim: int
    """Number of elements D of a vector."""
    count: int | None
    """Number of rows as the first line says it; None where there is no such line."""
    start: int
    """Number of bytes before the first row."""


@contextmanager
def opened(path: Path, progress: Progress | None = None) -> Iterator[tuple[Reader, Layout]]:
    """The file, unpacked and at its first row, and its layout.

    Whatever goes wrong while it is read becomes one SemanticsError that names the file.
    """
    if not path.is_file():
        raise SemanticsError(f"no file of word vectors {path}; expected {_KNOWN}")
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            counted = _Counted(raw, path.stat().st_size, progress)
            file: Reader = gzip.GzipFile(fileobj=counted) if packed else counted
            head = _read_up_to(file, _HEAD)
            mark = len(BOM_UTF8) if head.startswith(BOM_UTF8) else 0
            layout = _layout_of(head[mark:])
            layout = replace(layout, start=layout.start + mark)
            file.seek(layout.start)
            yield file, layout
    except MalformedError as error:
        raise SemanticsError(f"word vectors {path}: the file {error}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise SemanticsError(f"word vectors {path}: cannot be read ({error}); get the file again") from error


class _Counted:
    """A file that reports how far it has been read."""

    def __init__(self, file: IO[bytes], size: int, progress: Progress | None) -> None:
        self._file, self._size, self._progress = file, size, progress
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        if self._progress is not None:
            self._progress(self._file.tell(), self._size)
        return content


def _read_up_to(file: Reader, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _layout_of(head: bytes) -> Layout:
    """The layout that the first bytes of a file show; raises MalformedError for anything but the known formats."""
    if not head:
        raise MalformedError(f"is empty; expected {_KNOWN}")
    for magic, advice in _OTHER_FORMATS.items():
        if head.startswith(magic):
            raise MalformedError(advice)
    first, line_end, rest = head.partition(b"\n")
    numbers = first.split()
    if line_end and len(numbers) == 2 and all(number.isdigit() for number in numbers):
        return _layout_after_header(int(numbers[0]), int(numbers[1]), rest, start=len(first) + 1)
    lines = head.split(b"\n") if len(head) < _HEAD else head.split(b"\n")[:-1]
    dims = Counter(_trailing_numbers(line) for line in lines[:100] if line.strip())
    dim = dims.most_common(1)[0][0] if dims else 0
    if dim < 2:
        raise MalformedError(f"has none of the known formats, it starts with {head[:24]!r}; expected {_KNOWN}")
    return Layout("GloVe text", dim, None, 0)


def _layout_after_header(count: int, dim: int, rest: bytes, start: int) -> Layout:
    if not 1 <= dim <= _LARGEST_DIM:
        raise MalformedError(f"says that its vectors have {dim} elements, expected 1 to {_LARGEST_DIM}")
    first_row = rest.split(b"\n", 1)[0]
    found = _trailing_numbers(first_row)
    if found >= dim:
        return Layout("word2vec or fastText text", dim, count, start)
    if found > 1 and found == len(first_row.split()) - 1:
        raise MalformedError(
            f"says that its vectors have {dim} elements, its first row has {found}; "
            "get it again or correct its first line"
        )
    if _starts_like_binary(rest, dim):
        return Layout("word2vec binary", dim, count, start)
    raise MalformedError(
        f"has the first line {count} {dim} and then no row of {dim} elements, neither as text nor as float32; "
        f"expected {_KNOWN}"
    )


def _trailing_numbers(line: bytes) -> int:
    """How many numbers a line ends with; its first field, the word, does not count."""
    count = 0
    for field in reversed(line.split()[1:]):
        try:
            float(field)
        except ValueError:
            break
        count += 1
    return count


def _starts_like_binary(rest: bytes, dim: int) -> bool:
    """Whether ``rest`` begins with a word, a space and float32 numbers no larger than those of word vectors."""
    if not rest:
        return True  # a file that ends after its first line is reported as cut short
    space = rest.find(b" ", 0, LONGEST_WORD)
    if space <= 0:
        return False
    elements = min(dim, (len(rest) - space - 1) // 4)
    values = np.frombuffer(rest, dtype="<f4", count=elements, offset=space + 1)
    return bool((np.isnan(values) | (np.abs(values) < 1e9)).all())
