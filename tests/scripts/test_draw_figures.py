"""The figures in the docs are those that the script draws."""

import importlib.util
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "draw_figures.py"


def test_the_docs_have_the_figures_as_they_are_drawn_now(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("draw_figures", SCRIPT)
    assert spec and spec.loader
    monkeypatch.syspath_prepend(str(SCRIPT.parent))  # the figure of the imports reads them
    draw_figures = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "draw_figures", draw_figures)  # its dataclass looks its module up
    spec.loader.exec_module(draw_figures)
    for name, figure in draw_figures.figures().items():
        svg = figure.to_svg()
        ElementTree.fromstring(svg)
        assert (draw_figures.IMAGES / name).read_text(encoding="utf-8") == svg, name
