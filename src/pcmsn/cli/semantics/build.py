"""``pcmsn semantics build``: one file of class vectors, from WordNet, word vectors or a text model."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.options import Benchmark, Json
from pcmsn.cli.semantics.build_request import BuildRequest, check_request, class_names_of, target_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES = "Which classes"
KIND = "Which vectors (one of the first three)"


class Measure(str, Enum):
    """The similarity measures on WordNet by their names on the command line."""

    PATH = "path"
    WUP = "wup"
    LCH = "lch"
    JCN = "jcn"
    LIN = "lin"


@dataclass(frozen=True, eq=False)
class _Built:
    """What one run makes, before it is written."""

    names: Sequence[str]
    vectors: NDArray[Any]
    source: str
    nodes: Sequence[str] | None = None
    notes: Sequence[str] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    """What ``--json`` prints beside the numbers."""


def build(
    dataset: Annotated[
        Benchmark | None,
        typer.Option(
            case_sensitive=False,
            metavar="NAME",
            rich_help_panel=CLASSES,
            help="The classes of Sketchy, TU-Berlin or QuickDraw, with their packaged senses and spellings.",
        ),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=CLASSES,
            help="Text file with one class name a line; with --dataset its packaged senses and spellings still count.",
        ),
    ] = None,
    synsets: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", rich_help_panel=CLASSES, help="JSON object from class name to synset (teapot.n.01)."
        ),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            rich_help_panel=CLASSES,
            help="Your own choices: a table synsets (for --measure), a table spellings (for --word-vectors).",
        ),
    ] = None,
    spelling: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS=TEXT", rich_help_panel=CLASSES, help="What --word-vectors looks up for a class; repeatable."
        ),
    ] = None,
    measure: Annotated[
        Measure | None,
        typer.Option(
            rich_help_panel=KIND, help="Hierarchical vectors: similarity to the WordNet nodes above the classes."
        ),
    ] = None,
    word_vectors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=KIND, help="word2vec .bin or text, GloVe text, fastText .vec; .gz too."
        ),
    ] = None,
    text_model: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER|NAME", rich_help_panel=KIND, help="A Hugging Face text model: CLIP, BERT, MiniLM, T5, ..."
        ),
    ] = None,
    information_content: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.dat",
            rich_help_panel=KIND,
            help="For jcn and lin: counts such as ic-brown.dat.",
            show_default="WordNet's SemCor counts",
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=KIND,
            help="For --text-model: the text, with {} for the class name.",
            show_default="a photo of a {}",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Where to write.", show_default="dataset/<data set>/<name>.npz"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Build side information: one vector a class, written as .npz that pcmsn train reads."""
    from pcmsn.semantics.vectors import write_class_vectors

    started = time.perf_counter()
    request = BuildRequest(
        classes=classes,
        synsets=synsets,
        dataset=dataset.value if dataset else None,
        measure=measure.value if measure else None,
        information_content=information_content,
        word_vectors=word_vectors,
        text_model=text_model,
        template=template,
        names=names,
        spelling=tuple(spelling or ()),
        out=out,
    )
    check_request(request)
    target = target_of(request)
    if request.measure:
        built = _from_wordnet(request, request.measure)
    elif request.word_vectors:
        built = _from_words(request, request.word_vectors)
    else:
        built = _from_text_model(request, request.text_model or "")
    fingerprint = write_class_vectors(target, built.names, built.vectors, source=built.source, nodes=built.nodes)
    facts: dict[str, object] = {
        "file": str(target),
        "classes": len(built.names),
        "dimensions": int(built.vectors.shape[1]),
        "nodes": len(built.nodes) if built.nodes is not None else None,
        "source": built.source,
        "fingerprint": fingerprint,
        "seconds": round(time.perf_counter() - started, 2),
    }
    notes = [*built.notes, *_shadowing(target)]
    if as_json:
        typer.echo(json.dumps({**facts, **built.details, "notes": notes}))
        return
    for name, value in facts.items():
        if value is not None:
            typer.echo(f"{name:<12} {value}")
    for note in notes:
        typer.echo(f"\n{note}")


def _from_wordnet(request: BuildRequest, measure: str) -> _Built:
    from pcmsn.semantics.class_synsets import read_synsets
    from pcmsn.semantics.hierarchy import hierarchical_vectors
    from pcmsn.semantics.information_content import read_information_content

    notes: list[str] = []
    details: dict[str, object] = {}
    if request.synsets:
        synsets, choice = read_synsets(request.synsets), f"synsets from {request.synsets.name}"
    else:
        synsets, ambiguous, choice = _choose_senses(request)
        details["first_of_several_senses"] = ambiguous
        if ambiguous:
            shown = ", ".join(f"{name} ({synsets[name]})" for name in ambiguous[:3])
            rest = f" and {len(ambiguous) - 3} more" if len(ambiguous) > 3 else ""
            subject = "1 class has" if len(ambiguous) == 1 else f"{len(ambiguous)} classes have"
            notes.append(
                f"{subject} several senses and took the first: {shown}{rest}. See them all: {_senses_command(request)}"
            )
    content = read_information_content(request.information_content) if request.information_content else None
    found = hierarchical_vectors(synsets, measure, information_content=content)
    counted = f", {found.information_content}" if found.information_content else ""
    source = f"{found.measure} similarity in WordNet 3.0{counted}, {choice}"
    return _Built(found.names, found.vectors, source, found.nodes, notes, {**details, "synsets": synsets})


def _choose_senses(request: BuildRequest) -> tuple[dict[str, str], list[str], str]:
    """Class to synset, the classes whose first of several senses was taken, and what chose, in words."""
    from pcmsn.semantics.class_synsets import class_synsets, find_sense, packaged_overrides, read_overrides
    from pcmsn.semantics.wordnet import open_wordnet

    names = class_names_of(request.classes, request.dataset)
    overrides: dict[str, str] = {}
    choice = "first senses"
    if request.dataset:
        overrides.update(packaged_overrides(request.dataset))
        choice += f" but for the packaged overrides of {request.dataset}"
    if request.names:
        overrides.update(read_overrides(request.names))
        choice += f"{' and' if request.dataset else ' but for'} those of {request.names.name}"
    wordnet = open_wordnet()
    synsets = class_synsets(names, overrides=overrides, wordnet=wordnet)
    senses = (find_sense(name, overrides=overrides, wordnet=wordnet) for name in names)
    return synsets, [sense.class_name for sense in senses if sense and sense.ambiguous], choice


def _senses_command(request: BuildRequest) -> str:
    options = {"--dataset": request.dataset, "--classes": request.classes, "--names": request.names}
    given = (f"{option} {value}" for option, value in options.items() if value)
    return " ".join(("pcmsn semantics senses", *given))


def _from_words(request: BuildRequest, path: Path) -> _Built:
    from pcmsn.cli.display import Display
    from pcmsn.semantics.phrases import word_class_vectors
    from pcmsn.semantics.word_vectors import read_layout

    names = class_names_of(request.classes, request.dataset)
    spellings = _spellings(request, names)
    layout = read_layout(path)
    with Display() as display:
        found = word_class_vectors(
            names,
            path,
            spellings=spellings,
            progress=lambda done, total: display.stage("reading MB of word vectors", done >> 20, total >> 20),
        )
    means = {name: list(entries) for name, entries in found.entries.items() if len(entries) > 1}
    spelled = "".join(f", {name} as {text!r}" for name, text in spellings.items())
    source = f"{layout.kind} {path.name} ({path.stat().st_size} bytes), means of words{spelled}"
    subject = "1 class is the mean of its" if len(means) == 1 else f"{len(means)} classes are the mean of their"
    notes = [f"{subject} words: {', '.join(means)}."] if means else []
    entries = {name: list(words) for name, words in found.entries.items()}
    return _Built(names, found.values, source, notes=notes, details={"entries": entries})


def _spellings(request: BuildRequest, names: Sequence[str]) -> dict[str, str]:
    """What to look up for a class in place of its name: --spelling wins over --names, --names over what is packaged."""
    from pcmsn.semantics.phrases import PUBLISHED_SPELLINGS, check_spellings, read_spellings

    pairs = (pair.split("=", 1) for pair in request.spelling)
    own = {name.strip(): text.strip() for name, text in pairs}
    check_spellings(own, names)
    of_file = read_spellings(request.names) if request.names else {}
    spellings = {**PUBLISHED_SPELLINGS.get(request.dataset or "", {}), **of_file, **own}
    return {name: spellings[name] for name in names if name in spellings}


def _from_text_model(request: BuildRequest, model: str) -> _Built:
    from pcmsn.cli.display import Display
    from pcmsn.semantics.text_model import TEMPLATE, text_model_vectors

    names = class_names_of(request.classes, request.dataset)
    with Display() as display:
        found = text_model_vectors(
            names,
            model,
            template=request.template or TEMPLATE,
            progress=lambda done, total: display.stage("texts", done, total),
        )
    return _Built(names, found.values, found.source)


def _shadowing(target: Path) -> list[str]:
    other = target.with_suffix(".npy")
    return [f"{other} has the same name: pcmsn train now takes {target.name}."] if other.is_file() else []
