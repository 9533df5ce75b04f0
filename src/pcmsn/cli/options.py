"""Options that several commands share, as annotated types, and groups of them, as dataclasses.

A group stands for one table of the configuration: its ``settings`` are that table's keys, None where an option was not
given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

DATA, EXTRACTOR, RUN = "Data", "Extractor", "Run"
DEFAULT_CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "pcmsn" / "features"


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


class GeneralizedForm(str, Enum):
    """The generalised protocols, by the code that each comes from."""

    SEM_PCYC = "sem-pcyc"
    PCMSN = "pcmsn"


class Benchmark(str, Enum):
    """The data sets that are known by name; upper and lower case are the same on the command line."""

    SKETCHY = "Sketchy"
    TU_BERLIN = "TU-Berlin"
    QUICKDRAW = "QuickDraw"


class PhotoVariant(str, Enum):
    """Sketchy's two sets of photos."""

    EXTENDED = "extended"
    ORIGINAL = "original"


Metrics = Annotated[
    Family,
    typer.Option(
        metavar="FAMILY",
        help="Whose definitions of mAP and precision: sem-pcyc (the paper's choice), sake, zse, or neutral (sem-pcyc's "
        "with equal distances in random order).",
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
Generalized = Annotated[
    list[GeneralizedForm] | None,
    typer.Option(
        metavar="FORM",
        help="Also let seen classes compete: sem-pcyc adds a fifth of seen pictures to queries and gallery, pcmsn adds "
        "all seen photos to the gallery. May be given twice.",
    ),
]
Seeds = Annotated[
    str,
    typer.Option(rich_help_panel=RUN, help="Seeds, separated by commas; every row is run once with each."),
]
Processes = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=RUN, help="Runs at the same time; they share the cores.", show_default="one for each core"
    ),
]
Seed = Annotated[
    int | None, typer.Option(rich_help_panel=RUN, help="The same seed gives the same weights.", show_default="0")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", rich_help_panel=RUN, help="Replace what is in --out.")]
Resume = Annotated[bool, typer.Option("--resume", rich_help_panel=RUN, help="Continue what is in --out.")]
PrintConfig = Annotated[
    bool,
    typer.Option("--print-config", rich_help_panel=RUN, help="Print the whole configuration as TOML, and do no more."),
]
Json = Annotated[bool, typer.Option("--json", rich_help_panel=RUN, help="Print the result as JSON.")]
Cache = Annotated[
    Path,
    typer.Option(
        envvar="PCMSN_CACHE",
        rich_help_panel=RUN,
        help="Folder that keeps the features of each picture.",
        show_default="~/.cache/pcmsn/features",
    ),
]
Device = Annotated[str, typer.Option(rich_help_panel=RUN, help="Where to compute: cpu, cuda, cuda:1, mps, or auto.")]

TrainedRun = Annotated[Path, typer.Option(help="The run folder that pcmsn train wrote.")]
DataRootNow = Annotated[
    str | None,
    typer.Option(rich_help_panel=RUN, help="Where the data sets are now.", show_default="where they were in training"),
]
BackboneNow = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=RUN, help="Where the run's extractor is now.", show_default="where it was in training"
    ),
]
ModelRootNow = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=RUN,
        help="Where the released VGG16 files are now.",
        show_default="where they were in training",
    ),
]
GalleryAddress = Annotated[
    str,
    typer.Option("--gallery", help="The gallery: a file, or milvus://HOST:PORT/NAME for one on a Milvus server."),
]
GalleryRun = Annotated[
    Path | None,
    typer.Option(
        "--model",
        "--run",
        help="The model: a packaged one by its name, a run folder that pcmsn train wrote, or a folder that pcmsn "
        "export wrote.",
        show_default="the model that made the gallery; of a new one everyday",
    ),
]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which pictures, and which of their classes are seen: table ``data``."""

    dataset: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=DATA,
            help="Sketchy, TU-Berlin, QuickDraw, toyworld, or a folder with sketch/ and photo/.",
            show_default="Sketchy",
        ),
    ] = None
    data_root: Annotated[
        str | None,
        typer.Option(rich_help_panel=DATA, help="Folder that holds the data sets.", show_default="./ZS-SBIR"),
    ] = None
    photos: Annotated[
        str | None,
        typer.Option(rich_help_panel=DATA, help="Sketchy's photos: extended or original.", show_default="extended"),
    ] = None
    split: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=DATA,
            help="A published split, random, or a TOML file.",
            show_default="the data set's own",
        ),
    ] = None
    split_seed: Annotated[
        int | None, typer.Option(rich_help_panel=DATA, help="Seed of --split random.", show_default="0")
    ] = None
    unseen_classes: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=DATA, help="Text file with one class name a line: the test classes, instead of --split."
        ),
    ] = None
    file_list: Annotated[
        str | None,
        typer.Option(rich_help_panel=DATA, help="Folder of SAKE's or ZSE-SBIR's file lists, instead of --split."),
    ] = None
    allow_missing_classes: Annotated[
        bool | None,
        typer.Option(
            "--allow-missing-classes",
            rich_help_panel=DATA,
            help="Run although the data lacks classes of the split; every table says so.",
            show_default=False,
        ),
    ] = None

    def settings(self) -> dict[str, Any]:
        """The keys of table ``data``."""
        return vars(self).copy()


ModelRoot = Annotated[
    str | None,
    typer.Option(rich_help_panel=EXTRACTOR, help="Folder with the files of --backbone vgg16.", show_default="./model"),
]
Resize = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=EXTRACTOR,
        help="squash: whole pictures, squashed to a square; model: as the Hugging Face model prepares them, which may "
        "cut borders.",
        show_default="squash",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ExtractorOptions:
    """The feature extractor: table ``backbone``."""

    backbone: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="vgg16 (released weights), vgg16:FILE, finetuned:FOLDER, features:FOLDER, tiny, a Hugging Face name, "
            "or a local folder.",
            show_default="vgg16",
        ),
    ] = None
    model_root: ModelRoot = None
    resize: Resize = None
    layers: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=EXTRACTOR,
            help="last: the feature that the network gives; several: summaries of earlier layers beside it.",
            show_default="last; preset best: several",
        ),
    ] = None

    def settings(self) -> dict[str, Any]:
        """Keys of table ``backbone``."""
        return {
            "spec": self.backbone,
            "model_root": self.model_root,
            "resize": self.resize,
            "layers": self.layers,
        }


@dataclass(frozen=True, kw_only=True)
class SemanticsOptions:
    """Side information: table ``semantics``."""

    semantics_root: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=DATA, help="Folder with <data set>/<source>.npz or .npy.", show_default="./dataset"
        ),
    ] = None
    semantics: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=DATA,
            help="A source of side information; give the option once for each.",
            show_default="word2vec + jcn for Sketchy, word2vec + path for TU-Berlin",
        ),
    ] = None

    def settings(self) -> dict[str, Any]:
        """The keys of table ``semantics``."""
        return {"root": self.semantics_root, "sources": self.semantics}


Standardise = Annotated[
    bool | None,
    typer.Option(
        rich_help_panel=EXTRACTOR,
        help="Standardise each modality's features with training statistics.",
        show_default="standardise",
    ),
]
Config = Annotated[
    Path | None, typer.Option(rich_help_panel=RUN, help="TOML file; options that are given here win over it.")
]


def given(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The options that were given (that are not None), as configuration tables; a table without any is left out."""
    present = {
        part: {name: value for name, value in values.items() if value is not None} for part, values in tables.items()
    }
    return {part: values for part, values in present.items() if values}


def names_given(options: Mapping[str, Mapping[str, Any]], **others: object) -> list[str]:
    """What was given, for an error: the keys of ``options``, and those of ``others`` that are not None or False."""
    keys = [f"{part}.{name}" for part, values in options.items() for name in values]
    return keys + [f"--{name.replace('_', '-')}" for name, value in others.items() if value not in (None, False)]


def standardisation(standardise: bool | None) -> str | None:
    """``--standardise`` as ``backbone.standardise`` has it; None where it was not given."""
    if standardise is None:
        return None
    return "each-modality" if standardise else "none"


def generalized_protocols(forms: Sequence[GeneralizedForm] | None) -> tuple[str, ...]:
    """The protocols that ``--generalized`` asks for, by their names in ``training.protocols``."""
    return tuple(f"generalized-{form.value}" for form in forms or ())
