"""What the tests of the server share: a small gallery in a file, a client for it, sketches as files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from stand_in_embedder import StandInEmbedder

from pcmsn.gallery.embedder import PhotoSource
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.serve.page_files import PageFile
from pcmsn.serve.settings import Limits, ServeSettings

ADDRESS = "http://127.0.0.1:8008"
PAGE = {
    "index.html": PageFile(b"<!doctype html><title>page</title>", "text/html; charset=utf-8", "1"),
    "page.js": PageFile(b"// page", "text/javascript; charset=utf-8", "2"),
}
ROOMY = Limits(searches_per_second=1000, searches_at_once=100_000, requests_per_second=1000, requests_at_once=100_000)
"""Limits that the tests of other things do not meet."""


@dataclass
class OpenedGallery:
    """As the facade: a store and the model for it."""

    store: Any
    embedder: Any


def bar(number: int, *, standing: bool = False, side: int = 64) -> Image.Image:
    """A dark bar on white, moved by its number."""
    picture = Image.new("RGB", (side, side), "white")
    place = side // 4 + 3 * number
    box = (place, 4, place + 8, side - 4) if standing else (4, place, side - 4, place + 8)
    ImageDraw.Draw(picture).rectangle(box, fill=(20, 20, 40 + number))
    return picture


def write_photos(folder: Path) -> list[PhotoSource]:
    """Six photos: lying bars, standing bars, and two without a label, one of them a TIFF."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = []
    for number in range(2):
        for label, standing in (("lying", False), ("standing", True), ("", number == 0)):
            path = folder / f"{label or 'plain'}-{number}{'.tif' if number and not label else '.png'}"
            bar(number + 2 * (not label), standing=standing).save(path)
            sources.append(PhotoSource(path, label))
    return sources


def gallery_file(folder: Path, sources: list[PhotoSource]) -> Path:
    """A gallery with these photos."""
    target = folder / "bars.gallery"
    embedder = StandInEmbedder()
    with SqliteStore.open(str(target), identity=embedder.identity, writable=True) as store:
        store.upsert(embedder.embed_photos(sources).photos)
    return target


@contextmanager
def open_gallery(folder: Path) -> Iterator[OpenedGallery]:
    """Six photos in a gallery that is open for reading."""
    with SqliteStore.open(str(gallery_file(folder, write_photos(folder / "photos")))) as store:
        yield OpenedGallery(store, StandInEmbedder())


@contextmanager
def client_of(gallery: OpenedGallery, settings: ServeSettings | None = None, **options: Any) -> Iterator[Any]:
    """A client of the application, without a network between."""
    from fastapi.testclient import TestClient

    from pcmsn.serve.app import create_app

    app = create_app(gallery.store, gallery.embedder, settings or ServeSettings(limits=ROOMY), page=PAGE)
    with TestClient(app, base_url=ADDRESS, follow_redirects=False, raise_server_exceptions=False, **options) as client:
        yield client


def png(picture: Image.Image, **options: Any) -> bytes:
    """A picture as a PNG file."""
    return encoded(picture, "PNG", **options)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file."""
    written = BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def post(client: Any, content: bytes, kind: str = "image/png", **parameters: Any) -> Any:
    """Search for a sketch."""
    return client.post("/api/search", content=content, headers={"content-type": kind}, params=parameters)
