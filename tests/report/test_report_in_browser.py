"""The page in a real browser: from disk, on a desk and on a phone, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pcmsn.report.opening import ReportRequest
from pcmsn.report.write import write_report

SCHEMES = ("light", "dark")
LEAST_CONTRAST = 4.5
"""Of text on its ground: WCAG 2.1, level AA."""

CONTRASTS = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const linear = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "white";
  };
  const found = {};
  for (const element of document.querySelectorAll("main *")) {
    const written = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!written || element.closest("title, desc")) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const name = `${element.tagName} ${element.getAttribute("class") || ""}`;
    found[name] = Math.min(found[name] ?? 99, contrast);
  }
  return found;
}"""


@pytest.fixture
def report(trained_run: Path, request_for: Callable[..., ReportRequest], tmp_path: Path) -> Path:
    target = tmp_path / "report.html"
    write_report(request_for(trained_run, intervals="classes", generalized=("generalized-pcmsn",)), target)
    return target


def test_the_page_opens_from_disk_fits_every_width_and_can_be_read(headless_browser: Any, report: Path) -> None:
    for width in (390, 820, 1400):
        for scheme in SCHEMES:
            context = headless_browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page, troubles = context.new_page(), []
            page.on("console", lambda message, seen=troubles: seen.append(message.text))
            page.on("request", lambda request, seen=troubles: seen.append(request.url))
            page.goto(report.as_uri())
            where = f"{width} pixels, {scheme}"
            assert [each for each in troubles if not each.startswith("data:")] == [report.as_uri()], where
            assert page.evaluate("document.documentElement.scrollWidth") <= width, where
            pale = {name: value for name, value in page.evaluate(CONTRASTS).items() if value < LEAST_CONTRAST}
            assert not pale, where
            context.close()


def test_pointing_at_a_class_in_the_legend_leaves_it_alone_in_the_picture(headless_browser: Any, report: Path) -> None:
    context = headless_browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(report.as_uri())
    opacity = "name => getComputedStyle(document.querySelector(`.scatter .class.${name}`)).opacity"
    assert page.evaluate(opacity, "c1") == "1"
    page.locator(".legend .k0").hover()
    assert (page.evaluate(opacity, "c0"), page.evaluate(opacity, "c1")) == ("1", "0.07")
    page.mouse.move(0, 0)
    page.locator(".legend .k1").focus()
    assert (page.evaluate(opacity, "c0"), page.evaluate(opacity, "c1")) == ("0.07", "1")
    context.close()
