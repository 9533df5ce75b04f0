"""The whole page."""

from __future__ import annotations

from pathlib import Path

from pcmsn.report.contents import Contents
from pcmsn.report.markup import Markup, tag
from pcmsn.report.page.classes import classes_section
from pcmsn.report.page.curves import curves_section
from pcmsn.report.page.elements import SECTIONS
from pcmsn.report.page.examples import examples_section
from pcmsn.report.page.facts import data_section, run_section
from pcmsn.report.page.headline import cards, header, notes
from pcmsn.report.page.scores import scores_section
from pcmsn.report.page.space import highlighting, space_section
from pcmsn.report.page.training import training_section

STYLE = Path(__file__).parents[1] / "style.css"
# Nothing may be loaded: whatever a data set's names are, the page is read as it stands.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(contents: Contents) -> str:
    """The report as one HTML document that needs nothing else."""
    measured = contents.measured
    parts = [header(contents), notes(contents)]
    shown = ["training", "data", "run"]
    sections = {"training": training_section(contents), "data": data_section(contents), "run": run_section(contents)}
    style = STYLE.read_text(encoding="utf-8")
    if measured is not None:
        parts.append(cards(measured, contents.families[0]))
        sections |= {
            "scores": scores_section(contents, measured),
            "curves": curves_section(measured),
            "classes": classes_section(measured),
            "examples": examples_section(contents, measured),
            "space": space_section(measured),
        }
        shown = list(SECTIONS)
        if measured.projection:
            style += highlighting(measured.projection)
    body = tag("main", *parts, _navigation(shown), *(sections[name] for name in shown))
    return f"<!doctype html>\n{tag('html', _head(contents, style), tag('body', body), lang='en')}\n"


def _navigation(shown: list[str]) -> Markup:
    links = [tag("a", SECTIONS[name], href=f"#{name}") for name in shown]
    return tag("nav", *links, aria_label="Sections")


def _head(contents: Contents, style: str) -> Markup:
    record = contents.record
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{record.dataset}, split {record.split.name}: a pcmsn report"),
        # Not escaped: our own style sheet, and rules made of numbers.
        tag("style", Markup(style)),
    )
