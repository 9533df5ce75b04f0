"""``pcmsn report``: everything that there is to say of a run, as one HTML file."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pcmsn.cli.options import DEFAULT_CACHE, RUN, Cache, Device, Intervals, Json, Resample, Resampling
from pcmsn.cli.test import GeneralizedForm

ALL_FAMILIES = "sem-pcyc,sake,zse,neutral"


def report(
    run: Annotated[Path, typer.Option(help="The folder that pcmsn train --out wrote.")],
    out: Annotated[
        Path | None, typer.Option(help="The HTML file to write.", show_default="report.html in the run folder")
    ] = None,
    data_root: Annotated[
        str | None, typer.Option(help="Where the data sets are now.", show_default="where they were in training")
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="Where the same extractor is now.", show_default="where it was in training")
    ] = None,
    model_root: Annotated[
        str | None, typer.Option(help="Where the released VGG16 files are now.", show_default="as in training")
    ] = None,
    generalized: Annotated[
        list[GeneralizedForm] | None,
        typer.Option(help="Also let seen classes compete, as for pcmsn test. May be given twice."),
    ] = None,
    metrics_families: Annotated[
        str,
        typer.Option(help="Whose definitions of mAP and precision, comma-separated; the first one makes the headline."),
    ] = ALL_FAMILIES,
    intervals: Intervals = False,
    resample: Resampling = Resample.CLASSES,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Show queries with their photos in the file.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, rich_help_panel=RUN, help="Of the t-SNE.")] = 0,
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
        generalized=tuple(f"generalized-{form.value}" for form in generalized or ()),
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
        for note in contents.notes:
            display.note(note)
    size = target.stat().st_size
    if as_json:
        found = {"report": str(target), "bytes": size, "measured": contents.measured is not None}
        typer.echo(json.dumps({**found, "notes": list(contents.notes)}))
    else:
        typer.echo(f"{target}, {size / 1e6:.1f} MB")
