"""``pcmsn test``: load a run, embed the unseen classes, print the scores."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import (
    DEFAULT_CACHE,
    BackboneNow,
    Cache,
    DataRootNow,
    Device,
    Expand,
    Family,
    Generalized,
    Intervals,
    Json,
    Metrics,
    ModelRootNow,
    Resample,
    Resampling,
    generalized_protocols,
)

if TYPE_CHECKING:
    from pcmsn.training.testing import Assessment


class ItqFit(str, Enum):
    """What the binary codes are fitted on."""

    TRAINING = "training"
    RELEASED = "released"


def test(
    run: Annotated[Path, typer.Option(help="The run folder that pcmsn train wrote, or a released .../model_best.pth.")],
    metrics: Metrics = Family.SEM_PCYC,
    data_root: DataRootNow = None,
    backbone: BackboneNow = None,
    model_root: ModelRootNow = None,
    generalized: Generalized = None,
    itq: Annotated[
        ItqFit,
        typer.Option(
            help="What binary codes are fitted on: training (the training classes) or released (the test sketches, as "
            "in the released code)."
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
        Path | None, typer.Option(help="Write the embeddings of the first table as an .npz that pcmsn score reads.")
    ] = None,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Test a trained run on unseen classes: the paper's val+test and the strict test, real-valued and binary."""
    from pcmsn.cli.display import Display
    from pcmsn.files import check_target
    from pcmsn.training.testing import assess_run

    check_target(grid)
    check_target(embeddings)
    with Display() as display:
        assessment = assess_run(
            run,
            family=metrics.value,
            data_root=data_root,
            backbone=backbone,
            model_root=model_root,
            generalized=generalized_protocols(generalized),
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
        _print_assessment(assessment)


def _print_assessment(assessment: Assessment) -> None:
    """A table a protocol, with what the protocol is."""
    from pcmsn.cli.tables import chance_note, expanded_rows, neutral_note, print_scores
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
                chance_note(scores.chance),
                *fitted,
                *neutral_note(scores.binary, scores.binary_neutral),
                *assessment.notes,
            ],
        )
