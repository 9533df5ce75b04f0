"""The page's paper, in a real browser: strokes, undo, eraser, pictures, keys, touch, reload."""

from __future__ import annotations

import base64
import re
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_server import Served, darkness, draw_bar, draw_line, draw_shape, nearest_label, wait_for_search
from PIL import Image

pytest_plugins = ["page_fixtures"]


def png_of(name: str) -> bytes:
    written = BytesIO()
    draw_shape(name, 0).save(written, "PNG")
    return written.getvalue()


def test_a_drawing_brings_its_photos_nearest_first(visit: Any) -> None:
    page = visit()
    page.locator("#photos li").first.wait_for()
    assert page.locator("#found-title").text_content() == "From the gallery"
    assert page.locator("#invitation").is_visible()
    draw_bar(page)
    wait_for_search(page)
    assert nearest_label(page) == "bar"
    assert re.fullmatch(r"60 of 80 · \d+ ms", page.locator("#found-count").text_content())
    assert page.locator("#invitation").is_hidden()
    page.locator("#announcement", has_text="60 photos. Nearest: bar, bar, bar.").wait_for(state="attached")


def test_an_empty_paper_suggests_labels_to_draw_and_ink_hides_them(visit: Any) -> None:
    page = visit()
    suggestion = page.locator("#suggestion")
    suggestion.wait_for()
    assert suggestion.text_content() == "Try: bar, disc, post"
    draw_bar(page)
    wait_for_search(page)
    assert suggestion.is_hidden()
    page.keyboard.press("Delete")
    suggestion.wait_for()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["", "bee"], ["bee"]),
        (["alarm_clock", "cow", "rose", "shark", "tree", "zebra"], ["cow", "shark", "zebra"]),
        (["2024-07", "IMG 1", "a name that nobody would draw in a hurry", "alarm_clock"], ["alarm clock"]),
        (["2024", "2025"], []),
    ],
)
def test_only_labels_that_name_something_to_draw_are_suggested(
    visit: Any, labels: list[str], expected: list[str]
) -> None:
    suggested = visit().evaluate(
        "async (labels) => (await import('/static/labels.js')).suggestionsOf(labels.map((label) => ({ label })))",
        labels,
    )
    assert suggested == expected


def test_what_is_sent_is_a_png_of_the_whole_paper_on_white(visit: Any, shapes_server: Served) -> None:
    page = visit()
    draw_line(page, (0.25, 0.5), (0.75, 0.5))
    wait_for_search(page)
    picture = Image.open(BytesIO(shapes_server.weather.sketches[-1]))
    assert (picture.format, picture.size) == ("PNG", (384, 384))
    assert picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
    assert picture.convert("L").getpixel((192, 192)) < 60
    assert shapes_server.weather.searches[-1] == "k=60&fit=ink&mode=exact"


@pytest.mark.parametrize("width", ["4", "80"])
def test_what_is_sent_is_fitted_and_has_lines_of_one_width(visit: Any, shapes_server: Served, width: str) -> None:
    """A corner drawn small, in a corner, thin or thick, is sent as the same corner drawn large."""
    page = visit()
    page.locator("#width").fill(width)
    draw_line(page, (0.82, 0.82), (0.94, 0.82))
    wait_for_search(page)
    draw_line(page, (0.82, 0.82), (0.82, 0.94))
    page.wait_for_timeout(100)
    page.wait_for_function("() => document.getElementById('photos').getAttribute('aria-busy') === 'false'")
    sent = np.asarray(Image.open(BytesIO(shapes_server.weather.sketches[-1])).convert("L")) < 128
    rows, columns = np.flatnonzero(sent.any(axis=1)), np.flatnonzero(sent.any(axis=0))
    edges = [rows[0], 383 - rows[-1], columns[0], 383 - columns[-1]]
    assert max(abs(edge + 384 / 112 - 24) for edge in edges) <= 2  # half of the line lies in the margin of 24 pixels
    assert abs(sent[200].sum() - 384 / 56) <= 1.5 and abs(sent[:, 200].sum() - 384 / 56) <= 1.5


def test_the_whole_sheet_is_sent_as_it_is_where_it_is_asked_for(visit: Any, shapes_server: Served) -> None:
    page = visit()
    page.locator("#options").click()
    page.locator("#fit").select_option("whole")
    draw_line(page, (0.8, 0.8), (0.9, 0.9))
    wait_for_search(page)
    sent = np.asarray(Image.open(BytesIO(shapes_server.weather.sketches[-1])).convert("L")) < 128
    assert sent.any() and np.argwhere(sent).min() > 290


def test_of_two_answers_only_the_newest_is_shown(visit: Any, shapes_server: Served) -> None:
    page = visit()
    draw_bar(page)
    wait_for_search(page)
    page.wait_for_timeout(300)
    shapes_server.weather.delays[:] = [1.2]
    page.keyboard.press("Delete")
    draw_line(page, (0.1, 0.5), (0.9, 0.5))
    page.wait_for_timeout(100)
    page.keyboard.press("Delete")
    for x in (0.46, 0.5, 0.54):
        draw_line(page, (x, 0.08), (x, 0.94))
    page.wait_for_function("() => document.querySelector('#photos li span').textContent === 'post'")
    page.wait_for_timeout(1400)
    assert nearest_label(page) == "post"


def test_strokes_quicker_than_the_server_end_in_the_answer_to_the_last(visit: Any, shapes_server: Served) -> None:
    page = visit()
    shapes_server.weather.delays[:] = [0.3] * 20
    started = time.monotonic()
    for height in (0.2, 0.3, 0.4, 0.5, 0.6):
        draw_line(page, (0.3, height), (0.7, height))
    with page.expect_response("**/api/search?*"):
        pass
    page.wait_for_function("() => document.getElementById('photos').getAttribute('aria-busy') === 'false'")
    assert time.monotonic() - started < 8
    assert 2 <= len(shapes_server.weather.searches) <= 8
    assert darkness(page) > 0.01


def test_undo_redo_and_clear(visit: Any) -> None:
    page = visit()
    draw_line(page, (0.2, 0.3), (0.8, 0.3))
    one = darkness(page)
    draw_line(page, (0.2, 0.6), (0.8, 0.6))
    two = darkness(page)
    assert 0 < one < two
    page.locator("#undo").click()
    assert darkness(page) == pytest.approx(one, rel=0.02)
    page.locator("#redo").click()
    assert darkness(page) == pytest.approx(two, rel=0.02)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert darkness(page) == 0 and page.locator("#undo").is_disabled()
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+y")
    page.locator("#clear").click()
    assert darkness(page) == 0 and page.locator("#clear").is_disabled()
    page.locator("#found-title", has_text="From the gallery").wait_for()
    page.keyboard.press("Control+z")
    assert darkness(page) == pytest.approx(two, rel=0.02)
    wait_for_search(page)


def test_the_eraser_rubs_out_and_an_empty_paper_is_no_search(visit: Any) -> None:
    page = visit()
    draw_line(page, (0.3, 0.5), (0.7, 0.5))
    wait_for_search(page)
    page.keyboard.press("e")
    assert page.locator("#tool-eraser").get_attribute("aria-pressed") == "true"
    draw_line(page, (0.2, 0.5), (0.8, 0.5))
    assert darkness(page) == 0
    page.locator("#found-title", has_text="From the gallery").wait_for()


def test_the_width_of_strokes_can_be_chosen(visit: Any) -> None:
    page = visit()
    draw_line(page, (0.2, 0.3), (0.8, 0.3))
    thin = darkness(page)
    for _ in range(5):
        page.keyboard.press("]")
    assert page.locator("#width").input_value() == "30"
    draw_line(page, (0.2, 0.7), (0.8, 0.7))
    assert darkness(page) > 3 * thin


def test_an_opened_picture_is_searched_drawn_over_and_undone(visit: Any, tmp_path: Path) -> None:
    (tmp_path / "post.png").write_bytes(png_of("post"))
    page = visit()
    page.locator("#file").set_input_files(tmp_path / "post.png")
    wait_for_search(page)
    assert nearest_label(page) == "post"
    picture = darkness(page)
    draw_line(page, (0.1, 0.2), (0.3, 0.2))
    assert darkness(page) > picture
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert darkness(page) == 0


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_picture_can_be_dropped_and_pasted(visit: Any, way: str) -> None:
    page = visit()
    page.locator("#photos li").first.wait_for()
    page.evaluate(
        """([way, encoded]) => {
            const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "post.png", { type: "image/png" }));
            const options = { bubbles: true, cancelable: true };
            document.getElementById("paper").dispatchEvent(way === "drop"
                ? new DragEvent("drop", { ...options, dataTransfer: transfer })
                : new ClipboardEvent("paste", { ...options, clipboardData: transfer }));
        }""",
        [way, base64.b64encode(png_of("post")).decode()],
    )
    wait_for_search(page)
    assert nearest_label(page) == "post"


def test_a_file_that_is_no_picture_is_refused_and_the_drawing_stays(visit: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    page = visit()
    draw_bar(page)
    before = darkness(page)
    page.locator("#file").set_input_files(tmp_path / "notes.txt")
    page.locator("#notice", has_text="“notes.txt” is not a picture that this browser can read").wait_for()
    assert darkness(page) == before


def test_the_drawing_its_history_and_the_tool_survive_a_reload(visit: Any, tmp_path: Path) -> None:
    (tmp_path / "box.png").write_bytes(png_of("box"))
    page = visit()
    page.locator("#file").set_input_files(tmp_path / "box.png")
    wait_for_search(page)
    draw_line(page, (0.05, 0.05), (0.9, 0.05))
    page.keyboard.press("e")
    before = darkness(page)
    page.reload()
    wait_for_search(page)
    assert darkness(page) == pytest.approx(before, rel=0.02)
    assert page.locator("#tool-eraser").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Control+z")
    assert 0 < darkness(page) < before


def test_the_drawing_can_be_saved_as_png(visit: Any) -> None:
    page = visit()
    draw_bar(page)
    with page.expect_download() as saved:
        page.locator("#save").click()
    assert saved.value.suggested_filename == "sketch.png"
    picture = Image.open(saved.value.path()).convert("L")
    assert picture.size == (1024, 1024)
    assert picture.getpixel((4, 4)) == 255 and picture.getpixel((512, 512)) < 60


def test_everything_can_be_done_with_the_keyboard(visit: Any) -> None:
    page = visit()
    page.locator("#photos li").first.wait_for()
    page.locator("#canvas").focus()
    page.keyboard.press("Space")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Space")
    assert darkness(page) > 0
    wait_for_search(page)
    page.keyboard.press("?")
    assert page.locator("#help-dialog").is_visible()
    page.keyboard.press("Escape")
    page.locator("#photos button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert page.locator("#viewer-place").text_content() == "1 of 60"
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    page.keyboard.type("dis")
    page.keyboard.press("Enter")
    page.locator("#found-count", has_text="20 of 20").wait_for()


def test_fingers_draw_and_do_not_scroll(visit: Any) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=3)
    box = page.locator("#canvas").bounding_box()
    client = page.context.new_cdp_session(page)
    places = [
        {"x": box["x"] + box["width"] * share, "y": box["y"] + box["height"] * share} for share in (0.2, 0.5, 0.8)
    ]
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [places[0]]})
    for place in places[1:]:
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    wait_for_search(page)
    assert darkness(page) > 0
    assert page.evaluate("scrollY") == 0
    assert page.locator("#canvas").evaluate("(canvas) => canvas.width") == round(box["width"] * 3)
