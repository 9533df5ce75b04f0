"""``pcmsn baseline``: what the extractor's features reach without any training."""

from __future__ import annotations

import json

import typer

from pcmsn.cli.option_groups import with_option_groups
from pcmsn.cli.options import (
    DEFAULT_CACHE,
    Cache,
    DataOptions,
    Device,
    ExtractorOptions,
    Family,
    Json,
    Metrics,
    given,
)


@with_option_groups
def baseline(
    data: DataOptions,
    extractor: ExtractorOptions,
    metrics: Metrics = Family.SEM_PCYC,
    cache: Cache = DEFAULT_CACHE,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Score untrained features by cosine, as they are and standardised, beside chance."""
    from pcmsn.cli.display import Display
    from pcmsn.cli.tables import chance_note, print_scores
    from pcmsn.training.baseline import assess_features
    from pcmsn.training.configuration import build_config

    config = build_config(overrides=given({"data": data.settings(), "backbone": extractor.settings()}))
    with Display() as display:
        results = assess_features(config, family=metrics.value, cache=cache, device=device, progress=display.stage)
    if as_json:
        typer.echo(json.dumps([result.to_dict() for result in results]))
        return
    for result in results:
        print_scores(
            f"{result.title} · {result.protocol}, {result.classes} unseen classes · {metrics.value} metrics",
            list(result.rows.items()),
            [chance_note(result.chance), *result.notes],
        )
