"""Single rows from files of word vectors that are too large for memory: word2vec, GloVe and fastText.

The formats:

- word2vec binary: a line ``V D``, then for each row the word, a space, D little-endian float32, perhaps a line end;
- word2vec text and fastText ``.vec``: a line ``V D``, then a line ``word v1 ... vD`` for each row;
- GloVe text: the same without the first line; a few words of its largest file hold spaces.

A file is read once from front to back in blocks; of a row that nobody asked for only the end is searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.semantics.word_vector_format import LONGEST_WORD, Layout, MalformedError, Progress, Reader, opened

BLOCK = 1 << 22
"""Bytes that are read at a time."""
_COPY_AGAIN = "it was not copied completely: get the file again"


def read_word_vectors(
    path: Path, words: Iterable[str], progress: Progress | None = None
) -> dict[str, NDArray[np.float32]]:
    """The (D,) vectors of those ``words`` that the file has in exactly this spelling; the first row of a repeated word.

    Raises SemanticsError for a file of another kind, a truncated one, or a row asked for that has another length or
    holds NaN or infinity.
    """
    wanted = {word.encode(errors="replace"): word for word in words}
    found: dict[str, NDArray[np.float32]] = {}
    with opened(path, progress) as (file, layout):
        for word, raw in _rows(file, layout, wanted.keys()):
            name = wanted[word]
            if name not in found:
                found[name] = _vector(name, raw, layout)
                if len(found) == len(wanted):
                    break
    return found


def read_vocabulary(path: Path, progress: Progress | None = None) -> Iterator[str]:
    """Every word of the file in its order; bytes that are no UTF-8 become replacement characters.

    Raises SemanticsError as ``read_word_vectors`` does.
    """
    with opened(path, progress) as (file, layout):
        for word, _ in _rows(file, layout, None):
            yield word.decode(errors="replace")


def read_layout(path: Path) -> Layout:
    """The format and dimension of a file; raises SemanticsError for anything but the known formats."""
    with opened(path) as (_, layout):
        return layout


def _rows(file: Reader, layout: Layout, wanted: Set[bytes] | None) -> Iterator[tuple[bytes, bytes]]:
    """(word, elements as they stand in the file) of the wanted rows; None: of all rows, without the elements."""
    if layout.kind == "word2vec binary":
        return _binary_rows(file, layout, wanted)
    return _text_rows(file, layout, wanted)


def _binary_rows(file: Reader, layout: Layout, wanted: Set[bytes] | None) -> Iterator[tuple[bytes, bytes]]:
    length = 4 * layout.dim + 1  # with the space before
    block = max(BLOCK, length + LONGEST_WORD)
    buffer, position = b"", 0
    for number in range(layout.count or 0):
        space = buffer.find(b" ", position)
        if space < 0 or space + length > len(buffer):
            # what is left holds no whole row; a block more does, as no word is longer than LONGEST_WORD
            buffer, position = buffer[position:] + file.read(block), 0
            space = buffer.find(b" ", 0, LONGEST_WORD)
            if space < 0 and len(buffer) >= LONGEST_WORD:
                raise MalformedError(f"has no word in the {LONGEST_WORD} bytes after row {number}; get it again")
            if space < 0 or space + length > len(buffer):
                raise MalformedError(
                    f"ends after {number} whole rows of {layout.count} ({layout.kind}, {layout.dim} elements a row); "
                    + _COPY_AGAIN
                )
        word = buffer[position:space]
        position = space + length
        if word[:1] == b"\n":  # the line end that some writers put after a row
            word = word[1:]
        if wanted is None:
            yield word, b""
        elif word in wanted:
            yield word, buffer[space + 1 : position]


def _text_rows(file: Reader, layout: Layout, wanted: Set[bytes] | None) -> Iterator[tuple[bytes, bytes]]:
    first_words = {word.split(b" ", 1)[0] for word in wanted or ()}
    number = 0
    for raw in _lines(file):
        line = raw.rstrip() if raw.endswith((b" ", b"\r")) else raw  # fastText ends its lines with a space
        fields = line.count(b" ")
        if fields < layout.dim:
            if not line:
                continue
            raise MalformedError(
                f"has {fields} elements in row {number + 1} ({_shown(line)}), expected {layout.dim}; " + _COPY_AGAIN
            )
        number += 1
        first_word = line[: line.find(b" ")]
        if wanted is None or first_word in first_words:
            plain = fields == layout.dim
            word, elements = (first_word, line[len(first_word) :]) if plain else _split_from_the_right(line, layout.dim)
            if wanted is None or word in wanted:
                yield word, elements
            elif not plain:
                _check_length(line, first_word, layout.dim)
    if layout.count is not None and number < layout.count:
        raise MalformedError(f"ends after {number} rows of {layout.count}; " + _COPY_AGAIN)


def _lines(file: Reader) -> Iterator[bytes]:
    """The lines without their ends; the last one may be empty."""
    rest = b""
    while block := file.read(BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        yield from lines
    yield rest


def _split_from_the_right(line: bytes, dim: int) -> tuple[bytes, bytes]:
    """The word, which may hold spaces, and the ``dim`` elements after it."""
    word = line.rsplit(b" ", dim)[0]
    return word, line[len(word) :]


def _check_length(line: bytes, first_word: bytes, dim: int) -> None:
    """Tell a word with spaces in it from a row that has too many elements."""
    extra = line.rsplit(b" ", dim)[0].split(b" ")[1:]
    try:
        numbers = [float(field) for field in extra if b"." in field]
    except ValueError:
        return
    if len(numbers) == len(extra):
        found = line.count(b" ")
        raise MalformedError(f"has {found} elements in the row of {_shown(first_word)}, expected {dim}; get it again")


def _vector(name: str, raw: bytes, layout: Layout) -> NDArray[np.float32]:
    try:
        if layout.kind == "word2vec binary":
            vector = np.frombuffer(raw, dtype="<f4").astype(np.float32)
        else:
            vector = np.array([float(field) for field in raw.split()], dtype=np.float32)
    except ValueError as error:
        raise MalformedError(f"has no numbers in the row of {name!r} ({error}); get it again") from error
    if not np.isfinite(vector).all():
        raise MalformedError(f"holds NaN or infinity in the row of {name!r}; get it again, or choose another spelling")
    return vector


def _shown(line: bytes) -> str:
    return repr(line[:24].decode(errors="replace"))
