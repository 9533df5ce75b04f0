"""The page's photos, in a real browser: grid, label, large view, more of them, small windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from page_server import build_gallery, draw_bar, draw_line, nearest_label, serving, wait_for_search

pytest_plugins = ["page_fixtures"]


def test_the_photos_of_one_label_can_be_chosen(visit: Any) -> None:
    page = visit()
    draw_bar(page)
    wait_for_search(page)
    page.locator("#label").click()
    assert page.locator("#label-list [role=option]").all_text_contents() == [
        "All labels", "bar20", "box20", "disc20", "post20",
    ]  # fmt: skip
    page.locator("#label-list [role=option]", has_text="disc").click()
    page.locator("#found-count", has_text="20 of 20").wait_for()
    assert set(page.locator("#photos li span").all_text_contents()) == {"disc"}
    page.locator("#label-all").click()
    page.locator("#found-count", has_text="60 of 80").wait_for()
    assert nearest_label(page) == "bar"


def test_typing_narrows_the_labels_and_says_when_none_fits(visit: Any) -> None:
    page = visit()
    page.locator("#photos li").first.wait_for()
    page.locator("#label").fill("os")
    assert page.locator("#label-list [role=option]").all_text_contents() == ["post20"]
    page.locator("#label").fill("zebra")
    assert page.locator("#label-list").text_content() == "No label has “zebra” in its name."
    page.keyboard.press("Escape")
    assert page.locator("#label").input_value() == ""


def test_a_photo_opens_large_arrows_go_on_and_escape_brings_the_focus_back(visit: Any) -> None:
    page = visit()
    draw_bar(page)
    wait_for_search(page)
    page.locator("#photos button").nth(1).click()
    assert page.locator("#viewer").is_visible()
    assert page.locator("#viewer-place").text_content() == "2 of 60"
    assert "distance" in page.locator("#viewer-name").text_content()
    page.wait_for_function("() => document.getElementById('viewer-photo').naturalWidth === 96")
    page.keyboard.press("ArrowRight")
    page.locator("#viewer-after").click()
    assert page.locator("#viewer-place").text_content() == "4 of 60"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    assert page.locator("#viewer").is_hidden()
    assert page.locator("#photos button").nth(2).evaluate("(button) => button === document.activeElement")


def test_keys_of_the_paper_do_nothing_while_a_photo_is_large(visit: Any) -> None:
    page = visit()
    draw_bar(page)
    wait_for_search(page)
    page.locator("#photos button").first.click()
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    assert page.locator("#clear").is_enabled()


def test_a_photo_whose_file_is_gone_shows_its_thumbnail(visit: Any, tmp_path: Path) -> None:
    with serving(build_gallery(tmp_path, ("bar",))) as served:
        for path in (tmp_path / "photos" / "bar").iterdir():
            path.unlink()
        page = visit(served.address, refusals=True)
        page.locator("#photos button").first.click()
        page.locator("#viewer-name", has_text="cannot be read any more").wait_for()
        page.wait_for_function("() => document.getElementById('viewer-photo').naturalWidth > 0")


def test_the_approximate_method_says_what_it_finds(visit: Any) -> None:
    page = visit()
    draw_bar(page)
    wait_for_search(page)
    assert "finds" not in page.locator("#found-count").text_content()
    page.locator("#options summary").click()
    page.locator("#mode").select_option("approximate")
    page.locator("#found-count", has_text="finds 100 %").wait_for()
    assert nearest_label(page) == "bar"


def test_more_photos_are_added_to_those_there(visit: Any) -> None:
    page = visit()
    page.locator("#photos li").first.wait_for()
    browsed = page.locator("#photos button").evaluate_all("(buttons) => buttons.map((button) => button.title)")
    page.locator("#more").click()
    page.locator("#found-count", has_text="80 of 80").wait_for()
    assert page.locator("#photos li").count() == 80
    more = page.locator("#photos button").evaluate_all("(buttons) => buttons.map((button) => button.title)")
    assert more[: len(browsed)] == browsed
    assert page.locator("#more").is_hidden()
    draw_bar(page)
    page.locator("#found-count", has_text="60 of 80").wait_for()
    page.locator("#more").click()
    page.locator("#found-count", has_text="80 of 80").wait_for()


def test_photos_that_stay_keep_their_elements_so_that_nothing_flickers(visit: Any) -> None:
    page = visit()
    draw_bar(page)
    wait_for_search(page)
    page.evaluate("document.querySelectorAll('#photos li').forEach((cell) => { cell.kept = true; })")
    with page.expect_response("**/api/search?*"):
        draw_line(page, (0.1, 0.5), (0.9, 0.52))
    page.wait_for_function("() => document.getElementById('photos').getAttribute('aria-busy') === 'false'")
    kept = page.locator("#photos li").evaluate_all("(cells) => cells.filter((cell) => cell.kept).length")
    assert kept >= 30


@pytest.mark.parametrize("shapes", [(), ("bar",)], ids=["no photos", "one label"])
def test_small_galleries_say_what_they_are(visit: Any, tmp_path: Path, shapes: tuple[str, ...]) -> None:
    with serving(build_gallery(tmp_path, shapes)) as served:
        page = visit(served.address)
        if shapes:
            page.locator("#found-count", has_text="20 of 20").wait_for()
        else:
            page.locator("#nothing", has_text="This gallery has no photos yet.").wait_for()
        assert page.locator("#labels").is_hidden()
        draw_bar(page)
        wait_for_search(page)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_window_scrolls_sideways(visit: Any, width: int) -> None:
    page = visit(viewport={"width": width, "height": 844})
    draw_bar(page)
    wait_for_search(page)
    for opened in ("", "#label", "#options summary"):
        if opened:
            page.locator(opened).click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        for panel in page.locator(".panel:visible").all():
            box = panel.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width


def test_every_control_has_a_name_and_is_large_enough_for_a_thumb(visit: Any) -> None:
    page = visit(viewport={"width": 390, "height": 844})
    page.locator("#photos li").first.wait_for()
    small = page.locator("button:visible, summary:visible, input:not(.unseen):visible").evaluate_all(
        """(controls) => controls.filter((control) => {
            const { width, height } = control.getBoundingClientRect();
            return Math.min(width, height) < 40;
        }).map((control) => control.id)"""
    )
    assert small == []
    nameless = page.locator("button, summary, input, select").evaluate_all(
        """(controls) => controls.filter((control) => !(control.getAttribute("aria-label")
            || control.textContent.trim() || control.labels?.length || control.title)).map((control) => control.id)"""
    )
    assert nameless == []
