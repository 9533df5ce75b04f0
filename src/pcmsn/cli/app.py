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
    finetune,
    index,
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
app.command("finetune")(finetune.finetune)
app.command("train")(train.train)
app.command("test")(test.test)
app.command("score")(score.score)
app.command("baseline")(baseline.baseline)
app.command("ablate")(ablate.ablate)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("demo")(demo.demo)
app.command("index")(index.index)
app.command("search")(search.search)
app.command("serve")(serve.serve)
app.add_typer(data.app, name="data")
app.add_typer(features.app, name="features")
app.add_typer(semantics.app, name="semantics")


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


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    if issubclass(category, PcmsnWarning):
        typer.echo(f"pcmsn: note: {message}", err=True)
