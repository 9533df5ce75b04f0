"""What the page says when the server refuses, is away or does not know it; the drawing is never lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from page_server import Served, darkness, draw_bar, draw_line, nearest_label, serving, wait_for_search

from pcmsn.serve.settings import ServeSettings

pytest_plugins = ["page_fixtures"]

TOKEN = "a-token-of-the-tests"


@pytest.mark.parametrize(
    ("status", "headers", "text"),
    [
        (429, {"retry-after": "1"}, "That was more than the server takes at once. Trying again by itself."),
        (503, {"retry-after": "1"}, "The server is busy or just starting. Trying again by itself."),
    ],
)
def test_a_busy_server_is_asked_again_by_itself(
    visit: Any, shapes_server: Served, status: int, headers: dict[str, str], text: str
) -> None:
    page = visit(refusals=True)
    page.locator("#photos li").first.wait_for()
    shapes_server.weather.answers[:] = [(status, headers)]
    draw_line(page, (0.1, 0.5), (0.9, 0.5))
    page.locator("#notice-text", has_text=text).wait_for()
    wait_for_search(page)
    assert page.locator("#notice").is_hidden()
    assert darkness(page) > 0


@pytest.mark.parametrize(
    ("status", "text", "can_retry"),
    [
        (413, "The picture is too large for the server. Your drawing is kept.", False),
        (415, "The server cannot use this: ordered by a test", False),
        (422, "The server cannot use this: ordered by a test", False),
        (500, "The server answers with an error (500): ordered by a test Your drawing is kept.", True),
    ],
)
def test_a_refusal_is_said_and_the_next_stroke_searches_again(
    visit: Any, shapes_server: Served, status: int, text: str, can_retry: bool
) -> None:
    page = visit(refusals=True)
    page.locator("#photos li").first.wait_for()
    shapes_server.weather.answers[:] = [(status, {})]
    draw_line(page, (0.1, 0.46), (0.9, 0.46))
    page.wait_for_function("() => document.getElementById('notice-text').textContent !== ''")
    assert page.locator("#notice-text").text_content() == text
    assert page.locator("#notice-retry").is_visible() is can_retry
    if can_retry:
        page.locator("#notice-retry").click()
    else:
        draw_bar(page)
    wait_for_search(page)
    assert nearest_label(page) == "bar"
    assert page.locator("#notice").is_hidden()


def test_a_server_that_is_away_is_waited_for(visit: Any) -> None:
    page = visit(refusals=True)
    page.locator("#photos li").first.wait_for()
    page.context.set_offline(True)
    draw_bar(page)
    page.locator("#notice-text", has_text="The server does not answer. Your drawing is kept.").wait_for()
    assert page.locator("#photos li").count() == 60
    page.context.set_offline(False)
    page.locator("#notice-retry").click()
    wait_for_search(page)
    assert nearest_label(page) == "bar"


def test_the_token_opens_the_page_once_and_leaves_the_address(visit: Any, shapes_gallery: Path) -> None:
    with serving(shapes_gallery, ServeSettings(token=TOKEN)) as served:
        stranger = visit(served.address, refusals=True)
        stranger.locator("#notice-text", has_text="Open the address that it printed when it started").wait_for()
        draw_line(stranger, (0.1, 0.5), (0.9, 0.5))
        drawn = darkness(stranger)
        stranger.goto(f"{served.address}?token={TOKEN}")
        wait_for_search(stranger)
        assert darkness(stranger) == pytest.approx(drawn, rel=0.02)
        assert stranger.url == served.address
        stranger.reload()
        wait_for_search(stranger)
