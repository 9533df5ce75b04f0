"""Make the compact noun taxonomy that the package ships, from a WordNet 3.0 distribution.

    python scripts/build_wordnet.py --dict /usr/share/wordnet --out src/pcmsn/semantics/wordnet_data/nouns-3.0.npz

Reads ``data.noun`` (synsets, words, hypernyms, glosses), ``index.noun`` (order of senses) and ``cntlist.rev`` (how
often each sense is tagged in SemCor), for example from Debian's package ``wordnet-base``. The same input gives the same
bytes.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HYPERNYM, INSTANCE_HYPERNYM = "@", "@i"
NOUN_SENSE = "%1:"  # the part of speech in a sense key
EARLIEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # a fixed date keeps the bytes the same


class DistributionError(Exception):
    """The WordNet files are not as their manual page (wndb) says."""


@dataclass(frozen=True)
class NounSynset:
    """One line of ``data.noun``."""

    offset: int
    words: tuple[str, ...]
    sense_keys: tuple[str, ...]
    hypernyms: tuple[tuple[int, bool], ...]
    """Offset of each synset above, and whether this one is an instance of it rather than a kind of it."""
    gloss: str


def parse_synset(line: str) -> NounSynset:
    """The synset on one line of ``data.noun``: ``offset lexfile n count word lex_id ... pointers | gloss``."""
    columns, _, gloss = line.partition("|")
    fields = columns.split()
    offset, lexicographer_file, count = int(fields[0]), int(fields[1]), int(fields[3], 16)
    words, lex_ids = fields[4 : 4 + 2 * count : 2], fields[5 : 5 + 2 * count : 2]
    pointers = fields[4 + 2 * count :]
    if int(pointers[0]) * 4 != len(pointers) - 1:
        raise DistributionError(
            f"data.noun: synset {offset} announces {pointers[0]} pointers, has {len(pointers) - 1}/4"
        )
    above = [
        (int(target), symbol == INSTANCE_HYPERNYM)
        for symbol, target in zip(pointers[1::4], pointers[2::4], strict=True)
        if symbol in (HYPERNYM, INSTANCE_HYPERNYM)
    ]
    keys = [
        f"{word.lower()}{NOUN_SENSE}{lexicographer_file:02d}:{int(lex_id, 16):02d}::"
        for word, lex_id in zip(words, lex_ids, strict=True)
    ]
    return NounSynset(offset, tuple(words), tuple(keys), tuple(above), gloss.strip())


def entries(path: Path) -> list[str]:
    """The lines of a database file without the licence at its top, whose lines begin with a space."""
    with path.open(encoding="utf-8") as file:
        return [line for line in file if not line.startswith(" ")]


def read_sense_numbers(path: Path) -> dict[tuple[str, int], int]:
    """The sense number, from 1, of each (lower-case word, offset) of ``index.noun``."""
    numbers = {}
    for line in entries(path):
        fields = line.split()
        for position, offset in enumerate(fields[-int(fields[2]) :]):
            numbers[fields[0], int(offset)] = position + 1
    return numbers


def read_semcor_counts(path: Path) -> dict[str, int]:
    """How often each noun's sense key is tagged in SemCor, from ``cntlist.rev``."""
    rows = (line.split() for line in entries(path))
    return {key: int(count) for key, _, count in rows if NOUN_SENSE in key}


def text_member(lines: list[str]) -> NDArray[np.uint8]:
    """The lines as UTF-8 bytes, separated by line feeds: NumPy's own strings would all be as long as the longest."""
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)


def taxonomy_arrays(
    synsets: list[NounSynset], sense_numbers: dict[tuple[str, int], int], semcor_counts: dict[str, int]
) -> dict[str, NDArray[np.generic]]:
    """The members of the compact file by name; ``pcmsn.semantics.wordnet`` says what each one is."""
    row = {synset.offset: index for index, synset in enumerate(synsets)}
    unused = dict(semcor_counts)
    # "A" and "a" of one synset share a sense key: the count goes to the first of them, so that sums count it once.
    word_counts = [unused.pop(key, 0) for synset in synsets for key in synset.sense_keys]
    numbers = [sense_numbers[word.lower(), synset.offset] for synset in synsets for word in synset.words]
    above = [(row[offset], is_instance) for synset in synsets for offset, is_instance in synset.hypernyms]
    sys.stderr.write(f"{len(unused)} of {len(semcor_counts)} noun sense keys in cntlist.rev name no sense\n")
    return {
        "offsets": np.array([synset.offset for synset in synsets], dtype=np.int32),
        "words": text_member([" ".join(synset.words) for synset in synsets]),
        "sense_numbers": np.array(numbers, dtype=np.uint8),
        "word_counts": np.array(word_counts, dtype=np.int32),
        "parent_counts": np.array([len(synset.hypernyms) for synset in synsets], dtype=np.uint8),
        "parent_rows": np.array([parent for parent, _ in above], dtype=np.int32),
        "parent_is_instance": np.array([is_instance for _, is_instance in above], dtype=np.bool_),
        "glosses": text_member([synset.gloss for synset in synsets]),
    }


def write_members(path: Path, members: dict[str, NDArray[np.generic]]) -> None:
    """Write an .npz with fixed dates; LZMA is a third smaller than NumPy's own choice, and ``np.load`` reads it too."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, values in members.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, values, allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy", date_time=EARLIEST_ZIP_DATE)
            member.create_system = 3  # as on Unix, wherever the script runs
            archive.writestr(member, buffer.getvalue(), compress_type=zipfile.ZIP_LZMA)


def main() -> None:
    """Read the distribution, write the compact file, say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dict", type=Path, required=True, help="folder with data.noun, index.noun and cntlist.rev")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    options = parser.parse_args()
    try:
        synsets = [parse_synset(line) for line in entries(options.dict / "data.noun")]
        members = taxonomy_arrays(
            synsets,
            read_sense_numbers(options.dict / "index.noun"),
            read_semcor_counts(options.dict / "cntlist.rev"),
        )
        write_members(options.out, members)
    except (OSError, DistributionError) as error:
        sys.exit(f"{error}; expected the files of WordNet 3.0, for example Debian's package wordnet-base")
    words, size = len(members["sense_numbers"]), options.out.stat().st_size
    sys.stderr.write(f"{options.out}: {len(synsets)} synsets, {words} words, {size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
