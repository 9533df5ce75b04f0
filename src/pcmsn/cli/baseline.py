"""``pcmsn baseline``: what the extractor's features reach without any training."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pcmsn.cli.options import DEFAULT_CACHE, AllowMissing, Cache, Device, Family, FileList, Json, Metrics, UnseenClasses


def baseline(
    dataset: Annotated[str, typer.Option(help="Sketchy, TU-Berlin, QuickDraw, toyworld, or a folder.")] = "Sketchy",
    data_root: Annotated[str, typer.Option(help="Holds the data sets.")] = "./ZS-SBIR",
    photos: Annotated[str, typer.Option(help="Sketchy's photos: extended or original.")] = "extended",
    split: Annotated[str, typer.Option(help="As for pcmsn train.", show_default="the data set's own")] = "",
    split_seed: Annotated[int, typer.Option(help="Of --split random.")] = 0,
    unseen_classes: UnseenClasses = None,
    file_list: FileList = None,
    allow_missing_classes: AllowMissing = None,
    backbone: Annotated[str, typer.Option(help="As for pcmsn train; for the toy world tiny:FOLDER.")] = "vgg16",
    model_root: Annotated[str, typer.Option(help="Holds <data set>_sketch.pth and _image.pth.")] = "./model",
    resize: Annotated[str, typer.Option(help="As for pcmsn train: squash or model.")] = "squash",
    metrics: Metrics = Family.SEM_PCYC,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Score untrained features by cosine, as they are and standardised, beside chance."""
    from pcmsn.cli.display import Display
    from pcmsn.cli.tables import print_scores
    from pcmsn.training.baseline import assess_features
    from pcmsn.training.configuration import build_config

    config = build_config(
        overrides={
            "data": {
                "dataset": dataset,
                "data_root": data_root,
                "photos": photos,
                "split": split,
                "split_seed": split_seed,
                "unseen_classes": unseen_classes or "",
                "file_list": file_list or "",
                "allow_missing_classes": bool(allow_missing_classes),
            },
            "backbone": {"spec": backbone, "model_root": model_root, "resize": resize},
        }
    )
    with Display() as display:
        results = assess_features(config, family=metrics.value, cache=cache, device=device, progress=display.stage)
    if as_json:
        typer.echo(json.dumps([result.to_dict() for result in results]))
        return
    for result in results:
        print_scores(
            f"{result.title} · {result.protocol}, {result.classes} unseen classes · {metrics.value} metrics",
            list(result.rows.items()),
            [
                f"chance: mAP@all about {result.chance:.4f} (the mean share of a query's class in the gallery).",
                *result.notes,
            ],
        )
