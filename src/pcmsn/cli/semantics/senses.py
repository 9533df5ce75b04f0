"""``pcmsn semantics senses``: what class names may mean in WordNet, and what they are taken to mean."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.options import Benchmark, Json
from pcmsn.cli.semantics.build_request import class_names_of

if TYPE_CHECKING:
    from pcmsn.semantics.class_synsets import ClassSense
    from pcmsn.semantics.wordnet import Synset, WordNet

KINDS_SHOWN = 3


def senses(
    names: Annotated[
        list[str] | None,
        typer.Argument(help='Class names such as "crane (machine)", to be shown with their candidates.'),
    ] = None,
    dataset: Annotated[
        Benchmark | None,
        typer.Option(
            case_sensitive=False,
            metavar="NAME",
            help="Sketchy, TU-Berlin or QuickDraw: its packaged overrides count; without NAMES, its classes are listed "
            "in one table.",
        ),
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Text file with one class name a line, to be listed in one table.")
    ] = None,
    overrides: Annotated[
        Path | None,
        typer.Option("--names", help='TOML file of your own choices: "class" = "synset.n.01" in its table synsets.'),
    ] = None,
    as_json: Json = False,
) -> None:
    """List what class names may mean in WordNet, so that a wrong homonym is seen before training."""
    from pcmsn.errors import SemanticsError
    from pcmsn.semantics.class_synsets import packaged_overrides, read_overrides, unknown_classes
    from pcmsn.semantics.wordnet import open_wordnet

    if names and classes:
        raise SemanticsError(f"class names and --classes {classes} were both given; give one of them")
    if not (names or classes or dataset):
        raise SemanticsError('no class was named; give names such as "crane (machine)", --classes FILE or --dataset')
    wordnet = open_wordnet()
    sources: dict[str, Mapping[str, str]] = {}
    if overrides:
        sources[f"override in {overrides.name}"] = read_overrides(overrides)
    if dataset:
        sources[f"override packaged for {dataset.value}"] = packaged_overrides(dataset.value)
    asked = names or class_names_of(classes, dataset.value if dataset else None)
    found = {name: _choose(name, sources, wordnet) for name in asked}
    if as_json:
        typer.echo(json.dumps({"classes": [_to_dict(*choice, wordnet) for choice in found.values() if choice]}))
    elif names:
        _print_candidates([choice for choice in found.values() if choice], wordnet)
    else:
        _print_overview(found, wordnet)
    unknown = [name for name, choice in found.items() if choice is None]
    if unknown:
        raise unknown_classes(unknown, wordnet)


def _choose(name: str, sources: Mapping[str, Mapping[str, str]], wordnet: WordNet) -> tuple[ClassSense, str] | None:
    """What the name means and why; None when nothing is known."""
    from pcmsn.semantics.class_synsets import find_sense

    for source, overrides in sources.items():
        sense = find_sense(name, overrides=overrides, wordnet=wordnet)
        if sense and sense.overridden:
            return sense, source
    sense = find_sense(name, wordnet=wordnet)
    if sense is None:
        return None
    return sense, "only sense" if len(sense.candidates) == 1 else f"first of {len(sense.candidates)} senses"


def _print_candidates(found: Iterable[tuple[ClassSense, str]], wordnet: WordNet) -> None:
    """A table a name, a row a candidate, the chosen one in bold with a mark."""
    from pcmsn.cli.printing import output, titled_table

    console = output()
    for sense, reason in found:
        table = titled_table(f"{sense.class_name}: {sense.synset.name} ({reason})")
        table.add_column("")
        table.add_column("synset", overflow="fold")
        table.add_column("SemCor", justify="right")
        table.add_column("meaning", ratio=1)
        for candidate in _rows(sense):
            chosen = candidate == sense.synset
            table.add_row(
                "*" if chosen else "",
                candidate.name,
                str(candidate.count),
                _description(candidate, wordnet),
                style="bold" if chosen else None,
            )
        console.print(table)
    if any(sense.ambiguous for sense, _ in found):
        console.print('To choose another: [synsets] and "class" = "synset" in a TOML file for --names.')


def _print_overview(found: Mapping[str, tuple[ClassSense, str] | None], wordnet: WordNet) -> None:
    """One table of all classes, a line each; those with several senses that nobody chose from are marked."""
    from rich.table import Table

    from pcmsn.cli.printing import output

    console = output()
    table = Table(expand=True)
    table.add_column("class", overflow="fold", max_width=20)
    table.add_column("synset", overflow="fold", max_width=22)
    table.add_column("senses")
    table.add_column("is a: meaning", no_wrap=True, overflow="ellipsis", ratio=1)
    for name, choice in found.items():
        table.add_row(name, *(_summary(choice[0], wordnet) if choice else ("", "none !", "")))
    console.print(table)
    senses = [choice[0] for choice in found.values() if choice]
    console.print(
        f"{len(found)} classes: {sum(sense.overridden for sense in senses)} chosen by an override, "
        f"{sum(sense.ambiguous for sense in senses)} the first of several senses (marked ?)."
    )
    console.print("The candidates of a class: pcmsn semantics senses NAME")


def _summary(sense: ClassSense, wordnet: WordNet) -> tuple[str, str, str]:
    chosen = "override" if sense.overridden else f"1 of {len(sense.candidates)}{' ?' if sense.ambiguous else ''}"
    kind = "".join(f"{_readable(above)}: " for above in _kinds(sense.synset, wordnet)[:1])
    return sense.synset.name, chosen, kind + _meaning(sense.synset)


def _to_dict(sense: ClassSense, reason: str, wordnet: WordNet) -> dict[str, Any]:
    return {
        "class": sense.class_name,
        "synset": sense.synset.name,
        "reason": reason,
        "ambiguous": sense.ambiguous,
        "candidates": [
            {
                "synset": candidate.name,
                "offset": candidate.offset,
                "words": list(candidate.words),
                "semcor_count": candidate.count,
                "is_a": list(_kinds(candidate, wordnet)),
                "gloss": candidate.gloss,
            }
            for candidate in _rows(sense)
        ],
    }


def _rows(sense: ClassSense) -> Sequence[Synset]:
    """The candidates, and before them a synset that only an override names."""
    known = any(candidate.name == sense.synset.name for candidate in sense.candidates)
    return sense.candidates if known else (sense.synset, *sense.candidates)


def _kinds(synset: Synset, wordnet: WordNet) -> tuple[str, ...]:
    """The nearest few synsets above, by the first way up."""
    kinds: list[str] = []
    parents = wordnet.parents(synset.name)
    while parents and len(kinds) < KINDS_SHOWN:
        kinds.append(parents[0])
        parents = wordnet.parents(parents[0])
    return tuple(kinds)


def _other_words(synset: Synset) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in synset.words if word.lower() != _word(synset.name))


def _description(synset: Synset, wordnet: WordNet) -> str:
    """The meaning, then what tells homonyms apart: the kinds it belongs to and its other words."""
    lines = [_meaning(synset), f"is a: {' > '.join(_readable(kind) for kind in _kinds(synset, wordnet))}"]
    words = _other_words(synset)
    return "\n".join((*lines, f"also: {', '.join(words)}") if words else lines)


def _meaning(synset: Synset) -> str:
    """The definition without the examples that follow it in quotes."""
    return synset.gloss.split('; "')[0]


def _readable(name: str) -> str:
    return _word(name).replace("_", " ")


def _word(name: str) -> str:
    return name.rsplit(".n.", 1)[0]
