"""A gallery's server: a socket, uvicorn on it, and the address to open."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from pcmsn.errors import ServerError
from pcmsn.gallery.embedder import Embedder
from pcmsn.gallery.store import GalleryStore
from pcmsn.gallery.updating import UpdateState
from pcmsn.serve.app import create_app
from pcmsn.serve.gate import LARGEST_HEAD
from pcmsn.serve.settings import ServeSettings

if TYPE_CHECKING:
    import uvicorn

SECONDS_TO_FINISH = 5
EVERYWHERE = ("0.0.0.0", "::", "")


class OpenGallery(Protocol):
    """A gallery with what searches it."""

    @property
    def store(self) -> GalleryStore:
        """Its photos."""

    @property
    def embedder(self) -> Embedder:
        """Its model."""


def serve(
    gallery: OpenGallery,
    settings: ServeSettings,
    *,
    on_listening: Callable[[str], None] = lambda address: None,
    update: Callable[[], UpdateState] | None = None,
) -> None:
    """Serve a gallery until Ctrl-C (or SIGTERM); searches that run are finished.

    ``update`` says how far the gallery's own update got, for the page. ``on_listening`` gets the address to open, with
    the token, as soon as the server answers there.
    Raises ServerError for an address that cannot be listened on, and where the extra ``search`` is not installed.
    """
    listening = _listen(settings)
    try:
        address = page_address(settings, listening.getsockname()[1])
        server = _server(gallery, settings, lambda: on_listening(address), update)
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:  # uvicorn repeats the signal when everything is finished
            return
    finally:
        listening.close()


@contextmanager
def running(gallery: OpenGallery, settings: ServeSettings) -> Iterator[str]:
    """A server in a thread of its own, for as long as the block; gives the address to open."""
    listening = _listen(settings)
    started = threading.Event()
    server = _server(gallery, settings, started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="pcmsn-server", daemon=True)
    address = page_address(settings, listening.getsockname()[1])
    thread.start()
    try:
        while not started.wait(0.05):
            if not thread.is_alive():
                raise ServerError("the server ended while it started; its log says why")
        yield address
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def page_address(settings: ServeSettings, port: int) -> str:
    """The address that opens the page, with the token if there is one."""
    host = socket.gethostname() if settings.host in EVERYWHERE else settings.host
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/" + (f"?token={settings.token}" if settings.token else "")


def _listen(settings: ServeSettings) -> socket.socket:
    """A bound socket; its port is known before the server starts."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ServerError(
            f"--host {settings.host}: {error.strerror or error}; expected an address of this machine"
        ) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise ServerError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}; choose another port "
            "with --port, or a free one with --port 0"
        ) from error
    return listening


def _server(
    gallery: OpenGallery,
    settings: ServeSettings,
    on_listening: Callable[[], None],
    update: Callable[[], UpdateState] | None = None,
) -> uvicorn.Server:
    import uvicorn

    from pcmsn.serve.protocol import impatient

    class Server(uvicorn.Server):
        """Says when it listens."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_listening()

    app = create_app(gallery.store, gallery.embedder, settings, update=update)
    try:
        app.state.services.desk.warm_up()
    except BaseException:
        app.state.services.close()
        raise
    return Server(
        uvicorn.Config(
            app,
            http=impatient(settings.limits.header_seconds, settings.limits.connections),
            ws="none",
            lifespan="on",
            log_level="error",  # strangers must not fill the log
            access_log=False,  # addresses may hold the token
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=2 * LARGEST_HEAD,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )
    )
