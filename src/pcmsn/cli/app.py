"""The ``pcmsn`` command. Nothing here imports torch before a command needs it."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated

import typer

from pcmsn.cli import (
    ablate,
    baseline,
    compare,
    data,
    demo,
    export,
    features,
    find,
    finetune,
    index,
    models,
    report,
    score,
    search,
    semantics,
    serve,
    test,
    train,
)
from pcmsn.errors import PcmsnError, PcmsnWarning
from pcmsn.version import __version__

app = typer.Typer(
    name="pcmsn",
    help="Zero-shot sketch-based image retrieval: draw a sketch, find the photos, even of unseen classes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
TRAIN_MODULES = frozenset(
    {"gdown", "lightning_fabric", "matplotlib", "py7zr", "pytorch_metric_learning", "requests", "safetensors"}
    | {"scipy", "sklearn", "tensorboard", "threadpoolctl", "tomli_w", "torch", "transformers"}
)
"""What the extra ``train`` installs, as modules."""
START, TRAINING, PHOTOS, INPUTS = (
    "Try it",
    "Train and measure",
    "Search your own photos",
    "Prepare what training reads",
)
app.command("demo", rich_help_panel=START)(demo.demo)
app.command("train", rich_help_panel=TRAINING)(train.train)
app.command("test", rich_help_panel=TRAINING)(test.test)
app.command("report", rich_help_panel=TRAINING)(report.report)
app.command("export", rich_help_panel=TRAINING)(export.export)
app.command("score", rich_help_panel=TRAINING)(score.score)
app.command("baseline", rich_help_panel=TRAINING)(baseline.baseline)
app.command("compare", rich_help_panel=TRAINING)(compare.compare)
app.command("ablate", rich_help_panel=TRAINING)(ablate.ablate)
app.command("find", rich_help_panel=PHOTOS)(find.find)
app.command("index", rich_help_panel=PHOTOS)(index.index)
app.command("search", rich_help_panel=PHOTOS)(search.search)
app.command("models", rich_help_panel=PHOTOS)(models.models)
app.command("serve", rich_help_panel=PHOTOS)(serve.serve)
app.add_typer(data.app, name="data", rich_help_panel=INPUTS)
app.add_typer(features.app, name="features", rich_help_panel=INPUTS)
app.add_typer(semantics.app, name="semantics", rich_help_panel=INPUTS)
app.command("finetune", rich_help_panel=INPUTS)(finetune.finetune)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pcmsn {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command line: exit 0 when done, 1 on an error of ours, 2 on wrong usage, 130 when interrupted."""
    warnings.showwarning = _show_warning
    # Threads that spin while they wait starve each other on a busy machine; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app()
    except PcmsnError as error:
        typer.echo(f"pcmsn: {error}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in TRAIN_MODULES:
            raise
        typer.echo(
            f"pcmsn: this command needs the extra 'train' (not installed: {missing}); install it with: "
            "pip install 'pcmsn[train]'. find, index, search and serve do without it",
            err=True,
        )
        sys.exit(1)


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Our warnings as notes on stderr; those of libraries are for programmers, and are left out."""
    if issubclass(category, PcmsnWarning):
        typer.echo(f"pcmsn: note: {message}", err=True)
