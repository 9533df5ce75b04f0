"""Fixtures of the tests of the page: a server of shapes, and a browser that visits it; a plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from page_server import Served, build_gallery, serving


@pytest.fixture(scope="session")
def shapes_gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_gallery(tmp_path_factory.mktemp("shapes"))


@pytest.fixture(scope="module")
def shapes_server(shapes_gallery: Path) -> Iterator[Served]:
    with serving(shapes_gallery) as served:
        yield served


@pytest.fixture
def visit(headless_browser: Any, shapes_server: Served) -> Iterator[Callable[..., Any]]:
    """``visit(address, **options of the context)`` opens the page.

    Afterwards no request may have left the origin, and the console must be empty; failed answers show there by
    themselves, so that tests that order them give ``refusals=True``.
    """
    contexts, problems = [], []

    def open_page(address: str = shapes_server.address, *, refusals: bool = False, **options: Any) -> Any:
        context = headless_browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        origin = address.split("?")[0]

        def note_console(message: Any) -> None:
            if message.type in ("error", "warning") and not (refusals and "Failed to load resource" in message.text):
                problems.append(f"{message.type}: {message.text}")

        def note_request(request: Any) -> None:
            if not request.url.startswith((origin, "data:", "blob:")):
                problems.append(f"left the origin: {request.url}")

        page.on("console", note_console)
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        context.on("request", note_request)
        page.goto(address)
        return page

    shapes_server.weather.searches.clear()
    yield open_page
    for context in contexts:
        context.close()
    shapes_server.weather.answers.clear()
    shapes_server.weather.delays.clear()
    assert problems == []
