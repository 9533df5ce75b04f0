"""``pcmsn serve``: the web page of a gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pcmsn.cli.find import find_photos
from pcmsn.cli.options import GalleryRun
from pcmsn.cli.serving import serve_gallery

ACCESS = "Access"


def serve(
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="[GALLERY|FOLDER]", help="A gallery, as --gallery, or a folder of photos, as for pcmsn find."
        ),
    ] = None,
    gallery: Annotated[
        str | None,
        typer.Option("--gallery", help="The gallery: a file, or milvus://HOST:PORT/NAME for one on a Milvus server."),
    ] = None,
    run: GalleryRun = None,
    host: Annotated[
        str,
        typer.Option(rich_help_panel=ACCESS, help="Address to listen on; any that other machines reach needs --token."),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            rich_help_panel=ACCESS, min=0, max=65535, metavar="PORT", help="Port to listen on; 0 takes a free one."
        ),
    ] = 8008,
    token: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=ACCESS, help="Password that clients must show; auto makes a new one.", show_default="none"
        ),
    ] = None,
    no_auth: Annotated[
        bool,
        typer.Option("--no-auth", rich_help_panel=ACCESS, help="Let in everybody who reaches --host, without a token."),
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(rich_help_panel=ACCESS, help="Another name by which the page is reached; repeatable."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Serve a page on which a sketch finds photos; Ctrl-C stops it."""
    from pcmsn.serve.settings import ServeSettings, make_token

    if (place is None) == (gallery is None):
        raise typer.BadParameter("name one gallery or one folder of photos")
    if place is not None and Path(place).expanduser().is_dir():
        if token or no_auth or allow_host or host != "127.0.0.1":
            raise typer.BadParameter("a folder is served to this machine alone; index it, then serve its gallery")
        find_photos([Path(place)], run, port=port, open_page=open_)
        return
    settings = ServeSettings(
        host=host,
        port=port,
        token=make_token() if token == "auto" else token,
        no_auth=no_auth,
        allowed_hosts=tuple(allow_host or ()),
    )
    serve_gallery(gallery or place or "", run, settings, open_page=open_)
