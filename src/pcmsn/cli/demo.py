"""``pcmsn demo``: the main job on the built-in toy world."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from pcmsn.cli.options import Device, Json


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything that is written.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Seed of the extractor and of the training.")] = 0,
    device: Device = "auto",
    serve: Annotated[
        bool, typer.Option("--serve", help="At the end, serve a page for drawing that finds the unseen photos.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draw a toy data set, train on its seen classes, test on the unseen ones; needs no download."""
    from pcmsn.cli.display import Display, TrainingDisplay
    from pcmsn.cli.serving import serve_gallery
    from pcmsn.cli.tables import chance_note, print_scores
    from pcmsn.gallery.demonstration import demo_gallery
    from pcmsn.serve.settings import ServeSettings
    from pcmsn.training.demonstration import demonstrate

    if serve and as_json:
        raise typer.BadParameter("pass --serve or --json, not both")
    with Display() as display:
        found = demonstrate(
            out,
            seed=seed,
            device=device,
            progress=display.stage,
            note=display.note,
            observer=lambda config: TrainingDisplay(display, config.training, config.preset),
        )
        gallery = demo_gallery(out, found.run, display.stage)
    if as_json:
        tables = {
            protocol: {name: scores.to_dict() for name, scores in rows.items()}
            for protocol, rows in found.tables.items()
        }
        facts = {"statement": found.statement, "picture": str(found.picture), "gallery": str(gallery)}
        typer.echo(json.dumps({**facts, **tables}))
        return
    for protocol, rows in found.tables.items():
        print_scores(
            f"Toy world, {protocol} classes, never seen in training (sem-pcyc metrics)",
            list(rows.items()),
            [chance_note(found.chance[protocol])],
        )
    typer.echo(f"\n{found.statement}\nThese scores say that the pipeline works, and nothing about real pictures.")
    program = _program()
    typer.echo(f"picture: {found.picture}\nrun:     {found.run} ({program} test --run {found.run})")
    typer.echo(
        f"Draw, and find photos of the unseen classes: run {program} serve --gallery {gallery}, and open the address "
        "that it prints in a browser.\n"
        f"Your own photos: {program} find ~/Pictures. Your own research: README.md, Train and test on Sketchy."
    )
    if serve:
        serve_gallery(str(gallery), None, ServeSettings())


def _program() -> str:
    """What to type for this program: ``pcmsn`` alone is often not on the path, as after ``make demo``."""
    if shutil.which("pcmsn"):
        return "pcmsn"
    return sys.argv[0] if Path(sys.argv[0]).name == "pcmsn" else f"{sys.executable} -m pcmsn"
