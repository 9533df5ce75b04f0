"""From a class name to the words whose vectors stand for it, by the rule that the published class vectors follow.

1. Brackets are dropped, their words are not: ``car_(sedan)`` is ``car_sedan``.
2. A phrase that the file has as one entry is that entry (word2vec's Google News file has ``alarm_clock``).
3. Else its vector is the mean of its words' vectors; underscores, hyphens and spaces divide words.

Each entry is looked up as given, then in lower case, then with a capital letter at the beginning of each word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError, did_you_mean, enumerate_names
from pcmsn.semantics.names_file import read_names_table
from pcmsn.semantics.near_words import near_words
from pcmsn.semantics.word_vector_format import Progress
from pcmsn.semantics.word_vectors import read_vocabulary, read_word_vectors

PUBLISHED_SPELLINGS: Mapping[str, Mapping[str, str]] = {"TU-Berlin": {"bear_(animal)": "bear", "hot_dog": "hotdog"}}
"""Where the published vectors of a data set look up another text than the class name, as far as it can be shown."""

_DIVIDERS = re.compile(r"[\s_\-]+")


@dataclass(frozen=True, eq=False)
class WordClassVectors:
    """The vectors of classes and the entries that they were made of."""

    values: NDArray[np.float32]
    """(C, D) one row a class, in the order asked for."""
    entries: dict[str, tuple[str, ...]]
    """Each class's entries of the word vectors: one, or the words whose mean was taken."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a class name or phrase: ``("pipe", "for", "smoking")`` for ``pipe_(for_smoking)``."""
    return tuple(word for word in _DIVIDERS.split(re.sub(r"[()\[\]{}]", " ", text)) if word)


def entries_to_read(texts: Iterable[str]) -> set[str]:
    """Every entry that the rule may look up for these texts."""
    return {entry for text in texts for group in _candidates(text) for entry in group}


def word_class_vectors(
    classes: Sequence[str],
    path: Path,
    *,
    spellings: Mapping[str, str] = {},
    progress: Progress | None = None,
) -> WordClassVectors:
    """The vectors of ``classes`` from a file of word vectors; ``spellings`` maps a class to the text to look up for it.

    Reads the file once, and a second time only to propose near misses. Raises SemanticsError that names every class
    with a word that the file lacks.
    """
    texts = [spellings.get(name, name) for name in classes]
    vectors = read_word_vectors(path, entries_to_read(texts), progress)
    return class_vectors_from_words(
        classes, vectors, spellings=spellings, vocabulary=lambda: read_vocabulary(path, progress), source=str(path)
    )


def class_vectors_from_words(
    classes: Sequence[str],
    vectors: Mapping[str, NDArray[np.float32]],
    *,
    spellings: Mapping[str, str] = {},
    vocabulary: Callable[[], Iterable[str]] | None = None,
    source: str = "the word vectors",
) -> WordClassVectors:
    """The vectors of ``classes`` from the (D,) vectors of words, by the published rule.

    ``vocabulary`` gives all words of the file, for near misses. Raises SemanticsError as ``word_class_vectors`` does.
    """
    if not classes:
        raise SemanticsError("no classes to build vectors for; expected at least one class name")
    entries: dict[str, tuple[str, ...]] = {}
    missing: dict[str, tuple[str, ...]] = {}
    for name in classes:
        text = spellings.get(name, name)
        found = _first_of(_phrase_forms(text), vectors)
        words = (found,) if found else tuple(_first_of(_cases(word), vectors) or "" for word in words_of(text))
        if words and all(words):
            entries[name] = words
        else:
            missing[name] = tuple(word for word, entry in zip(words_of(text), words, strict=False) if not entry)
    if missing:
        raise SemanticsError(_describe_missing(missing, len(classes), vocabulary, source))
    rows = [np.mean([vectors[entry] for entry in entries[name]], axis=0, dtype=np.float64) for name in classes]
    return WordClassVectors(np.stack(rows).astype(np.float32), entries)


def check_spellings(spellings: Mapping[str, str], classes: Sequence[str]) -> None:
    """Raise SemanticsError for a spelling of a class that is not among ``classes``, with the nearest ones."""
    for name in spellings:
        if name not in classes:
            raise SemanticsError(
                f"a spelling for {name!r}, not one of the {len(classes)} classes{did_you_mean(name, classes)}; "
                "expected CLASS=TEXT with the class as it is named in the data set"
            )


def read_spellings(path: Path) -> dict[str, str]:
    """The ``[spellings]`` table of a names.toml: class name to the text to look up; empty without such a table.

    Raises SemanticsError for a file that cannot be read, tables of other names, and values that are not texts.
    """
    table = read_names_table(path, "spellings", example='"class" = "words to look up"')
    if table is None:
        return {}
    if not isinstance(table, dict) or not all(isinstance(text, str) for text in table.values()):
        raise SemanticsError(f'{path}: [spellings] must hold "class" = "words to look up", got {table!r}')
    return dict(table)


def _candidates(text: str) -> list[list[str]]:
    """Groups of entries, of which the first that the file has counts: the text as a phrase, then each of its words."""
    return [_phrase_forms(text), *(_cases(word) for word in words_of(text))]


def _phrase_forms(text: str) -> list[str]:
    """The text as one entry: as given when it has no brackets, then with underscores between its words."""
    words = words_of(text)
    joined = _cases("_".join(words))
    return joined if re.search(r"[()\[\]{}]", text) or not words else list(dict.fromkeys([text.strip(), *joined]))


def _cases(word: str) -> list[str]:
    """The word as it is, in lower case, and with a capital at the beginning of each part."""
    capitals = "_".join(part[:1].upper() + part[1:].lower() for part in word.split("_"))
    return list(dict.fromkeys([word, word.lower(), capitals])) if word else []


def _first_of(entries: Iterable[str], vectors: Mapping[str, NDArray[np.float32]]) -> str | None:
    return next((entry for entry in entries if entry in vectors), None)


def _describe_missing(
    missing: Mapping[str, tuple[str, ...]], count: int, vocabulary: Callable[[], Iterable[str]] | None, source: str
) -> str:
    """``missing``: each class with those of its words that are not there; none where its name has no words."""
    words = {word for lacking in missing.values() for word in lacking}
    near = near_words({*words, *missing}, vocabulary()) if vocabulary and words else {}
    lines = []
    for name, lacking in missing.items():
        parts = [f"no {word!r}{_proposals(near.get(word))}" for word in lacking] or ["no words in its name"]
        if name not in lacking and name in near:
            parts.append(f"as a whole{_proposals(near[name])}")
        lines.append(f"  {name!r}: {', '.join(parts)}")
    example, lacking = next(iter(missing.items()))
    nearest = next((near[word][0] for word in (example, *lacking) if word in near), "OTHER WORDS")
    return (
        f"{source} lacks words of {len(missing)} of the {count} classes:\n" + "\n".join(lines) + "\n"
        f'Say what to look up instead: --spelling "{example}={nearest}", or in the table [spellings] of names.toml'
    )


def _proposals(near: Sequence[str] | None) -> str:
    return f" (near {enumerate_names(near)})" if near else ""
