"""Options that several commands share, as annotated types."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Family(str, Enum):
    """The metric families by their names on the command line."""

    SEM_PCYC = "sem-pcyc"
    SAKE = "sake"
    ZSE = "zse"


DATA, RUN = "Data", "Run"
DEFAULT_CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "pcmsn" / "features"

Metrics = Annotated[Family, typer.Option(help="Whose definitions of mAP and precision; the paper uses sem-pcyc's.")]
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
