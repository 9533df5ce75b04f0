"""``pcmsn models``: the models that come with the package."""

from __future__ import annotations

import json

import typer

from pcmsn.cli.options import Json


def models(as_json: Json = False) -> None:
    """List the models that come with the package, for --model of find, index, search and serve."""
    from pcmsn.encoders.encoder import PACKAGED, packaged_encoders, read_description

    found = []
    for name in packaged_encoders():
        folder = PACKAGED / name
        description = read_description(folder)
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
        found.append(
            {
                "name": name,
                "dim": description.dim,
                "megabytes": round(size / 1e6, 1),
                "fingerprint": description.fingerprint,
                "card": str(folder / "README.md"),
            }
        )
    if as_json:
        typer.echo(json.dumps(found))
        return
    for model in found:
        typer.echo(
            f"{model['name']}: {model['dim']} numbers per picture, {model['megabytes']} MB; card: {model['card']}"
        )
