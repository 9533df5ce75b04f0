"""``pcmsn report``: everything that there is to say of a run, as one HTML file."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pcmsn.cli.options import (
    DEFAULT_CACHE,
    BackboneNow,
    Cache,
    DataRootNow,
    Device,
    Family,
    Generalized,
    Intervals,
    Json,
    ModelRootNow,
    Resample,
    Resampling,
    TrainedRun,
    generalized_protocols,
)

PICTURES = "Pictures"
ALL_FAMILIES = ",".join(family.value for family in Family)


def report(
    run: TrainedRun,
    out: Annotated[
        Path | None, typer.Option(help="The HTML file to write.", show_default="report.html in the run folder")
    ] = None,
    data_root: DataRootNow = None,
    backbone: BackboneNow = None,
    model_root: ModelRootNow = None,
    generalized: Generalized = None,
    metrics_families: Annotated[
        str,
        typer.Option(
            metavar="FAMILIES",
            help="Whose definitions of mAP and precision, separated by commas; the first makes the headline.",
            show_default="all: " + ", ".join(family.value for family in Family),
        ),
    ] = ALL_FAMILIES,
    intervals: Intervals = False,
    resample: Resampling = Resample.CLASSES,
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures/--no-pictures", rich_help_panel=PICTURES, help="Show queries and the photos that they find."
        ),
    ] = True,
    seed: Annotated[int, typer.Option(min=0, rich_help_panel=PICTURES, help="Seed of the t-SNE.")] = 0,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Write a report of a run: scores, curves, classes, queries, t-SNE, training. One file that opens anywhere."""
    from pcmsn.cli.display import Display
    from pcmsn.report.opening import ReportRequest
    from pcmsn.report.write import write_report

    target = out or run / "report.html"
    request = ReportRequest(
        run=run,
        families=tuple(name.strip() for name in metrics_families.split(",") if name.strip()),
        generalized=generalized_protocols(generalized),
        intervals=resample.value if intervals else None,
        pictures=pictures,
        data_root=data_root,
        backbone=backbone,
        model_root=model_root,
        cache=cache,
        device=device,
        seed=seed,
        command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    )
    with Display() as display:
        contents = write_report(request, target, progress=display.stage)
        for note in contents.all_notes:
            display.note(note)
    size = target.stat().st_size
    if as_json:
        found = {"report": str(target), "bytes": size, "measured": contents.measured is not None}
        typer.echo(json.dumps({**found, "notes": list(contents.all_notes)}))
    else:
        typer.echo(f"{target}, {size / 1e6:.1f} MB")
