"""Options that several commands share, as annotated types."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer


class Family(str, Enum):
    """The metric families by their names on the command line."""

    SEM_PCYC = "sem-pcyc"
    SAKE = "sake"
    ZSE = "zse"
    NEUTRAL = "neutral"


class Resample(str, Enum):
    """What confidence intervals resample."""

    CLASSES = "classes"
    QUERIES = "queries"


DATA, EXTRACTOR, RUN = "Data", "Extractor", "Run"
DEFAULT_CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "pcmsn" / "features"

Metrics = Annotated[
    Family,
    typer.Option(
        help="Whose definitions of mAP and precision; the paper uses sem-pcyc's, and neutral is sem-pcyc's with equal "
        "distances in random order."
    ),
]
Intervals = Annotated[bool, typer.Option("--intervals", help="Also show 95 % confidence intervals (bootstrap).")]
Resampling = Annotated[
    Resample,
    typer.Option(
        help="What --intervals resamples: classes and the queries inside them (other unseen classes), or queries alone "
        "(other sketches of these classes)."
    ),
]
Expand = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="PHOTOS",
        help="Also score queries that were averaged with the first photos they find, for example 10. This looks at the "
        "gallery (transductive), so it is not comparable with scores that don't.",
        show_default="off",
    ),
]
Json = Annotated[bool, typer.Option("--json", rich_help_panel=RUN, help="Print one JSON object instead of a table.")]
Cache = Annotated[
    Path,
    typer.Option(
        envvar="PCMSN_CACHE",
        rich_help_panel=RUN,
        help="Folder that keeps each picture's features.",
        show_default="~/.cache/pcmsn/features",
    ),
]
Device = Annotated[str, typer.Option(rich_help_panel=RUN, help="Where to compute: cpu, cuda, cuda:1, mps, or auto.")]
Dataset = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DATA,
        help="Sketchy, TU-Berlin, QuickDraw, toyworld, or a folder with sketch/ and photo/.",
        show_default="Sketchy",
    ),
]
DataRoot = Annotated[
    str | None, typer.Option(rich_help_panel=DATA, help="Holds the data sets.", show_default="./ZS-SBIR")
]
Photos = Annotated[
    str | None,
    typer.Option(rich_help_panel=DATA, help="Sketchy's photos: extended or original.", show_default="extended"),
]
SplitName = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DATA, help="A published split, random, or a TOML file.", show_default="the data set's own"
    ),
]
SplitSeed = Annotated[int | None, typer.Option(rich_help_panel=DATA, help="Of --split random.", show_default="0")]
SemanticsRoot = Annotated[
    str | None,
    typer.Option(rich_help_panel=DATA, help="Holds <data set>/<name>.npy or .npz.", show_default="./dataset"),
]
Semantics = Annotated[
    list[str] | None,
    typer.Option(
        rich_help_panel=DATA,
        help="Side information; give it once a source.",
        show_default="word2vec + jcn for Sketchy, word2vec + path for TU-Berlin",
    ),
]
Backbone = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=EXTRACTOR,
        help="vgg16 (released weights), vgg16:FILE, finetuned:FOLDER, tiny, a Hugging Face name or a local folder.",
        show_default="vgg16",
    ),
]
ModelRoot = Annotated[
    str | None,
    typer.Option(rich_help_panel=EXTRACTOR, help="Holds the files of --backbone vgg16.", show_default="./model"),
]
ResizeOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=EXTRACTOR,
        help="squash whole pictures, or prepare them as a Hugging Face model does, which may cut borders.",
        show_default="squash",
    ),
]
LayersOption = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=EXTRACTOR,
        help="last: the feature that the network gives; several: summaries of earlier layers beside it.",
        show_default="last; preset best: several",
    ),
]
Standardise = Annotated[
    bool | None,
    typer.Option(
        rich_help_panel=EXTRACTOR,
        help="Standardise each modality's features with training statistics.",
        show_default="standardise",
    ),
]
UnseenClasses = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DATA, help="Text file with one class name a line: the test classes, instead of --split."
    ),
]
FileList = Annotated[
    str | None,
    typer.Option(rich_help_panel=DATA, help="Folder of SAKE's or ZSE-SBIR's file lists, instead of --split."),
]
AllowMissing = Annotated[
    bool | None,
    typer.Option(
        "--allow-missing-classes",
        rich_help_panel=DATA,
        help="Run although the data lacks classes of the split; every table says so.",
        show_default=False,
    ),
]


def given(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The options that were given (that are not None), as configuration tables; a table without any is left out."""
    present = {
        part: {name: value for name, value in values.items() if value is not None} for part, values in tables.items()
    }
    return {part: values for part, values in present.items() if values}


def standardisation(standardise: bool | None) -> str | None:
    """``--standardise`` as ``backbone.standardise`` has it; None where it was not given."""
    if standardise is None:
        return None
    return "each-modality" if standardise else "none"
