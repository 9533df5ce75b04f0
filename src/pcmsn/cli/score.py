"""``pcmsn score``: anybody's embeddings under any family's metrics."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from pcmsn.cli.options import Expand, Family, Intervals, Json, Metrics, Resample, Resampling


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
    expand: Expand = None,
    device: Annotated[
        str, typer.Option(help="Where to rank: cpu, cuda, cuda:1 or auto. The numbers are the same.")
    ] = "cpu",
    as_json: Json = False,
) -> None:
    """Score embeddings from a file: mAP@all, mAP@200, P@100, P@200."""
    from pcmsn.cli.tables import expanded_rows, print_scores
    from pcmsn.errors import EvaluationError
    from pcmsn.evaluation.embeddings_file import read_embeddings
    from pcmsn.evaluation.families import metric_family
    from pcmsn.evaluation.scoring import SCORE_NAMES, score_expanded
    from pcmsn.evaluation.scoring import score as score_arrays
    from pcmsn.seeding import numpy_generator

    if expand is not None and codes is not CodeKind.REAL:
        raise typer.BadParameter("it expands real-valued queries; leave out --codes", param_hint="--expand")
    content = read_embeddings(file)
    arrays = (content.sketch_embedding, content.sketch_label, content.photo_embedding, content.photo_label)
    own_family, place = metric_family(metrics.value), _ranking_device(device)
    scores = score_arrays(*arrays, family=own_family, codes=codes.value, device=place)
    if scores.unanswered == scores.queries:
        raise EvaluationError(
            f"{file}: no sketch has a photo of its class, so every score is 0; look whether sketch_label and "
            "photo_label name the same classes in the same way"
        )
    expanded = None
    if expand is not None:
        expanded = score_expanded(*arrays, photos=expand, family=own_family, device=place)
    if intervals:
        scores = scores.with_intervals(numpy_generator(0, "intervals"), resample.value)
        expanded = expanded and expanded.with_intervals(numpy_generator(0, "intervals"), resample.value)
    if as_json:
        names = (*SCORE_NAMES, *(["intervals"] if intervals else []))
        facts: dict[str, Any] = {name: scores.to_dict()[name] for name in (*names, "queries", "gallery", "notes")}
        if expanded:
            facts["expanded"] = {name: expanded.to_dict()[name] for name in names}
        typer.echo(json.dumps(facts))
    else:
        print_scores(f"{file.name} · {metrics.value} metrics", [(codes.value, scores), *expanded_rows(expanded)])


def _ranking_device(name: str) -> str | None:
    """An accelerator that torch can use, or None for NumPy on the CPU."""
    if name == "cpu":
        return None
    from pcmsn.device import pick_device

    place = pick_device(name)
    return None if place == "cpu" else place
