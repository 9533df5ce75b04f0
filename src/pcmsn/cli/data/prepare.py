"""``pcmsn data prepare``: from the downloads of a benchmark to the folders that training reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import Benchmark, Json

if TYPE_CHECKING:
    from rich.console import Console

    from pcmsn.data.preparing import PreparationReport

EXAMPLES = 3


def prepare(
    benchmark: Annotated[
        Benchmark,
        typer.Argument(
            case_sensitive=False, metavar="BENCHMARK", help="Whose downloads they are: sketchy, tu-berlin or quickdraw."
        ),
    ],
    sources: Annotated[
        list[Path],
        typer.Option("--from", help="An archive as downloaded, an unpacked folder, or a folder of these; repeatable."),
    ],
    target: Annotated[Path, typer.Option("--to", help="Folder that holds the data sets, one folder for each.")] = Path(
        "./ZS-SBIR"
    ),
    link: Annotated[
        bool, typer.Option("--link", help="Link unpacked pictures instead of copying: hard, else symbolic links.")
    ] = False,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Keep pictures that are equal to another one of their class.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring a benchmark's downloads into the layout for training, and count it against the published numbers."""
    from pcmsn.cli.display import Display
    from pcmsn.data.preparing import prepare as prepare_pictures

    with Display() as display:
        try:
            report = prepare_pictures(
                benchmark.value,
                sources,
                target,
                link=link,
                keep_duplicates=keep_duplicates,
                progress=display.stage,
            )
        except KeyboardInterrupt:
            display.note("stopped; what is in place is whole. Run the same command again to go on")
            raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        _print_report(report)


def _print_report(report: PreparationReport) -> None:
    from pcmsn.cli.data.count_tables import print_counts
    from pcmsn.cli.printing import output, titled_table

    console = output()
    print_counts(console, f"{report.dataset} in {report.target}", report.rows)
    table = titled_table("What was done")
    table.add_column("count", justify="right")
    table.add_column("")
    for action in report.actions:
        table.add_row(f"{action.count:,}", action.text)
    console.print(table)
    _print_details(console, report)


def _print_details(console: Console, report: PreparationReport) -> None:
    lines = []
    for folder in report.unknown_folders:
        near = f" (did you mean {' or '.join(folder.near)}?)" if folder.near else ""
        lines.append(
            f"unknown class among the {folder.row}: {folder.name!r}{near}, {folder.pictures} pictures; "
            "rename the folder and run again, or leave it out"
        )
    for reason, paths in report.examples.items():
        more = f" and more; --json has {len(paths)}" if len(paths) > EXAMPLES else ""
        lines.append(f"{reason}: {', '.join(paths[:EXAMPLES])}{more}")
    lines += report.notes
    if report.new == 0:
        lines.append("Nothing new: everything was there already.")
    lines.append(f"Next: pcmsn data check {report.target.parent} --dataset {report.dataset}")
    for line in lines:
        console.print(line, soft_wrap=True)
