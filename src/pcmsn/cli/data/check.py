"""``pcmsn data check``: what a data set holds, what is wrong with it, and what that does to the scores."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import Json

if TYPE_CHECKING:
    from pcmsn.data.checking import CheckReport

EXAMPLES = 3
WEIGHTS = {"stops": "stops runs", "changes": "changes scores", "harmless": "harmless"}


class Kind(str, Enum):
    """What the folder is."""

    SKETCHY = "Sketchy"
    TU_BERLIN = "TU-Berlin"
    QUICKDRAW = "QuickDraw"
    FOLDER = "folder"


def check(
    root: Annotated[Path, typer.Argument(help="Holds the data set; with --dataset folder, the data set itself.")],
    dataset: Annotated[
        Kind, typer.Option(case_sensitive=False, help="A benchmark, or a folder with sketch/ and photo/.")
    ],
    quick: Annotated[bool, typer.Option("--quick", help="Do not decode the pictures.")] = False,
    as_json: Json = False,
) -> None:
    """Count a data set and look for all that stops a run or changes its scores; exit 1 when there is any."""
    from pcmsn.cli.display import Display
    from pcmsn.data.checking import check as check_pictures

    with Display() as display:
        report = check_pictures(root, dataset.value, quick=quick, progress=display.stage)
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        _print_report(report)
    if not report.passed:
        raise typer.Exit(1)


def _print_report(report: CheckReport) -> None:
    from rich.table import Table

    from pcmsn.cli.data.count_tables import output, print_counts

    console = output()
    print_counts(console, f"{report.dataset} in {report.root}", report.rows)
    if report.findings:
        table = Table(title="Findings", title_justify="left", title_style="bold", show_lines=True)
        table.add_column("count", justify="right")
        table.add_column("what")
        table.add_column("weight")
        table.add_column("effect")
        for finding in report.findings:
            table.add_row(f"{finding.count:,}", finding.what, WEIGHTS[finding.weight], finding.effect)
        console.print(table)
    for finding in report.findings:
        more = f"; --json has more of the {finding.count:,}" if finding.count > EXAMPLES else ""
        examples = ", ".join(finding.examples[:EXAMPLES])
        console.print(f"{finding.what}: {examples}{more}", markup=False, soft_wrap=True)
    for note in report.notes:
        console.print(note, markup=False)
    decoded = f"{report.decoded:,} pictures decoded; " if report.decoded else ""
    verdict = "nothing stops a run or changes its scores" if report.passed else "put the above right, or know of it"
    console.print(f"{decoded}{verdict}.")
