"""``pcmsn export``: a trained run as a folder for others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pcmsn.cli.options import RUN, BackboneNow, Json, TrainedRun


def export(
    run: TrainedRun,
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    onnx: Annotated[
        bool, typer.Option("--onnx/--no-onnx", help="Also write sketch.onnx and photo.onnx, pixels to embedding.")
    ] = True,
    backbone: BackboneNow = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", rich_help_panel=RUN, help="Write into --out although it is not empty.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a run for others: safetensors, ONNX checked against torch, and a model card; --run takes the folder."""
    from pcmsn.cli.display import Display
    from pcmsn.training.exporting.export import export_run

    with Display() as display:
        found = export_run(run, out, onnx=onnx, backbone=backbone, overwrite=overwrite, note=display.note)
    if as_json:
        result = {"folder": str(found.folder), "files": list(found.files), "difference": found.difference}
        typer.echo(json.dumps(result))
        return
    typer.echo(f"wrote {', '.join(found.files)} to {found.folder}")
    if found.difference is not None:
        typer.echo(f"ONNX and torch differ by at most {found.difference:.1e} in an element of an embedding")
    typer.echo(f"read {found.folder / 'README.md'}, and fill in the licence, before you publish it")
