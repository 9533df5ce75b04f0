"""``pcmsn score``: anybody's embeddings under any family's metrics."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from pcmsn.cli.options import Family, Intervals, Json, Metrics, Resample, Resampling


class CodeKind(str, Enum):
    """What is ranked."""

    REAL = "real"
    ITQ_RELEASED = "itq-released"


def score(
    file: Annotated[
        Path,
        typer.Argument(help="An .npz with sketch_embedding, sketch_label, photo_embedding and photo_label."),
    ],
    metrics: Metrics = Family.SEM_PCYC,
    codes: Annotated[
        CodeKind,
        typer.Option(help="Rank the values, or binary codes by the released ITQ protocol (fitted on the queries)."),
    ] = CodeKind.REAL,
    intervals: Intervals = False,
    resample: Resampling = Resample.CLASSES,
    device: Annotated[
        str, typer.Option(help="Where to rank: cpu, cuda, cuda:1 or auto. The numbers are the same.")
    ] = "cpu",
    as_json: Json = False,
) -> None:
    """Score embeddings from a file: mAP@all, mAP@200, P@100, P@200."""
    from pcmsn.cli.tables import SCORE_NAMES, print_scores
    from pcmsn.evaluation.embeddings_file import read_embeddings
    from pcmsn.evaluation.families import metric_family
    from pcmsn.evaluation.scoring import score as score_arrays
    from pcmsn.seeding import numpy_generator

    content = read_embeddings(file)
    scores = score_arrays(
        content.sketch_embedding,
        content.sketch_label,
        content.photo_embedding,
        content.photo_label,
        family=metric_family(metrics.value),
        codes=codes.value,
        device=_ranking_device(device),
    )
    if intervals:
        scores = scores.with_intervals(numpy_generator(0, "intervals"), resample.value)
    if as_json:
        values = scores.to_dict()
        names = (*SCORE_NAMES, *(["intervals"] if intervals else []))
        typer.echo(json.dumps({name: values[name] for name in names}))
    else:
        print_scores(f"{file.name} · {metrics.value} metrics", [(codes.value, scores)])


def _ranking_device(name: str) -> str | None:
    """An accelerator that torch can use, or None for NumPy on the CPU."""
    if name == "cpu":
        return None
    from pcmsn.training.session import pick_device

    place = pick_device(name)
    return None if place == "cpu" else place
