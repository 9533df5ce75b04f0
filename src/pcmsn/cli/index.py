"""``pcmsn index``: photos into a gallery, and a gallery brought up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.options import RUN, Device, Json

if TYPE_CHECKING:
    from pcmsn.gallery.planning import IndexReport

SHOWN_UNREADABLE = 10

Gallery = Annotated[
    str, typer.Option(help="The gallery: a file, or milvus://HOST:PORT/NAME for one on a Milvus server.")
]
RunFolder = Annotated[
    Path | None,
    typer.Option(
        help="The run whose model is used, as pcmsn train --out wrote it.", show_default="the run that made the gallery"
    ),
]
BackboneNow = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=RUN, help="Where the run's extractor is now.", show_default="where it was in training"
    ),
]


def index(
    photos: Annotated[list[Path], typer.Argument(help="Photos, and folders with photos.", show_default=False)],
    gallery: Gallery,
    run: RunFolder = None,
    label_from_folders: Annotated[
        bool, typer.Option("--label-from-folders", help="Label each photo with the name of the folder that it is in.")
    ] = False,
    label: Annotated[
        str | None, typer.Option(help="Label all these photos so.", show_default="labels stay as they are")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove photos below PHOTOS whose files are gone from the gallery.")
    ] = False,
    list_skipped: Annotated[
        bool, typer.Option("--list-skipped", help="Name every file that is left out because it is no picture.")
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=RUN,
            help="Embed on a Ray cluster: its HOST:PORT, auto for this machine's, or local for a new one here.",
            show_default="this process alone",
        ),
    ] = None,
    backbone: BackboneNow = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Put photos into a gallery, to be found by sketches; the same command later takes up what changed."""
    from pcmsn.cli.display import Display
    from pcmsn.gallery.gallery import Gallery
    from pcmsn.gallery.planning import label_from_folder

    if label_from_folders and label is not None:
        raise typer.BadParameter("pass --label or --label-from-folders, not both")
    with Display() as display:
        try:
            with Gallery.open(gallery, run, device=device, backbone=backbone) as opened:
                labels = label_from_folder if label_from_folders else label
                report = opened.add(photos, labels, prune=prune, ray=ray, progress=display.stage)
                count = len(opened)
        except KeyboardInterrupt:
            display.note("stopped; what was indexed is kept. Run the same command again to continue")
            raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(_plain(report, gallery, count)))
    else:
        _print_report(report, gallery, count, list_skipped)


def _plain(report: IndexReport, gallery: str, count: int) -> dict[str, Any]:
    return {
        "gallery": gallery,
        "photos": count,
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "relabelled": report.relabelled,
        "removed": report.removed,
        "missing": report.missing,
        "skipped": [{"path": str(path), "reason": reason} for path, reason in report.skipped],
        "unreadable": [{"path": str(path), "reason": reason} for path, reason in report.unreadable],
        "seconds": round(report.seconds, 3),
    }


def _print_report(report: IndexReport, gallery: str, count: int, list_skipped: bool) -> None:
    from pcmsn.cli.printing import printable
    from pcmsn.gallery.planning import skipped_by_suffix

    typer.echo(
        f"{gallery}: {count:,} photos; {report.added:,} added, {report.updated:,} updated, {report.unchanged:,} "
        f"unchanged, {report.removed:,} removed, in {report.seconds:.1f} s"
    )
    if report.relabelled:
        typer.echo(f"  {report.relabelled:,} got another label")
    if report.missing:
        typer.echo(f"  {report.missing:,} photos are in the gallery whose files are gone; remove them with --prune")
    suffixes = skipped_by_suffix(report.skipped)
    if suffixes:
        named = ", ".join(f"{number:,} {suffix}" for suffix, number in suffixes.items())
        typer.echo(f"  {sum(suffixes.values()):,} files that are no pictures were left out: {named}")
    for path, reason in report.skipped:
        if list_skipped or reason != "not a picture":
            typer.echo(f"  left out {printable(path)}: {reason}")
    if report.unreadable:
        typer.echo(
            f"  {len(report.unreadable):,} pictures can not be read; repair them, or save them as JPEG or PNG, and run "
            "this again:"
        )
        for path, reason in report.unreadable[:SHOWN_UNREADABLE]:
            typer.echo(f"    {printable(path)}: {reason}")
        if len(report.unreadable) > SHOWN_UNREADABLE:
            typer.echo(f"    and {len(report.unreadable) - SHOWN_UNREADABLE:,} more; --json has them all")
