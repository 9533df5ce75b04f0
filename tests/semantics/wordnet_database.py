"""WordNet database files written from the packaged nouns, and NLTK's reader on them: the oracle of the tests.

Every synset stands at its original offset, so that a reader of the real distribution finds it. What the measures do not
need (other parts of speech, other pointers, lexicographer files, nouns that no pair of the test leads to) is left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import nltk.data
from nltk.corpus.reader.wordnet import WordNetCorpusReader

from pcmsn.semantics.wordnet import Synset, WordNet

OTHER_FILES = (
    *(f"{kind}.{part}" for kind in ("index", "data") for part in ("adj", "adv", "verb")),
    *(f"{part}.exc" for part in ("adj", "adv", "noun", "verb")),
    "index.sense",
    "cntlist.rev",
)


class NounReader(WordNetCorpusReader):
    """NLTK's reader without its map to other versions, which it would look for among NLTK's downloads."""

    def map_wn(self, version: str = "wordnet") -> None:
        """No map."""


def nltk_reader(folder: Path) -> NounReader:
    """NLTK's reader of a folder with all its files; NLTK opens only folders that its data path names."""
    nltk.data.path.append(str(folder))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The multilingual functions are not available")
        return NounReader(str(folder), None)


def write_database(wordnet: WordNet, names: Iterable[str], folder: Path) -> None:
    """The files that NLTK's reader opens, with the given synsets and all above them."""
    synsets = sorted(map(wordnet.synset, wordnet.taxonomy_above(names).nodes), key=lambda synset: synset.offset)
    for name in OTHER_FILES:
        (folder / name).touch()
    (folder / "lexnames").write_text("00\tnoun.Tops\t1\n")
    words = sorted({word.lower() for synset in synsets for word in synset.words})
    (folder / "index.noun").write_text("".join(index_line(wordnet, word) for word in words))
    with (folder / "data.noun").open("wb") as file:
        for synset in synsets:
            padding = synset.offset - file.tell()
            file.write(b" " * (padding - 1) + b"\n" if padding else b"")
            file.write(data_line(wordnet, synset).encode())


def index_line(wordnet: WordNet, word: str) -> str:
    """Word, part of speech, numbers of synsets, of pointer kinds, of senses and of tagged senses, offsets."""
    offsets = [f"{synset.offset:08d}" for synset in wordnet.senses(word)]
    return f"{word} n {len(offsets)} 0 {len(offsets)} 0 {' '.join(offsets)}\n"


def data_line(wordnet: WordNet, synset: Synset) -> str:
    words = " ".join(f"{word} 0" for word in synset.words)
    above, instance_of = wordnet.parents(synset.name), wordnet.instance_parents(synset.name)
    pointers = "".join(
        f" {'@i' if parent in instance_of else '@'} {wordnet.offsets[wordnet.row(parent)]:08d} n 0000"
        for parent in above
    )
    return f"{synset.offset:08d} 00 n {len(synset.words):02x} {words} {len(above):03d}{pointers} | {synset.gloss}"
