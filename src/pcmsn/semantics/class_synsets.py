"""From a class name to the WordNet synset that it means.

The first noun sense of the name is taken unless an override says otherwise. The name is looked up, until a form has
senses:

1. as given, underscores being spaces: in any case, also with hyphens, in one word and without full stops
   (``cell_phone`` is WordNet's ``cellphone``, ``t_shirt`` its ``T-shirt``);
2. in the singular (``socks``, ``head_phones``);
3. by its letters alone (``hot_air_balloon`` is WordNet's ``hot-air_balloon``, ``tablelamp`` its ``table_lamp``);
4. by 1 to 3 without the words in parentheses (``bear_(animal)``).

A phrase that WordNet does not have (``power_outlet``) is refused, not guessed from its last word.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pcmsn.errors import SemanticsError, closest, enumerate_names
from pcmsn.files import read_text
from pcmsn.semantics.names_file import read_names_table
from pcmsn.semantics.near_words import letters_of
from pcmsn.semantics.wordnet import Synset, WordNet, open_wordnet

PACKAGED_OVERRIDES = Path(__file__).parent / "synset_overrides"

_IRREGULAR = {
    "children": "child",
    "feet": "foot",
    "geese": "goose",
    "knives": "knife",
    "leaves": "leaf",
    "loaves": "loaf",
    "mice": "mouse",
    "oxen": "ox",
    "people": "person",
    "teeth": "tooth",
    "wolves": "wolf",
}
# WordNet's own detachment rules for nouns, in its order.
_ENDINGS = (
    ("s", ""),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)


@dataclass(frozen=True)
class ClassSense:
    """What a class name is taken to mean, and what else it could."""

    class_name: str
    synset: Synset
    overridden: bool
    """Whether an override chose the synset; else it is the first of ``candidates``."""
    candidates: tuple[Synset, ...]
    """The noun senses of the name, first sense first; empty for a name that only an override knows."""

    @property
    def ambiguous(self) -> bool:
        """Whether nobody chose among several senses, so that a homonym may have slipped in."""
        return not self.overridden and len(self.candidates) > 1


def class_synsets(
    classes: Sequence[str], *, overrides: Mapping[str, str] = {}, wordnet: WordNet | None = None
) -> dict[str, str]:
    """The synset of each class, in the order of ``classes``: ``{"teapot": "teapot.n.01"}``.

    ``overrides`` maps class names to synsets and wins over the rule; one for a class that is not among ``classes`` is
    ignored. Raises SemanticsError that names every class without a sense, and for an override to an unknown synset.
    """
    wordnet = open_wordnet() if wordnet is None else wordnet
    found = {name: find_sense(name, overrides=overrides, wordnet=wordnet) for name in classes}
    unknown = [name for name, sense in found.items() if sense is None]
    if unknown:
        raise unknown_classes(unknown, wordnet)
    return {name: sense.synset.name for name, sense in found.items() if sense is not None}


def find_sense(name: str, *, overrides: Mapping[str, str] = {}, wordnet: WordNet) -> ClassSense | None:
    """What one class means, or None when it has no noun sense and no override.

    Class and override are matched by letters, so that ``crane (machine)`` finds ``crane_(machine)``; the last of
    several wins. Raises SemanticsError for an override to an unknown synset.
    """
    candidates = senses_of(name, wordnet)
    chosen = {letters_of(key): synset for key, synset in overrides.items()}.get(letters_of(name))
    if chosen is not None:
        try:
            return ClassSense(name, wordnet.synset(chosen), overridden=True, candidates=candidates)
        except SemanticsError as error:
            raise SemanticsError(
                f"class {name!r}: {error}. Correct its override; its candidates: pcmsn semantics senses {name!r}"
            ) from error
    return ClassSense(name, candidates[0], overridden=False, candidates=candidates) if candidates else None


def senses_of(name: str, wordnet: WordNet) -> tuple[Synset, ...]:
    """The noun senses of a class name by the module's rule, first sense first; empty when no form has any."""
    for form in _forms(name):
        for spelling in (form, *_singulars(form)):
            senses = wordnet.senses(spelling)
            if senses:
                return senses
        senses = _senses_by_letters(form, wordnet)
        if senses:
            return senses
    return ()


def unknown_classes(names: Sequence[str], wordnet: WordNet) -> SemanticsError:
    """The error that names every class without a noun sense, near misses of the first few, and what to do."""
    near = {name: _near_nouns(name, wordnet) for name in names[:5]}
    hinted = [f"{name!r}{_hint(words)}" for name, words in near.items()]
    listed = ", ".join((*hinted, *(repr(name) for name in names[5:])))
    example, word, synset = names[0], "WORD", "word.n.01"
    known = next(((name, words[0]) for name, words in near.items() if words), None)
    if known is not None:
        example, synset = known[0], wordnet.senses(known[1])[0].name
        word = shlex.quote(known[1])
    return SemanticsError(
        f"WordNet 3.0 has no noun for {len(names)} of the classes: {listed}. Look up a word that means the same "
        f"(pcmsn semantics senses {word}) and write its synset under [synsets] in a names.toml for --names, "
        f'for example "{example}" = "{synset}"'
    )


def packaged_overrides(dataset_name: str) -> dict[str, str]:
    """Class name to synset where a benchmark's class does not mean its first sense; empty for an unknown data set."""
    files = {path.stem: path for path in PACKAGED_OVERRIDES.glob("*.toml")}
    return read_overrides(files[dataset_name]) if dataset_name in files else {}


def read_overrides(path: Path) -> dict[str, str]:
    """The ``[synsets]`` table of a TOML file: class name to synset name.

    Raises SemanticsError for a file that cannot be read or lacks the table, for values that are not texts, and for one
    class with two synsets. Whether the synsets exist is found when they are used.
    """
    table = read_names_table(path, "synsets", example='"class" = "synset.n.01"')
    if table is None:
        raise SemanticsError(f"{path} has no table [synsets]; begin it with that line")
    synsets = _checked(table, path)
    _refuse_contradictions(synsets, path)
    return synsets


def read_synsets(path: Path) -> dict[str, str]:
    """Class name to synset name from a JSON object, in its order; raises SemanticsError for anything else in the file.

    Whether the synsets exist is found when they are used.
    """
    expected = 'expected JSON: {"teapot": "teapot.n.01", ...}'
    try:
        content = json.loads(read_text(path), object_pairs_hook=_without_repetition)
    except FileNotFoundError as error:
        raise SemanticsError(f"no file {path}; {expected}") from error
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise SemanticsError(f"{path} cannot be read as synsets ({error}); {expected}") from error
    return _checked(content, path)


def _checked(content: object, path: Path) -> dict[str, str]:
    """Class names with the texts of their synsets; raises SemanticsError for anything else."""
    if not isinstance(content, dict):
        raise SemanticsError(f"{path}: expected class names with their synsets, got a {type(content).__name__}")
    for name, synset in content.items():
        if not isinstance(synset, str):
            raise SemanticsError(
                f"{path}: the synset of {name!r} must be a text such as 'crane.n.04', got {synset!r}; "
                "put both names in quotes"
            )
    return dict(content)


def _refuse_contradictions(synsets: Mapping[str, str], path: Path) -> None:
    """Raise SemanticsError for two spellings of one class that have different synsets."""
    first: dict[str, str] = {}
    for name, synset in synsets.items():
        other = first.setdefault(letters_of(name), name)
        if synsets[other] != synset:
            raise SemanticsError(
                f"{path}: {other!r} and {name!r} are one class with two synsets, {synsets[other]!r} and {synset!r}; "
                "keep one of them"
            )


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object as a dictionary. Raises ValueError for a key that occurs more than once."""
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{enumerate_names(twice)} occurs more than once")
    return dict(pairs)


def _forms(name: str) -> Iterator[str]:
    """The name with underscores, then without its parentheses."""
    whole = "_".join(re.split(r"[\s_]+", name.strip()))
    yield whole
    bare = re.sub(r"_*\([^)]*\)_*", "_", whole).strip("_")
    if bare != whole:
        yield bare


def _singulars(form: str) -> Iterator[str]:
    """What the last word may be the plural of."""
    before, separator, last = form.lower().rpartition("_")
    endings = [(plural, single) for plural, single in _IRREGULAR.items() if last == plural]
    for plural, single in (*endings, *_ENDINGS):
        stem = last.removesuffix(plural)
        if stem != last and stem + single:
            yield before + separator + stem + single


def _senses_by_letters(form: str, wordnet: WordNet) -> tuple[Synset, ...]:
    """The senses of every word of WordNet that has the letters of ``form``."""
    words = _words_by_letters(wordnet).get(letters_of(form), ())
    senses = {synset.name: synset for word in words for synset in wordnet.senses(word)}
    return tuple(senses.values())


@lru_cache(maxsize=2)
def _words_by_letters(wordnet: WordNet) -> dict[str, list[str]]:
    """WordNet's words by their letters and digits."""
    known = wordnet.words()
    # All at once as letters_of does it one by one: 117,798 calls would take half a second.
    folded = re.sub(r"[^\w\n]|_", "", "\n".join(known).casefold()).split("\n")
    words: dict[str, list[str]] = {}
    for word, letters in zip(known, folded, strict=True):
        words.setdefault(letters, []).append(word)
    words.pop("", None)
    return words


def _near_nouns(name: str, wordnet: WordNet) -> list[str]:
    """Nouns that are spelled alike, after those among the words of a phrase, its last word first."""
    form = list(_forms(name))[-1].lower()
    # All 117,798 words would take seconds to compare with.
    alike = [word for word in wordnet.words() if word[:1] == form[:1] and abs(len(word) - len(form)) < 4]
    parts = [part for part in form.split("_") if wordnet.senses(part)] if "_" in form else []
    return list(dict.fromkeys((*reversed(parts), *closest(form, alike, count=2))))


def _hint(near: Sequence[str]) -> str:
    return f" (near: {', '.join(repr(word) for word in near)})" if near else ""
