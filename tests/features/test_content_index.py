"""The index answers as a dictionary would, in a tenth of the memory."""

from __future__ import annotations

import hashlib
import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pcmsn.features.store import ContentIndex


def content(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def rows(numbers: list[int]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(map(content, numbers)), dtype=np.uint8).reshape(-1, 32)


@settings(max_examples=60, deadline=None)
@given(blocks=st.lists(st.lists(st.integers(0, 60), max_size=12), max_size=12))
def test_it_finds_what_a_dictionary_finds(blocks: list[list[int]]) -> None:
    index = ContentIndex()
    expected: dict[int, tuple[int, int]] = {}
    for block, numbers in enumerate(blocks):
        index.add(rows(numbers), block)
        for row, number in enumerate(numbers):
            expected.setdefault(number, (block, row))
        assert len(index) == len(expected)
    assert {number: index.find(content(number)) for number in range(61)} == {
        number: expected.get(number) for number in range(61)
    }
    assert all((content(number) in index) == (number in expected) for number in range(61))


def test_an_empty_index_finds_nothing() -> None:
    index = ContentIndex()
    index.add(rows([]), 0)
    assert len(index) == 0 and index.find(content(1)) is None


def test_contents_that_begin_alike_are_told_apart() -> None:
    """The first 8 bytes order the index; the next 8 decide."""
    start = b"\xff" * 8
    contents = [start + bytes([number]) * 24 for number in (7, 9)]
    index = ContentIndex()
    index.add(np.frombuffer(contents[0], dtype=np.uint8).reshape(1, 32), 4)
    assert index.find(contents[0]) == (4, 0) and index.find(contents[1]) is None


def test_a_hundred_thousand_contents_take_24_bytes_each() -> None:
    hashes = np.random.default_rng(0).integers(0, 256, (100_000, 32), dtype=np.uint8)
    tracemalloc.start()
    index = ContentIndex()
    for block, part in enumerate(np.split(hashes, 100)):
        index.add(part, block)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(index) == 100_000 and size < 26 * 100_000
    assert index.find(hashes[54_321].tobytes()) == (54, 321)
