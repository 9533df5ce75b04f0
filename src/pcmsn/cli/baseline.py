"""``pcmsn baseline``: what the extractor's features reach without any training."""

from __future__ import annotations

import json
from typing import Any

import typer

from pcmsn.cli.options import (
    DEFAULT_CACHE,
    AllowMissing,
    Backbone,
    Cache,
    DataRoot,
    Dataset,
    Device,
    Family,
    FileList,
    Json,
    LayersOption,
    Metrics,
    ModelRoot,
    Photos,
    ResizeOption,
    SplitName,
    SplitSeed,
    UnseenClasses,
    given,
)


def baseline(
    dataset: Dataset = None,
    data_root: DataRoot = None,
    photos: Photos = None,
    split: SplitName = None,
    split_seed: SplitSeed = None,
    unseen_classes: UnseenClasses = None,
    file_list: FileList = None,
    allow_missing_classes: AllowMissing = None,
    backbone: Backbone = None,
    model_root: ModelRoot = None,
    resize: ResizeOption = None,
    layers: LayersOption = None,
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

    options: dict[str, dict[str, Any]] = {
        "data": {
            "dataset": dataset,
            "data_root": data_root,
            "photos": photos,
            "split": split,
            "split_seed": split_seed,
            "unseen_classes": unseen_classes,
            "file_list": file_list,
            "allow_missing_classes": allow_missing_classes,
        },
        "backbone": {"spec": backbone, "model_root": model_root, "resize": resize, "layers": layers},
    }
    config = build_config(overrides=given(options))
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
