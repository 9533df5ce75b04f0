"""The options of ``pcmsn semantics build`` taken together: do they fit each other, which classes, which file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

DEFAULT_ROOT = Path("dataset")
EXAMPLE = "for example: pcmsn semantics build --dataset Sketchy --measure path"
PUBLISHED_NAMES = {  # what the released code and our presets call the vectors from these files
    "GoogleNews-vectors-negative300": "word2vec-google-news",
    "glove.6B.300d": "glove-wiki-gigaword",
}


@dataclass(frozen=True)
class BuildRequest:
    """The options, as given; None or empty for one that was not."""

    classes: Path | None
    synsets: Path | None
    dataset: str | None
    measure: str | None
    information_content: Path | None
    word_vectors: Path | None
    text_model: str | None
    template: str | None
    names: Path | None
    spelling: tuple[str, ...]
    out: Path | None


def check_request(request: BuildRequest) -> None:
    """Raise a usage error, which names the right form, for options that do not go together."""
    kinds = (request.measure, request.word_vectors, request.text_model)
    wrong = [
        (sum(kind is not None for kind in kinds) != 1, "give one of --measure, --word-vectors and --text-model"),
        (
            not (request.classes or request.synsets or request.dataset),
            "give --dataset, --classes FILE or --synsets FILE",
        ),
        (
            request.synsets and (request.classes or request.dataset or request.names),
            "--synsets names classes and senses itself; leave out --classes, --dataset and --names",
        ),
        (request.synsets and not request.measure, "--synsets goes with --measure only; name the classes by --classes"),
        (
            request.information_content and request.measure not in ("jcn", "lin"),
            "--information-content goes with --measure jcn or lin",
        ),
        (request.template and not request.text_model, "--template goes with --text-model"),
        (request.spelling and not request.word_vectors, "--spelling goes with --word-vectors"),
        (request.names and request.text_model, "--names goes with --measure or --word-vectors"),
        (request.out and request.out.suffix != ".npz", f"--out must end in .npz, got {request.out}"),
        *((not _is_pair(pair), f"--spelling must be CLASS=TEXT, got {pair!r}") for pair in request.spelling),
    ]
    for found, message in wrong:
        if found:
            raise typer.BadParameter(f"{message}; {EXAMPLE}")
    if not request.out and not request.dataset:
        example = DEFAULT_ROOT / "MY-DATA" / target_of(request).name
        raise typer.BadParameter(
            f"give --out, for example --out {example} for a data set called MY-DATA; only a --dataset has a place of "
            "its own"
        )


def _is_pair(spelling: str) -> bool:
    name, _, text = spelling.partition("=")
    return bool(name.strip() and text.strip())


def target_of(request: BuildRequest) -> Path:
    """``--out``, or the file that ``pcmsn train`` looks for."""
    if request.out:
        return request.out
    if request.measure:
        name = f"hieremb-{request.measure}"
    elif request.word_vectors:
        stem = request.word_vectors.name.removesuffix(".gz")
        for suffix in (".bin", ".txt", ".vec"):
            stem = stem.removesuffix(suffix)
        name = PUBLISHED_NAMES.get(stem, stem)
    else:
        model = Path(request.text_model or "").expanduser()
        name = model.resolve().name if model.is_dir() else model.name
    return DEFAULT_ROOT / (request.dataset or "") / f"{name}.npz"


def class_names_of(classes: Path | None, dataset: str | None) -> tuple[str, ...]:
    """The classes of a file, else all of the data set's; raises SplitError for a file that is not such a list."""
    from pcmsn.data.splits import default_split_name, published_split, read_class_names

    if classes:
        return read_class_names(classes)
    dataset = dataset or ""
    return published_split(dataset, default_split_name(dataset)).classes
