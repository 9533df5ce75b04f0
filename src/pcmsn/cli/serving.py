"""A gallery is served, and the page's address is printed; shared by the commands that end with the page."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmsn.gallery.gallery import Gallery
    from pcmsn.gallery.updating import UpdateState
    from pcmsn.serve.settings import ServeSettings


def serve_gallery(gallery: str, run: Path | None, settings: ServeSettings, *, open_page: bool = False) -> None:
    """Serve until Ctrl-C, and print the address to open once the server answers there."""
    from pcmsn.gallery.gallery import Gallery

    with Gallery.open(gallery, run=run, create=False) as opened:
        serve_opened(opened, settings, open_page=open_page)


def serve_opened(
    gallery: Gallery,
    settings: ServeSettings,
    *,
    open_page: bool,
    update: Callable[[], UpdateState] | None = None,
) -> None:
    """Serve an open gallery until Ctrl-C; ``update`` says how far its own update got."""
    from pcmsn.serve.server import serve as serve_until_stopped
    from pcmsn.serve.settings import is_loopback

    def listening(address: str) -> None:
        typer.echo(address)
        typer.echo(f"{len(gallery.store):,} photos. Ctrl-C stops the server.", err=True)
        if not is_loopback(settings.host):
            typer.echo("pcmsn: note: what is sent is not encrypted; use this in a network that you trust", err=True)
        if open_page:
            # a browser in a terminal would hold the server
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    serve_until_stopped(gallery, settings, on_listening=listening, update=update)
    typer.echo("stopped", err=True)
