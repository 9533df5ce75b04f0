"""Rows out of large files; each file here is written by hand, byte by byte."""

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.errors import SemanticsError
from pcmsn.semantics import word_vectors
from pcmsn.semantics.word_vectors import read_layout, read_vocabulary, read_word_vectors

Rows = list[tuple[str, list[float]]]
ROWS: Rows = [("the", [0.5, -1.25, 3.0]), ("alarm_clock", [1.0, 2.0, -0.375]), ("Ärmel", [0.0, 1e-3, 7.0])]


def binary(rows: Rows, line_ends: bool = False) -> bytes:
    content = f"{len(rows)} {len(rows[0][1])}\n".encode()
    for word, values in rows:
        content += word.encode() + b" " + np.array(values, dtype="<f4").tobytes() + (b"\n" if line_ends else b"")
    return content


def glove(rows: Rows) -> bytes:
    return "".join(f"{word} {' '.join(str(value) for value in values)}\n" for word, values in rows).encode()


def header(rows: Rows) -> bytes:
    return f"{len(rows)} {len(rows[0][1])}\n".encode()


def fasttext(rows: Rows) -> bytes:
    """As fastText writes it: a space at the end of every line."""
    return header(rows) + glove(rows).replace(b"\n", b" \n")


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "binary": binary,
    "binary with line ends": lambda rows: binary(rows, line_ends=True),
    "word2vec text": lambda rows: header(rows) + glove(rows),
    "fastText text": fasttext,
    "text of Windows": lambda rows: (header(rows) + glove(rows)).replace(b"\n", b"\r\n"),
    "GloVe": glove,
    "GloVe without a last line end": lambda rows: glove(rows)[:-1],
}


def saved(tmp_path: Path, content: bytes, name: str = "words") -> Path:
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_the_rows_asked_for_come_from_every_format_whatever_the_file_is_called(
    tmp_path: Path, name: str, packed: bool
) -> None:
    content = FORMATS[name](ROWS)
    path = saved(tmp_path, gzip.compress(content) if packed else content)
    found = read_word_vectors(path, ["Ärmel", "alarm_clock", "absent"])
    assert {word: vector.tolist() for word, vector in found.items()} == {
        "alarm_clock": [1.0, 2.0, -0.375], "Ärmel": [0.0, np.float32(1e-3), 7.0],
    }  # fmt: skip
    assert all(vector.dtype == np.float32 for vector in found.values())
    assert list(read_vocabulary(path)) == [word for word, _ in ROWS]
    assert read_layout(path).dim == 3


words = st.text(st.characters(codec="utf-8", exclude_characters=" \n\r\t\x0b\x0c"), min_size=1, max_size=12)
floats = st.floats(-100, 100, width=32)


@given(
    rows=st.lists(st.tuples(words, st.lists(floats, min_size=4, max_size=4)), min_size=3, max_size=20),
    block=st.integers(1, 64),
    kind=st.sampled_from([name for name in FORMATS if name != "text of Windows"]),
)
def test_rows_are_found_wherever_a_block_ends(
    rows: Rows, block: int, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = saved(tmp_path_factory.mktemp("w"), FORMATS[kind](rows))
    first: dict[str, list[float]] = {}
    for word, values in rows:
        first.setdefault(word, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_vectors, "BLOCK", block)
        patch.setattr(word_vectors, "LONGEST_WORD", 64)
        found = read_word_vectors(path, first)
        assert list(read_vocabulary(path)) == [word for word, _ in rows]
    assert {word: vector.tolist() for word, vector in found.items()} == first


def test_of_a_repeated_word_the_first_row_counts(tmp_path: Path) -> None:
    rows: Rows = [("cup", [1.0, 1.0]), ("cup", [2.0, 2.0]), ("mug", [3.0, 3.0])]
    for number, form in enumerate(FORMATS.values()):
        assert read_word_vectors(saved(tmp_path, form(rows), str(number)), ["cup", "mug"])["cup"].tolist() == [1, 1]


def test_words_that_are_no_utf_8_are_passed_over(tmp_path: Path) -> None:
    for number, form in enumerate((binary, glove, fasttext)):
        content = form([("the", [1.0, 2.0]), ("cafe", [3.0, 4.0]), ("cup", [5.0, 6.0])]).replace(b"cafe", b"caf\xe9")
        path = saved(tmp_path, content, str(number))
        assert read_word_vectors(path, ["cup"])["cup"].tolist() == [5, 6]
        assert list(read_vocabulary(path)) == ["the", "caf\ufffd", "cup"]


def test_words_with_spaces_inside_are_read_from_the_right(tmp_path: Path) -> None:
    """The largest GloVe file holds rows such as ``. . .`` and ``at name@domain.com``."""
    rows: Rows = [("the", [1.0, 2.0]), (". . .", [3.0, 4.0]), ("at name@domain.com", [5.0, 6.0]), ("at", [7.0, 8.0])]
    path = saved(tmp_path, glove(rows))
    found = read_word_vectors(path, ["at", ".", ". . ."])
    assert {word: vector.tolist() for word, vector in found.items()} == {"at": [7, 8], ". . .": [3, 4]}
    assert list(read_vocabulary(path)) == ["the", ". . .", "at name@domain.com", "at"]


def test_numbers_can_be_words(tmp_path: Path) -> None:
    path = saved(tmp_path, glove([("0.5", [1.0, 2.0]), ("2", [3.0, 4.0])]))
    assert read_word_vectors(path, ["2", "0.5"])["0.5"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", "fastText's own model; take the .vec file of the same name"),
        (b"PK\x03\x04....", "is a .zip archive; unpack it"),
        (b"\x93NUMPY\x01\x00", "is a NumPy array"),
        (b"\x80\x04\x95\x00", "a pickle, perhaps gensim's own; save it with save_word2vec_format"),
        (b"Once upon a time\nthere was a mouse\n", "none of the known formats, it starts with b'Once upon"),
        (b"5 0\nthe\n", "vectors have 0 elements, expected 1 to"),
        (b"5 3\nonce upon a time there was a mouse in a house", "no row of 3 elements, neither as text nor as float32"),
        (b"2 4\nthe 0.1 0.2 0.3\ncup 0.1 0.2 0.3\n", "says that its vectors have 4 elements, its first row has 3"),
        (b"the 0.1 0.2\ncup 0.3\nmug 0.5 0.6\n", "has 1 elements in row 2 .'cup 0.3'., expected 2"),
        (b"the 0.1 0.2\ncup 0.3 0.4 0.5\nmug 0.5 0.6\n", "has 3 elements in the row of 'cup', expected 2"),
        (b"the 0.1 0.2\ncup 0.3 0.x\nmug 0.5 0.6\n", "has no numbers in the row of 'cup'"),
        (b"the 0.1 0.2\ncup 0.3 nan\nmug 0.5 0.6\n", "holds NaN or infinity in the row of 'cup'"),
        (binary([("the", [1.0, 2.0]), ("cup", [float("inf"), 2.0])]), "holds NaN or infinity in the row of 'cup'"),
        (b"3 2\nthe 0.1 0.2\ncap 0.3 0.4\n", "ends after 2 rows of 3; it was not copied completely"),
        (b"9 2\nthe \0\0\0\0\0\0\0\0" + b"x" * 5000, "has no word in the 4096 bytes after row 1"),
        (gzip.compress(b"the 0.1 0.2\n" * 99)[:-9], "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SemanticsError, match=message):
        read_word_vectors(saved(tmp_path, content), ["cup"])


def test_no_file_is_an_error_of_ours(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.bin", tmp_path):
        with pytest.raises(SemanticsError, match="no file of word vectors .*; expected word2vec binary"):
            read_word_vectors(path, ["cup"])


@pytest.mark.parametrize("name", ["binary", "binary with line ends", "word2vec text", "fastText text"])
def test_a_file_cut_anywhere_is_refused_when_a_word_may_be_in_the_lost_part(tmp_path: Path, name: str) -> None:
    content = FORMATS[name](ROWS)
    for length in range(len(content) - 5):  # a last number of fewer digits is still a number
        with pytest.raises(SemanticsError, match=r"word vectors .*words: the file "):
            read_word_vectors(saved(tmp_path, content[:length]), ["absent"])


def test_a_large_file_is_never_in_memory(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    block = b"".join(f"w{row} ".encode() + generator.normal(size=300).astype("<f4").tobytes() for row in range(1000))
    with (tmp_path / "large.bin").open("wb") as file:
        file.write(b"60001 300\n")
        for _ in range(60):
            file.write(block)
        file.write(b"last " + np.ones(300, dtype="<f4").tobytes())
    tracemalloc.start()
    seen: list[tuple[int, int]] = []
    found = read_word_vectors(tmp_path / "large.bin", ["last"], lambda done, total: seen.append((done, total)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["last"].tolist() == [1.0] * 300
    size = (tmp_path / "large.bin").stat().st_size
    assert peak < 5 * word_vectors.BLOCK < size / 3
    assert seen[-1] == (size, size)
