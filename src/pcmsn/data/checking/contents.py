"""Reading every picture once: whether it can be decoded, and the hash of its content."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.checking.catalogue import Catalogue
from pcmsn.data.pictures import picture_from_bytes
from pcmsn.errors import UnreadablePictureError

BATCH = 512
"""Pictures that are being read at a time, which bounds the memory."""
Progress = Callable[[str, int, int], None]
"""Called with the stage, what is done of it, and its total."""


@dataclass(frozen=True, eq=False)
class Contents:
    """What was found by reading the pictures of a catalogue."""

    digests: NDArray[np.uint64]
    """(N,) first 64 bits of each content's SHA-256 (two of a million pictures agree by chance with a probability below
    1e-7), and 0 for a picture that was not read."""
    unreadable: dict[int, str]
    """Position of a picture that cannot be decoded -> why."""
    decoded: int
    """Number of pictures that were decoded, or could not be; 0 where none was tried."""


def read_contents(
    catalogue: Catalogue, *, decode: bool, workers: int | None = None, progress: Progress | None = None
) -> Contents:
    """The hashes of all pictures, and with ``decode`` those pictures that cannot be decoded.

    Without ``decode`` only pictures that share their size with another one are read, as no others can be equal.
    ``workers`` threads read, by default one a core: Pillow and SHA-256 release the interpreter's lock.
    """
    stage = "decoding pictures" if decode else "comparing pictures"
    wanted = range(len(catalogue)) if decode else _of_equal_size(catalogue)
    digests = np.zeros(len(catalogue), dtype=np.uint64)
    unreadable: dict[int, str] = {}
    done = 0

    def read(index: int) -> tuple[int, int, str]:
        return (index, *_read_one(catalogue.path(index), decode))

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for batch in _batches(wanted):
            for index, digest, error in pool.map(read, batch):
                digests[index] = digest
                if error:
                    unreadable[index] = error
                done += 1
            if progress:
                progress(stage, done, len(wanted))
    return Contents(digests, unreadable, decoded=len(wanted) if decode else 0)


def _read_one(path: Path, decode: bool) -> tuple[int, str]:
    """A picture's digest, 0 where nothing was read, and why it is unreadable, or an empty string."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return 0, error.strerror or str(error)
    if not content:
        return 0, "the file is empty"
    digest = int.from_bytes(hashlib.sha256(content).digest()[:8], "big")
    if decode:
        try:
            picture_from_bytes(content, path)
        except UnreadablePictureError as error:
            return digest, str(error).removeprefix(f"{path}: ")
    return digest, ""


def _of_equal_size(catalogue: Catalogue) -> list[int]:
    """The pictures that share their size with another one, and those that are empty or cannot be read."""
    sizes = []
    for index in range(len(catalogue)):
        try:
            sizes.append(catalogue.path(index).stat().st_size)
        except OSError:
            sizes.append(-1)
    count = Counter(sizes)
    return [index for index, size in enumerate(sizes) if size <= 0 or count[size] > 1]


def _batches(indices: range | list[int]) -> Iterator[list[int]]:
    remaining = iter(indices)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def equal_pictures(digests: NDArray[np.uint64]) -> list[NDArray[np.int64]]:
    """Groups of two or more positions in ``digests`` (N,) with one value, sorted; positions with 0 are in none."""
    order = np.argsort(digests, kind="stable").astype(np.int64)
    values = digests[order]
    groups = np.split(order, np.flatnonzero(values[1:] != values[:-1]) + 1)
    repeated = [group for group in groups if len(group) > 1 and digests[group[0]] != 0]
    return sorted(repeated, key=lambda group: int(group[0]))
