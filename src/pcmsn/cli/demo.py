"""``pcmsn demo``: the main job on the built-in toy world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pcmsn.cli.options import Device, Json


def demo(
    out: Annotated[Path, typer.Option(help="Where everything is written.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Of extractor and training.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Draw a toy data set, train on its seen classes, test on the unseen ones; needs no download."""
    from pcmsn.cli.display import Display, TrainingDisplay
    from pcmsn.cli.tables import print_scores
    from pcmsn.training.demonstration import demonstrate

    with Display() as display:
        found = demonstrate(
            out,
            seed=seed,
            device=device,
            progress=display.stage,
            note=display.note,
            observer=lambda config: TrainingDisplay(display, config.training, "PCMSN"),
        )
    if as_json:
        tables = {
            protocol: {name: scores.to_dict() for name, scores in rows.items()}
            for protocol, rows in found.tables.items()
        }
        typer.echo(json.dumps({"statement": found.statement, "picture": str(found.picture), **tables}))
        return
    for protocol, rows in found.tables.items():
        print_scores(
            f"Toy world, {protocol} classes, never seen in training (sem-pcyc metrics)",
            list(rows.items()),
            [f"chance: mAP@all about {found.chance[protocol]:.4f}."],
        )
    typer.echo(f"\n{found.statement}\nThese scores say that the pipeline works, and nothing about real pictures.")
    typer.echo(f"picture: {found.picture}\nrun:     {found.run} (pcmsn test --run {found.run})")
