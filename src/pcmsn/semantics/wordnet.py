"""WordNet 3.0's nouns, offline: every synset with its words, SemCor counts, hypernyms and gloss.

The packaged file is made by ``scripts/build_wordnet.py``. Its arrays have one element a synset, in order of offset
(``offsets``, ``parent_counts``), one a word of a synset (``sense_numbers``, ``word_counts``) or one an is-a link
(``parent_rows``, ``parent_is_instance``); ``words`` and ``glosses`` are texts with one line a synset. Glosses make two
thirds of the file and are read when the first one is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError, did_you_mean, enumerate_names
from pcmsn.semantics.taxonomy import Taxonomy

PACKAGED_FILE = Path(__file__).parent / "wordnet_data" / "nouns-3.0.npz"


@dataclass(frozen=True)
class Synset:
    """One meaning: the words that share it, what it says, and how often it is met."""

    name: str
    """First word in lower case, part of speech and sense number of that word: ``bank.n.01``."""
    offset: int
    """Place in WordNet 3.0's ``data.noun``: the identifier that other software knows it by."""
    words: tuple[str, ...]
    """Spelled as in WordNet, with underscores between the words of a phrase."""
    word_counts: tuple[int, ...]
    """How often SemCor tags each of ``words`` with this meaning; two cases of one word are counted at the first."""
    gloss: str
    """Definition and examples, as WordNet has them."""

    @property
    def count(self) -> int:
        """How often any of the words is tagged with this meaning in SemCor."""
        return sum(self.word_counts)


class WordNet:
    """The noun synsets of one compact file. Names are resolved as NLTK does: by any word of the synset, in any case."""

    def __init__(self, path: Path) -> None:
        self._path = path
        arrays = _read_arrays(path, skip=("glosses",))
        self._words = _lines(arrays["words"])  # not split: 82,115 lists take longer to make than all the rest
        self._first_word = _starts([line.count(" ") + 1 for line in self._words])
        self._sense_numbers = arrays["sense_numbers"]
        self._word_counts = arrays["word_counts"]
        self._parent_rows = arrays["parent_rows"].tolist()
        self._parent_is_instance = arrays["parent_is_instance"]
        self._first_parent = _starts(arrays["parent_counts"].tolist())
        self.offsets: NDArray[np.int32] = arrays["offsets"]
        self.names: tuple[str, ...] = tuple(
            f"{line.partition(' ')[0].lower()}.n.{number:02d}"
            for line, number in zip(self._words, self._sense_numbers[self._first_word[:-1]].tolist(), strict=True)
        )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def counts(self) -> NDArray[np.int64]:
        """(N,) SemCor counts of the synsets, in the order of ``names``."""
        return np.add.reduceat(self._word_counts, self._first_word[:-1], dtype=np.int64)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The is-a hierarchy over all synsets' names; an instance counts as a kind of what it is an instance of."""
        return Taxonomy({name: self._parents_of(row) for row, name in enumerate(self.names)})

    def taxonomy_above(self, names: Iterable[str]) -> Taxonomy:
        """The part of ``taxonomy`` that holds the given synsets and all above them; measures in it are the same.

        Made in a small part of the time. Raises SemanticsError for a synset that does not exist.
        """
        waiting = [self.row(name) for name in names]
        parents: dict[int, tuple[str, ...]] = {}
        while waiting:
            row = waiting.pop()
            if row not in parents:
                parents[row] = self._parents_of(row)
                waiting += self._parent_rows[self._first_parent[row] : self._first_parent[row + 1]]
        return Taxonomy({self.names[row]: above for row, above in parents.items()}, height=self.height)

    @cached_property
    def height(self) -> int:
        """The is-a steps on the longest way from any synset to the root: 19 in WordNet 3.0."""
        children = np.repeat(np.arange(len(self)), np.diff(self._first_parent))
        depths = np.zeros(len(self), dtype=np.int64)
        for _ in range(len(self)):
            deeper = np.zeros_like(depths)
            np.maximum.at(deeper, children, depths[self._parent_rows] + 1)
            if np.array_equal(deeper, depths):
                break
            depths = deeper
        return int(depths.max(initial=0))

    def words(self) -> tuple[str, ...]:
        """Every word in lower case with underscores, sorted."""
        return tuple(sorted(self._rows_of_word))

    def senses(self, word: str) -> tuple[Synset, ...]:
        """The synsets of a word, most frequent first (WordNet's order); empty when it is not in WordNet.

        Case is ignored, and a phrase is found when it differs from WordNet's in spaces, underscores, hyphens or full
        stops only; of several such spellings the nearest one counts.
        """
        return tuple(self._synset(row) for row in self._rows_of_spelling(word))

    def synset(self, name: str) -> Synset:
        """The synset called ``bank.n.01``; raises SemanticsError with the nearest names for one that does not exist."""
        return self._synset(self.row(name))

    def canonical_name(self, name: str) -> str:
        """The name under which the synset stands in ``names``: ``car.n.01`` for ``automobile.n.01``.

        Raises SemanticsError for one that does not exist.
        """
        return self.names[self.row(name)]

    def parents(self, name: str) -> tuple[str, ...]:
        """The names of the synsets directly above one, by kind or as an instance; empty for ``entity.n.01``."""
        return self._parents_of(self.row(name))

    def instance_parents(self, name: str) -> tuple[str, ...]:
        """Those of ``parents`` that one is an instance of, not a kind: ``river.n.01`` for ``amazon.n.03``."""
        row = self.row(name)
        first, behind = self._first_parent[row : row + 2]
        flags = self._parent_is_instance[first:behind]
        return tuple(parent for parent, is_instance in zip(self.parents(name), flags, strict=True) if is_instance)

    def row(self, name: str) -> int:
        """The position of a synset in ``names``, ``counts`` and ``offsets``; raises SemanticsError without one."""
        if name in self._row_of_name:
            return self._row_of_name[name]
        word, separator, number = name.lower().rpartition(".n.")
        if not separator or not number.isdecimal():
            raise SemanticsError(
                f"{name!r} is not the name of a noun synset; expected word.n.number, for example 'bank.n.01'"
            )
        rows = self._rows_of_word.get(word, ())
        if not rows:
            raise SemanticsError(f"WordNet 3.0 has no noun {word!r} for the synset {name!r}{self._near_misses(word)}")
        if not 1 <= int(number) <= len(rows):
            known = enumerate_names(f"{word}.n.{number:02d}" for number in range(1, len(rows) + 1))
            raise SemanticsError(f"WordNet 3.0 has no synset {name!r}; the senses of {word!r} are {known}")
        return rows[int(number) - 1]

    def _near_misses(self, word: str) -> str:
        """Did-you-mean among the words that begin alike: comparing with all 117,798 takes seconds."""
        return did_you_mean(word, [known for known in self._rows_of_word if known[:1] == word[:1]])

    def _rows_of_spelling(self, word: str) -> Sequence[int]:
        for spelling in _spellings(word):
            if spelling in self._rows_of_word:
                return self._rows_of_word[spelling]
        return ()

    @cached_property
    def _row_of_name(self) -> dict[str, int]:
        return dict(zip(self.names, range(len(self.names)), strict=True))

    @cached_property
    def _rows_of_word(self) -> dict[str, list[int]]:
        """The synsets of each lower-case word in the order of its senses."""
        words = " ".join(self._words).lower().split(" ")
        row_of_place = np.repeat(np.arange(len(self)), np.diff(self._first_word)).tolist()
        senses: dict[str, list[int]] = {}
        for place in np.argsort(self._sense_numbers, kind="stable").tolist():
            rows = senses.setdefault(words[place], [])
            if row_of_place[place] not in rows:  # a synset may have one word in two cases
                rows.append(row_of_place[place])
        return senses

    @cached_property
    def _glosses(self) -> list[str]:
        return _lines(_read_arrays(self._path, only="glosses")["glosses"])

    def _parents_of(self, row: int) -> tuple[str, ...]:
        first, behind = self._first_parent[row : row + 2]
        return tuple(self.names[parent] for parent in self._parent_rows[first:behind])

    def _synset(self, row: int) -> Synset:
        first, behind = self._first_word[row : row + 2]
        return Synset(
            name=self.names[row],
            offset=int(self.offsets[row]),
            words=tuple(self._words[row].split(" ")),
            word_counts=tuple(self._word_counts[first:behind].tolist()),
            gloss=self._glosses[row],
        )


@cache
def open_wordnet() -> WordNet:
    """The packaged WordNet 3.0 nouns, read once in a process."""
    return WordNet(PACKAGED_FILE)


def _read_arrays(path: Path, *, only: str | None = None, skip: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if only in (None, name) and name not in skip}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise SemanticsError(
            f"{path} cannot be read as WordNet's nouns ({error}); install the package again, or make the file "
            "with scripts/build_wordnet.py"
        ) from error


def _lines(text: NDArray[np.uint8]) -> list[str]:
    return text.tobytes().decode("utf-8").split("\n")


def _starts(lengths: Sequence[int]) -> list[int]:
    """Where each group begins when groups of these lengths follow each other, and where the last one ends."""
    return [0, *np.cumsum(lengths, dtype=np.int64).tolist()]


def _spellings(word: str) -> Iterator[str]:
    """The forms that WordNet's own search tries: as given, with - for _, with _ for -, in one, without full stops."""
    form = "_".join(word.lower().split())
    yield form
    yield form.replace("_", "-")
    yield form.replace("-", "_")
    yield form.replace("-", "").replace("_", "")
    yield form.replace(".", "")
