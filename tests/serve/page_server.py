"""What the tests of the page share: a small gallery of drawn shapes behind the real server, and a hand that draws."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from stand_in_embedder import StandInEmbedder

from pcmsn.gallery.embedder import PhotoSource
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.serve.app import create_app
from pcmsn.serve.settings import Limits, ServeSettings

SHAPES = ("bar", "box", "disc", "post")
PHOTOS_A_SHAPE = 20
SIDE = 96


def draw_shape(name: str, number: int) -> Image.Image:
    """A dark shape on a light ground, moved and tinted by its number: bar (lying), post (standing), box and disc."""
    picture = Image.new("RGB", (SIDE, SIDE), (255, 250 - number, 240 - number))
    pen, shift = ImageDraw.Draw(picture), number % 5
    ink = (20 + number, 20, 60)
    box = {"bar": (6, 42, 90, 54), "post": (42, 6, 54, 90), "box": (20, 20, 76, 76), "disc": (26, 26, 70, 70)}[name]
    left, top, right, bottom = (value + shift for value in box)
    if name == "disc":
        pen.ellipse((left, top, right, bottom), fill=ink)
    elif name == "box":
        pen.rectangle((left, top, right, bottom), outline=ink, width=8)
    else:
        pen.rectangle((left, top, right, bottom), fill=ink)
    return picture


def build_gallery(folder: Path, shapes: tuple[str, ...] = SHAPES) -> Path:
    """A gallery file of the shapes, labelled by name."""
    embedder, sources = StandInEmbedder(), []
    for name in shapes:
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(PHOTOS_A_SHAPE):
            path = folder / "photos" / name / f"{number:02d}.png"
            draw_shape(name, number).save(path)
            sources.append(PhotoSource(path, name))
    target = folder / "shapes.gallery"
    store = SqliteStore.open(str(target), identity=embedder.identity, writable=True)
    if sources:
        store.upsert(embedder.embed_photos(sources).photos)
    store.close()
    return target


@dataclass
class Weather:
    """What stands between the page and the server: troubles that a test orders, and what was asked."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """(status, headers) of the next searches, in place of the server's own answer."""
    delays: list[float] = field(default_factory=list)
    """Seconds that the next searches take longer."""
    searches: list[str] = field(default_factory=list)
    """The query strings of all searches."""
    sketches: list[bytes] = field(default_factory=list)
    """The first piece of the body of each search that reached the server: all of it, as it is small."""

    def over(self, app: Any) -> Any:
        """The application with this weather."""

        async def sky(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
            if scope["type"] == "http" and scope["path"] == "/api/search":
                self.searches.append(scope["query_string"].decode())
                if self.delays:
                    await asyncio.sleep(self.delays.pop(0))
                if self.answers:
                    await _refuse(send, *self.answers.pop(0))
                    return
                receive = self._noting(receive)
            await app(scope, receive, send)

        return sky

    def _noting(self, receive: Callable[..., Any]) -> Callable[..., Any]:
        async def noted() -> Any:
            message = await receive()
            if message.get("body"):
                self.sketches.append(message["body"])
            return message

        return noted


async def _refuse(send: Callable[..., Any], status: int, headers: dict[str, str]) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    content = [(b"content-type", b"application/json"), *pairs]
    await send({"type": "http.response.start", "status": status, "headers": content})
    await send({"type": "http.response.body", "body": b'{"error": "ordered by a test"}'})


@dataclass(frozen=True)
class Served:
    """A running server."""

    address: str
    weather: Weather


@contextmanager
def serving(gallery: Path, settings: ServeSettings | None = None) -> Iterator[Served]:
    """The real server of a gallery on a free port, in a thread, under a weather."""
    uvicorn = pytest.importorskip("uvicorn", reason="the page is served by the extra search")
    limits = Limits(searches_at_once=100_000, requests_at_once=100_000)
    weather, embedder = Weather(), StandInEmbedder()
    with SqliteStore.open(str(gallery)) as store, socket.create_server(("127.0.0.1", 0)) as listening:
        app = create_app(store, embedder, settings or ServeSettings(limits=limits))
        server = uvicorn.Server(uvicorn.Config(weather.over(app), log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}/", weather)
        server.should_exit = True
        thread.join()


def draw_line(page: Any, *points: tuple[float, float]) -> None:
    """Draw through points, given as shares of the paper's width and height, with the mouse."""
    box = page.locator("#canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def draw_bar(page: Any) -> None:
    """A thick lying bar, nearest to the photos of that shape."""
    for height in (0.46, 0.5, 0.54):
        draw_line(page, (0.08, height), (0.94, height))


def nearest_label(page: Any) -> str:
    """The label of the first photo."""
    return str(page.locator("#photos li span").first.text_content())


def darkness(page: Any) -> float:
    """Share of the paper that is inked, as it is seen."""
    return float(
        page.evaluate(
            """() => {
                const canvas = document.getElementById("canvas");
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                return data.filter((value, place) => place % 4 === 0 && value < 128).length / (data.length / 4);
            }"""
        )
    )


def wait_for_search(page: Any) -> None:
    """Until the photos of a search are there."""
    page.locator("#found-title", has_text="Nearest photos").wait_for()
