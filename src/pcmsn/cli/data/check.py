"""``pcmsn data check``: what a data set holds, what is wrong with it, and what that does to the scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import Json

if TYPE_CHECKING:
    from pcmsn.data.checking import CheckReport

EXAMPLES = 3
WEIGHTS = {"stops": "stops runs", "changes": "changes scores", "harmless": "harmless"}


def check(
    root: Annotated[
        Path, typer.Argument(help="Folder that holds the data set; with --dataset folder, the data set itself.")
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Sketchy, TU-Berlin, QuickDraw, or folder, for a folder with sketch/ and photo/.",
            show_default="folder, where ROOT has sketch/ and photo/",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Do not decode the pictures.")] = False,
    as_json: Json = False,
) -> None:
    """Count a data set and look for all that stops a run or changes its scores; exit with 1 where it finds any."""
    from pcmsn.cli.display import Display
    from pcmsn.data.checking import check as check_pictures

    with Display() as display:
        report = check_pictures(root, dataset, quick=quick, progress=display.stage)
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        _print_report(report)
    if not report.passed:
        raise typer.Exit(1)


def _print_report(report: CheckReport) -> None:
    from pcmsn.cli.data.count_tables import print_counts
    from pcmsn.cli.printing import output, titled_table

    console = output()
    print_counts(console, f"{report.dataset} in {report.root}", report.rows)
    if report.findings:
        table = titled_table("Findings", lines=True)
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
        console.print(f"{finding.what}: {examples}{more}", soft_wrap=True)
    for note in report.notes:
        console.print(note)
    decoded = f"{report.decoded:,} pictures decoded; " if report.decoded else ""
    verdict = "nothing stops a run or changes its scores" if report.passed else "mend the above, or keep it in mind"
    console.print(f"{decoded}{verdict}.")
