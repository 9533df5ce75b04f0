"""``pcmsn test``: load a run, embed the unseen classes, print the scores."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import (
    DEFAULT_CACHE,
    Cache,
    Device,
    Expand,
    Family,
    Intervals,
    Json,
    Metrics,
    Resample,
    Resampling,
)

if TYPE_CHECKING:
    from pcmsn.training.testing import Assessment


class GeneralizedForm(str, Enum):
    """The generalised protocols, by the code that each comes from."""

    SEM_PCYC = "sem-pcyc"
    PCMSN = "pcmsn"


class ItqFit(str, Enum):
    """What the binary codes are fitted on."""

    TRAINING = "training"
    RELEASED = "released"


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
    generalized: Annotated[
        list[GeneralizedForm] | None,
        typer.Option(
            help="Also let seen classes compete: sem-pcyc adds a fifth of seen pictures to queries and gallery, pcmsn "
            "all seen photos to the gallery. May be given twice."
        ),
    ] = None,
    itq: Annotated[
        ItqFit,
        typer.Option(
            help="Binary codes fitted on the training classes, or by the released protocol, on the test sketches."
        ),
    ] = ItqFit.TRAINING,
    intervals: Intervals = False,
    resample: Resampling = Resample.CLASSES,
    expand: Expand = None,
    grid: Annotated[
        Path | None,
        typer.Option(help="Write a PNG of query sketches with their nearest photos, right and wrong marked."),
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(help="Write the first table's embeddings as an .npz that pcmsn score reads.")
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
            generalized=tuple(f"generalized-{form.value}" for form in generalized or ()),
            itq_fitted_on=itq.value,
            intervals=resample.value if intervals else None,
            expand=expand,
            cache=cache,
            device=device,
            progress=display.stage,
        )
        if grid:
            assessment.write_grid(grid, f"{assessment.title}: {assessment.protocols[0].protocol}")
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
    from pcmsn.cli.tables import expanded_rows, neutral_note, print_scores
    from pcmsn.training.protocols import MEANING

    itq, fitted = "ITQ", []
    if assessment.itq == "released":
        itq = "released ITQ"
        fitted = ["released ITQ: fitted on the test sketches themselves, only for comparison with published numbers."]
    for scores in assessment.protocols:
        print_scores(
            f"{assessment.title} · {scores.protocol}, {scores.classes} unseen classes · "
            f"{assessment.family.name} metrics",
            [
                ("real", scores.real),
                *expanded_rows(scores.expanded),
                (f"binary, {assessment.bits} bits ({itq})", scores.binary),
            ],
            [
                f"{scores.protocol}: {MEANING[scores.protocol]}.",
                *fitted,
                *neutral_note(scores.binary, scores.binary_neutral),
                *assessment.notes,
            ],
        )
