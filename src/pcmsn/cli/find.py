"""``pcmsn find``: photos of folders, found by drawing, in one command."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pcmsn.gallery.gallery import Gallery


def find(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders with photos; without any, those of the last time.", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="A packaged model by its name, a folder that pcmsn export wrote, or a run folder.",
            show_default="everyday",
        ),
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(help="The file that keeps what is known of the photos.", show_default="in your data folder"),
    ] = None,
    forget: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Take this folder's photos out again; the files stay. Repeatable."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Port of the page; 0: a free one.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the page's address.")] = False,
) -> None:
    """Open a page on which a drawing finds the photos of your folders; Ctrl-C ends it and keeps all.

    One can draw at once: photos are taken in beside it, and come up as they are. The next time only what changed is
    taken in.
    """
    find_photos(folders or [], model, gallery, forget or [], port=port, open_page=not no_browser)


def find_photos(
    folders: list[Path],
    model: Path | None = None,
    gallery: Path | None = None,
    forget: list[Path] | None = None,
    *,
    port: int = 0,
    open_page: bool = True,
) -> None:
    """Serve a gallery while it takes in what is new in folders. Raises GalleryError for folders that are not there."""
    from pcmsn.data.atomic import write_text_atomically
    from pcmsn.errors import GalleryError
    from pcmsn.gallery.gallery import Gallery

    location = gallery or user_data_folder() / "photos.gallery"
    kept = location.with_name(f"{location.name}.folders.json")
    wanted = _all_folders(folders, kept, forget or [])
    if not wanted and not forget:
        raise GalleryError("no folder with photos is known yet; name one: pcmsn find ~/Pictures")
    location.parent.mkdir(parents=True, exist_ok=True)
    with Gallery.open(location, model) as opened:
        for folder in forget or []:
            _forget(opened, folder)
        write_text_atomically(kept, json.dumps([str(folder) for folder in wanted], indent=1))
        _serve_and_update(opened, wanted, port, open_page)


def user_data_folder() -> Path:
    """The folder of this person's own data, by the custom of the system; ``PCMSN_DATA`` names another."""
    if own := os.environ.get("PCMSN_DATA"):
        return Path(own)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "pcmsn"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "pcmsn"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "pcmsn"


def _all_folders(folders: list[Path], kept: Path, forget: list[Path]) -> list[Path]:
    """The folders of before and these, without those to be forgotten. Raises GalleryError for one that is not there."""
    from pcmsn.errors import GalleryError

    new = [folder.expanduser().resolve() for folder in folders]
    for folder in new:
        if not folder.exists():
            raise GalleryError(f"there is no folder {folder}; check the path")
    try:
        before = [Path(folder) for folder in json.loads(kept.read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        before = []
    without = {folder.expanduser().resolve() for folder in forget}
    return [folder for folder in dict.fromkeys([*before, *new]) if folder not in without]


def _forget(gallery: Gallery, folder: Path) -> None:
    from pcmsn.gallery.opening import open_store

    below = str(folder.expanduser().resolve()).rstrip(os.sep) + os.sep
    gone = [file.photo_id for file in gallery.store.known_files() if file.path.startswith(below)]
    with open_store(gallery.store.location, identity=gallery.store.identity, writable=True) as writer:
        count = writer.delete(gone)
    typer.echo(f"{count:,} photos of {folder} were taken out; the files are as they were", err=True)


def _serve_and_update(gallery: Gallery, folders: list[Path], port: int, open_page: bool) -> None:
    from pcmsn.cli.printing import printable
    from pcmsn.cli.serving import serve_opened
    from pcmsn.gallery.updating import Updater
    from pcmsn.serve.settings import ServeSettings

    # A disk that is away keeps its photos in the gallery.
    here = [folder for folder in folders if folder.exists()]
    for folder in folders:
        if folder not in here:
            typer.echo(f"{printable(folder)} is away now; its photos stay as they are", err=True)
    updater = Updater(gallery, here)
    if here:
        updater.start()
    try:
        serve_opened(gallery, ServeSettings(port=port), open_page=open_page, update=lambda: updater.state)
    finally:
        updater.stop()
    if (report := updater.report) is not None:
        left_out = f", {len(report.unreadable):,} could not be read" if report.unreadable else ""
        typer.echo(f"{report.added:,} photos were added, {report.updated:,} updated{left_out}", err=True)
    elif updater.state.stage == "failed":
        typer.echo(f"pcmsn: {updater.state.detail}", err=True)
