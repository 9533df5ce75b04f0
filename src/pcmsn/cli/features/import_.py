"""``pcmsn features import``: ready-made features of both modalities, checked, in the form that training reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import Json, Overwrite

if TYPE_CHECKING:
    from pcmsn.features.importing import Imported

NAMES = "Names"


def import_(
    sketches: Annotated[
        Path,
        typer.Option(
            help="Features of sketches: an .npz with features and names, an .npy, or what pcmsn features extract wrote."
        ),
    ],
    photos: Annotated[Path, typer.Option(help="Features of photos, in the same forms.")],
    out: Annotated[Path, typer.Option(help="Folder for sketch.npz and photo.npz.")],
    sketch_names: Annotated[
        Path | None, typer.Option(rich_help_panel=NAMES, help="Text file with one name a line, in the rows' order.")
    ] = None,
    photo_names: Annotated[Path | None, typer.Option(rich_help_panel=NAMES, help="The same for photos.")] = None,
    sketch_labels: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=NAMES, help="Text file with one class a line, where names do not end in <class>/<file>."
        ),
    ] = None,
    photo_labels: Annotated[Path | None, typer.Option(rich_help_panel=NAMES, help="The same for photos.")] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Bring in features that were computed elsewhere, for --backbone features:FOLDER; no picture needs to be here."""
    from pcmsn.features.importing import Given, import_pair

    imported = import_pair(
        Given(features=sketches, names=sketch_names, labels=sketch_labels),
        Given(features=photos, names=photo_names, labels=photo_labels),
        out,
        overwrite=overwrite,
    )
    if as_json:
        typer.echo(json.dumps({modality: found.to_dict() for modality, found in imported.items()}))
        return
    sketch, photo = imported["sketch"], imported["photo"]
    for side, found, other in (("sketch", sketch, photo), ("photo", photo, sketch)):
        typer.echo(_line(side, found))
        alone = found.only_here(other)
        if alone:
            typer.echo(f"  only {side} features have {', '.join(alone[:5])}{' and more' if len(alone) > 5 else ''}")
    typer.echo(f"train with: pcmsn train --backbone features:{out} --dataset NAME")


def _line(modality: str, found: Imported) -> str:
    return (
        f"{modality}: {found.rows:,} features of {found.feature_dim} values, {len(found.classes)} classes, fingerprint "
        f"{found.fingerprint[:16]}, in {found.path}"
    )
