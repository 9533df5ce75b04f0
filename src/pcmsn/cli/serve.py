"""``pcmsn serve``: the web page of a gallery."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pcmsn.cli.options import GalleryAddress, GalleryRun

if TYPE_CHECKING:
    from pcmsn.serve.settings import ServeSettings

ACCESS = "Access"


def serve(
    gallery: GalleryAddress,
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
    from pcmsn.serve.extra import require_search_extra
    from pcmsn.serve.settings import ServeSettings, make_token

    require_search_extra()
    settings = ServeSettings(
        host=host,
        port=port,
        token=make_token() if token == "auto" else token,
        no_auth=no_auth,
        allowed_hosts=tuple(allow_host or ()),
    )
    serve_gallery(gallery, run, settings, open_page=open_)


def serve_gallery(gallery: str, run: Path | None, settings: ServeSettings, *, open_page: bool = False) -> None:
    """Serve until Ctrl-C, and print the address to open once the server answers there."""
    from pcmsn.gallery.gallery import Gallery
    from pcmsn.serve.server import serve as serve_until_stopped
    from pcmsn.serve.settings import is_loopback

    opened = Gallery.open(gallery, run=run, create=False)

    def listening(address: str) -> None:
        typer.echo(address)
        typer.echo(f"{len(opened.store):,} photos. Ctrl-C stops the server.", err=True)
        if not is_loopback(settings.host):
            typer.echo("pcmsn: note: what is sent is not encrypted; use this in a network that you trust", err=True)
        if open_page:
            # a browser in a terminal would hold the server
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    try:
        serve_until_stopped(opened, settings, on_listening=listening)
    finally:
        opened.close()
    typer.echo("stopped", err=True)
