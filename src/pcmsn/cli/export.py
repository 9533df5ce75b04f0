"""``pcmsn export``: a trained run as a folder for others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pcmsn.cli.options import RUN, Json


def export(
    run: Annotated[Path, typer.Option(help="The folder that pcmsn train --out wrote.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    onnx: Annotated[
        bool, typer.Option("--onnx/--no-onnx", help="Also write sketch.onnx and photo.onnx, pixels to embedding.")
    ] = True,
    backbone: Annotated[
        str | None, typer.Option(help="Where the same extractor is now.", show_default="where it was in training")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", rich_help_panel=RUN, help="Write into what is there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a run as safetensors, ONNX that equals torch, and a model card; the folder works as --run, too."""
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
