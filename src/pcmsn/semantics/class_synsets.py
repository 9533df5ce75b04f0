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
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pcmsn.errors import SemanticsError, closest, did_you_mean, enumerate_names
from pcmsn.semantics.wordnet import Synset, WordNet, open_wordnet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGED_OVERRIDES = Path(__file__).parent / "synset_overrides"
TABLE = "synsets"

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
    chosen = {_letters(key): synset for key, synset in overrides.items()}.get(_letters(name))
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
    hinted = [f"{name!r}{_hint(name, wordnet)}" for name in names[:5]]
    listed = ", ".join((*hinted, *(repr(name) for name in names[5:])))
    return SemanticsError(
        f"WordNet 3.0 has no noun for {len(names)} of the classes: {listed}. Choose synsets with "
        f"'pcmsn semantics senses NAME' and write them under [{TABLE}] in a names.toml for --names, "
        f'for example "{names[0]}" = "entity.n.01"'
    )


def packaged_overrides(dataset_name: str) -> dict[str, str]:
    """Class name to synset where a benchmark's class does not mean its first sense; empty for an unknown data set."""
    files = {path.stem: path for path in PACKAGED_OVERRIDES.glob("*.toml")}
    return read_overrides(files[dataset_name]) if dataset_name in files else {}


def read_overrides(path: Path) -> dict[str, str]:
    """The ``[synsets]`` table of a TOML file: class name to synset name.

    Raises SemanticsError for a file that can not be read, anything beside the table, and values that are not texts.
    Whether the synsets exist is found when they are used.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SemanticsError(
            f'{path} can not be read as overrides ({error}); expected TOML: [{TABLE}], then "class" = "synset.n.01"'
        ) from error
    unknown = sorted(set(content) - {TABLE, "spellings"})  # the latter is for word vectors
    if unknown:
        hint = did_you_mean(unknown[0], [TABLE])
        raise SemanticsError(f"{path}: unknown key {unknown[0]!r}{hint}; expected one table, [{TABLE}]")
    if TABLE not in content:
        raise SemanticsError(f"{path} has no table [{TABLE}]; begin it with that line")
    synsets = _checked(content[TABLE], path)
    _refuse_contradictions(synsets, path)
    return synsets


def read_synsets(path: Path) -> dict[str, str]:
    """Class name to synset name from a JSON object, in its order; raises SemanticsError for anything else in the file.

    Whether the synsets exist is found when they are used.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repetition)
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise SemanticsError(
            f'{path} can not be read as synsets ({error}); expected JSON: {{"teapot": "teapot.n.01", ...}}'
        ) from error
    return _checked(content, path)


def _checked(content: object, path: Path) -> dict[str, str]:
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
    first: dict[str, str] = {}
    for name, synset in synsets.items():
        other = first.setdefault(_letters(name), name)
        if synsets[other] != synset:
            raise SemanticsError(
                f"{path}: {other!r} and {name!r} are one class with two synsets, {synsets[other]!r} and {synset!r}; "
                "keep one of them"
            )


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{enumerate_names(twice)} stands there more than once")
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
    words = _words_by_letters(wordnet).get(_letters(form), ())
    senses = {synset.name: synset for word in words for synset in wordnet.senses(word)}
    return tuple(senses.values())


@lru_cache(maxsize=2)
def _words_by_letters(wordnet: WordNet) -> dict[str, list[str]]:
    known = wordnet.words()
    folded = _letters("\n".join(known)).split("\n")  # in one go: 117,798 calls take half a second
    words: dict[str, list[str]] = {}
    for word, letters in zip(known, folded, strict=True):
        words.setdefault(letters, []).append(word)
    words.pop("", None)
    return words


def _letters(name: str) -> str:
    """Letters and digits in one case; line ends stay."""
    return re.sub(r"[^\w\n]|_", "", name.casefold())


def _hint(name: str, wordnet: WordNet) -> str:
    """Nouns that are spelled alike, and for a phrase its words that are nouns."""
    form = list(_forms(name))[-1].lower()
    # All 117,798 words would take seconds to compare with.
    alike = [word for word in wordnet.words() if word[:1] == form[:1] and abs(len(word) - len(form)) < 4]
    parts = [part for part in form.split("_") if wordnet.senses(part)] if "_" in form else []
    near = list(dict.fromkeys((*reversed(parts), *closest(form, alike, count=2))))
    return f" (near: {', '.join(repr(word) for word in near)})" if near else ""
