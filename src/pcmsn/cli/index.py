"""``pcmsn index``: photos into a gallery, and a gallery brought up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pcmsn.cli.options import RUN, BackboneNow, Device, GalleryAddress, GalleryRun, Json

if TYPE_CHECKING:
    from pcmsn.cli.display import Display
    from pcmsn.gallery.planning import IndexReport

SHOWN_UNREADABLE = 10


def index(
    photos: Annotated[list[Path], typer.Argument(help="Photos, and folders with photos.", show_default=False)],
    gallery: GalleryAddress,
    run: GalleryRun = None,
    label_from_folders: Annotated[
        bool, typer.Option("--label-from-folders", help="Label each photo with the name of the folder that it is in.")
    ] = False,
    label: Annotated[
        str | None, typer.Option(help="Label all these photos with this text.", show_default="labels stay as they are")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove from the gallery the photos below PHOTOS whose files are gone.")
    ] = False,
    prune_all: Annotated[
        bool, typer.Option("--prune-all", help="The same, even where not one photo is left, as on a disk that is away.")
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Leave out what has this name or path, such as 'cache*'; repeatable."),
    ] = None,
    list_skipped: Annotated[
        bool, typer.Option("--list-skipped", help="Name every file that was left out because of its kind.")
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
    """Put photos into a gallery, to be found by sketches; run it again to take up what has changed."""
    from pcmsn.cli.display import Display
    from pcmsn.gallery.gallery import Gallery
    from pcmsn.gallery.planning import label_from_folder

    if label_from_folders and label is not None:
        raise typer.BadParameter("pass --label or --label-from-folders, not both")
    with Display() as display:
        try:
            if run is not None:
                _export_once(run, device, backbone, display)
            with Gallery.open(gallery, run, device=device, backbone=backbone) as opened:
                _warn_of_the_toy_world(run or Path(opened.store.identity.run), display)
                labels = label_from_folder if label_from_folders else label
                report = opened.add(
                    photos,
                    labels,
                    prune=prune,
                    prune_all=prune_all,
                    exclude=exclude or (),
                    ray=ray,
                    progress=display.stage,
                )
                count = len(opened)
        except KeyboardInterrupt:
            display.note("stopped; what was indexed is kept. Run the same command again to continue")
            raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(_plain(report, gallery, count)))
    else:
        _print_report(report, gallery, count, list_skipped)


def _export_once(run: Path, device: str, backbone: str | None, display: Display) -> None:
    """Export a run folder, so that its photos are embedded and found without torch."""
    from pcmsn.errors import ConfigError, ExportError
    from pcmsn.gallery.loading import find_exported

    run = run.expanduser()
    if not (run / "run.json").is_file() or device not in ("auto", "cpu") or backbone is not None:
        return
    if find_exported(run) is None:
        from pcmsn.training.exporting.export import export_encoder

        try:
            export_encoder(run, note=display.note)
        except (ConfigError, ExportError) as error:  # without it, torch does the same more slowly
            display.note(f"note: {error}")


def _warn_of_the_toy_world(run: Path, display: Display) -> None:
    try:
        dataset = json.loads((run.expanduser() / "run.json").read_text(encoding="utf-8"))["dataset"]
    except (OSError, ValueError, KeyError):  # an exported model, or a run that only the nodes of a Ray cluster have
        return
    if dataset == "toyworld":
        display.note(
            f"note: {run} was trained on the drawn toy world and finds nothing among photographs; for those, train on "
            "photographs: pcmsn train --dataset Sketchy, or a folder of your own"
        )


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
    from pcmsn.gallery.walking import NOT_A_PICTURE, NOT_SUPPORTED

    typer.echo(
        f"{gallery}: {count:,} photos; {report.added:,} added, {report.updated:,} updated, {report.unchanged:,} "
        f"unchanged, {report.removed:,} removed, in {report.seconds:.1f} s"
    )
    if report.relabelled:
        typer.echo(f"  {report.relabelled:,} got another label")
    if report.missing:
        typer.echo(f"  {report.missing:,} photos are in the gallery whose files are gone; remove them with --prune")
    for reason in (NOT_SUPPORTED, NOT_A_PICTURE):
        suffixes = skipped_by_suffix(report.skipped, reason)
        if suffixes:
            counts = ", ".join(f"{number:,} {suffix}" for suffix, number in suffixes.items())
            typer.echo(f"  left out {counts}: {reason}")
    for path, reason in report.skipped:
        if list_skipped or reason not in (NOT_A_PICTURE, NOT_SUPPORTED):
            typer.echo(f"  left out {printable(path)}: {reason}")
    if report.unreadable:
        typer.echo(
            f"  {len(report.unreadable):,} pictures cannot be read; repair them, or save them as JPEG or PNG, and run "
            "this again:"
        )
        for path, reason in report.unreadable[:SHOWN_UNREADABLE]:
            typer.echo(f"    {printable(path)}: {reason}")
        if len(report.unreadable) > SHOWN_UNREADABLE:
            typer.echo(f"    and {len(report.unreadable) - SHOWN_UNREADABLE:,} more; --json has them all")
