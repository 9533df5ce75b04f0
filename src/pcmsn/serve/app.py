"""The web application of a gallery; can be imported without the extra ``search``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pcmsn.errors import ServerError
from pcmsn.gallery.embedder import Embedder
from pcmsn.gallery.store import GalleryStore
from pcmsn.gallery.updating import UpdateState
from pcmsn.serve.page_files import PageFile, read_page_files
from pcmsn.serve.settings import ServeSettings

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(
    store: GalleryStore,
    embedder: Embedder,
    settings: ServeSettings,
    *,
    page: Mapping[str, PageFile] | None = None,
    update: Callable[[], UpdateState] | None = None,
) -> FastAPI:
    """The application that serves a gallery's page and API; ``page`` is the package's own when it is None.

    ``update`` says how far the gallery's own update got; None where nothing updates it.

    Raises ServerError where the extra ``search`` is not installed, or the embedder is not of the gallery's model.
    """
    from pcmsn.serve.application import build
    from pcmsn.serve.services import Services

    if embedder.identity.fingerprint != store.identity.fingerprint:
        raise ServerError(
            f"the gallery was made by {store.identity.name!r}, got another model, {embedder.identity.name!r}; serve it "
            "with the run that made it, or index the photos again with pcmsn index"
        )
    files = read_page_files() if page is None else page
    return build(Services(store, embedder, settings.limits, files, update), settings)
