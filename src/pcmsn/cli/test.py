"""``pcmsn test``: load a run, embed the unseen classes, print the scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import DEFAULT_CACHE, Cache, Device, Family, Json, Metrics

if TYPE_CHECKING:
    from pcmsn.training.testing import Assessment


def test(
    run: Annotated[
        Path, typer.Option(help="The folder that pcmsn train --out wrote, or a released .../model_best.pth.")
    ],
    metrics: Metrics = Family.SEM_PCYC,
    data_root: Annotated[
        str | None, typer.Option(help="Where the data sets are now.", show_default="where they were in training")
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="Where the same extractor is now.", show_default="where it was in training")
    ] = None,
    model_root: Annotated[
        str | None, typer.Option(help="Where the released VGG16 files are now.", show_default="as in training")
    ] = None,
    grid: Annotated[
        Path | None,
        typer.Option(help="Write a PNG of query sketches with their nearest photos, right and wrong marked."),
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(help="Write the val+test embeddings as an .npz that pcmsn score reads.")
    ] = None,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Test a trained run on unseen classes: the paper's val+test and the strict test, real-valued and binary."""
    from pcmsn.cli.display import Display
    from pcmsn.training.testing import assess_run

    with Display() as display:
        assessment = assess_run(
            run,
            family=metrics.value,
            data_root=data_root,
            backbone=backbone,
            model_root=model_root,
            cache=cache,
            device=device,
            progress=display.stage,
        )
        if grid:
            assessment.write_grid(grid, f"{assessment.title}: val+test")
            display.note(f"wrote {grid}")
        if embeddings:
            assessment.write_embeddings(embeddings)
            display.note(f"wrote {embeddings}")
    if as_json:
        typer.echo(json.dumps(assessment.to_dict()))
    else:
        print_assessment(assessment)


def print_assessment(assessment: Assessment) -> None:
    """A table a protocol, with what the protocol is."""
    from pcmsn.cli.tables import print_scores

    meaning = {
        "val+test": "the paper's test set; the best epoch was chosen on its validation part",
        "test": "strict: nothing was chosen on these classes",
    }
    for scores in assessment.protocols:
        rows = [("real", scores.real)]
        if scores.binary:
            rows.append((f"binary, {assessment.bits} bits (ITQ)", scores.binary))
        print_scores(
            f"{assessment.title} · {scores.protocol}, {scores.classes} unseen classes · "
            f"{assessment.family.name} metrics",
            rows,
            [f"{scores.protocol}: {meaning[scores.protocol]}.", *assessment.notes],
        )
