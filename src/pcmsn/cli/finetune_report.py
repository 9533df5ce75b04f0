"""What ``pcmsn finetune`` shows: a line an epoch while it works, and its result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pcmsn.cli.display import clock

if TYPE_CHECKING:
    from pcmsn.features.backbones.finetuned import NetworkName
    from pcmsn.training.finetune.folder import FinetuneEpoch
    from pcmsn.training.finetune.session import FinetuneResult


def print_result(result: FinetuneResult, out: Path, *, as_json: bool) -> None:
    """What was trained and what to type next, on stdout."""
    if as_json:
        networks = {
            found.network: {
                "folder": str(found.folder),
                "best_epoch": found.trained_on.best_epoch,
                "epochs": found.trained_on.epochs,
                "held_out_accuracy": found.trained_on.held_out_accuracy,
                "classes": len(found.trained_on.classes),
                "pictures": found.trained_on.pictures,
                "unreadable": found.trained_on.unreadable,
            }
            for found in result.networks
        }
        files = {"curves": str(result.curves), "released": [str(path) for path in result.released]}
        typer.echo(json.dumps({"out": str(out), "networks": networks, **files}))
        return
    for found in result.networks:
        trained, accuracy = found.trained_on, found.trained_on.held_out_accuracy
        measured = (
            "no pictures held out"
            if accuracy is None
            else f"accuracy on held-out pictures of seen classes {accuracy:.1%}"
        )
        typer.echo(f"{found.network}: epoch {trained.best_epoch} of {trained.epochs}, {measured}")
    for path in result.released:
        typer.echo(f"released layout: {path}")
    typer.echo(f"learning curves: {result.curves}")
    missing = {"sketch", "photo"} - {found.network for found in result.networks}
    if len(missing) == 1 and not (out / next(iter(missing))).is_dir():
        typer.echo(
            f"the other side: pcmsn finetune --modality {missing.pop()} --out {out}, with the same other options"
        )
    else:
        typer.echo(f"train with:     pcmsn train --backbone finetuned:{out}")


def epoch_line(network: NetworkName, epoch: FinetuneEpoch) -> str:
    """What an epoch gave, in one line."""
    held_out = epoch.held_out_accuracy
    measured = f"accuracy {epoch.accuracy:.1%}"
    if held_out is not None:
        measured += f", held out {held_out:.1%}{' *' if epoch.best else '  '}"
    if epoch.validation_map is not None:
        measured += f", validation classes mAP@all {epoch.validation_map:.3f}"
    left = (epoch.epochs - epoch.number) * epoch.seconds
    return (
        f"{network}: epoch {epoch.number}/{epoch.epochs}  loss {epoch.loss:.3f}, {measured}"
        f"  {epoch.pictures_per_second:.0f} pictures/s, {epoch.seconds:.0f} s, {clock(left)} left"
    )
