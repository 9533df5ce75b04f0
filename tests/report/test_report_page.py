"""The page as a browser and a screen reader get it: whole, self-contained, escaped, with its numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from pcmsn.losses.weights import BRANCH_TERMS, PCMSN_TERMS
from pcmsn.report.build import build_contents
from pcmsn.report.contents import Contents
from pcmsn.report.figures.heat_map import heat_map
from pcmsn.report.markup import VOID, Markup, join, tag
from pcmsn.report.opening import ReportRequest
from pcmsn.report.page.elements import SECTIONS
from pcmsn.report.page.page import render
from pcmsn.report.page.training import NAMES
from pcmsn.semantics.vectors import write_class_vectors
from pcmsn.training.config import RunConfig
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run

Requests = Callable[..., ReportRequest]


class Page(HTMLParser):
    """The elements of a page; fails where tags are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.inside_svg: list[set[str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "svg":
            self.inside_svg.append(set())
        elif "svg" in self.open and self.open[-1] == "svg":
            self.inside_svg[-1].add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture
def contents(trained_run: Path, request_for: Requests) -> Contents:
    return build_contents(request_for(trained_run, intervals="classes", command="pcmsn report --run 'a b'"))


def test_the_page_needs_nothing_but_itself(contents: Contents) -> None:
    html = render(contents)
    page = Page(html)
    assert not page.named("script")
    assert not page.named("link")
    sources = [value for _, attributes in page.elements for key, value in attributes.items() if key in ("src", "href")]
    assert sources
    assert all(source and source.startswith(("data:image/jpeg;base64,", "#")) for source in sources)
    assert not re.search(r"url\(|@import|https?:", html)
    policy = next(each for each in page.named("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).startswith("default-src 'none'; img-src data:")


def test_every_section_is_there_and_every_link_leads_to_one(contents: Contents) -> None:
    page = Page(render(contents))
    identifiers = [str(attributes["id"]) for _, attributes in page.elements if "id" in attributes]
    assert max(Counter(identifiers).values()) == 1
    assert {str(link["href"]) for link in page.named("a")} == {f"#{name}" for name in SECTIONS}
    assert set(SECTIONS) <= set(identifiers)


def test_a_section_is_headed_by_the_words_that_the_navigation_has_for_it(contents: Contents) -> None:
    html = render(contents)
    navigation = re.findall(r'<a href="#(\w+)">([^<]+)</a>', html)
    assert navigation == re.findall(r'<section id="(\w+)"><h2>([^<]+)</h2>', html) == list(SECTIONS.items())


def test_notes_on_definitions_stand_at_their_protocol_and_not_above_the_scores(contents: Contents) -> None:
    html = render(contents)
    assert "Before you read the numbers" not in html
    assert html.index("val+test</h3>") < html.index("The gallery has 24 photos") < html.index("The gallery has 12")


def test_one_validation_class_is_not_plural(contents: Contents) -> None:
    split = contents.record.split
    one = replace(contents, record=replace(contents.record, split=replace(split, val=split.val[:1])))
    assert "the best on the 1 validation class (" in Page(render(one)).words


def test_figures_and_pictures_have_words_and_figures_have_their_numbers(contents: Contents) -> None:
    page = Page(render(contents))
    charts = page.named("svg")
    # Two curves for each of two protocols, a heat map, a t-SNE, and seven of training.
    assert len(charts) == 4 + 1 + 1 + 7
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)
    assert all({"title", "desc"} <= inside for inside in page.inside_svg)
    assert page.named("img")
    assert all(picture["alt"] for picture in page.named("img"))
    assert page.words.count("Numbers") >= 4 + 1 + 1 + 1


def test_numbers_of_the_contents_stand_exactly_in_the_page(contents: Contents) -> None:
    page = Page(render(contents))
    exact = {each["data-score"]: float(str(each["value"])) for each in page.named("data") if "data-score" in each}
    assert contents.measured is not None
    assert len(exact) == 2 * 4 * 2 * 4
    for results in contents.measured.protocols:
        for kind, families in (("real", results.real), ("binary", results.binary)):
            for family, scores in families.items():
                values = scores.to_dict()
                for name in ("mAP@all", "mAP@200", "P@100", "P@200"):
                    assert exact[f"{results.protocol}/{family}/{kind}/{name}"] == values[name]


def test_the_page_says_what_was_run_and_where(contents: Contents) -> None:
    words = Page(render(contents)).words
    for expected in (
        "4 seen classes, 4 unseen ones",
        "4 unseen classes, 24 queries, 24 photos in the gallery",
        "95% bootstrap intervals over classes",
        "The gallery has 24 photos, fewer than k = 100 and 200: mAP@200 is mAP@all, and P@100 and P@200 divide by 24",
        f"pcmsn train --config {contents.run}/config.toml",
        "pcmsn report --run 'a b'",
        "batches_per_epoch = 4",
        "the best on the 2 validation classes",
        "t-SNE of all 48 retrieval features",
        "perplexity 16, seed 0",
        "6 a class",
        "0% 5% 25% 50% 100%",
    ):
        assert expected in words


def test_names_from_the_data_can_not_become_markup(
    tmp_path: Path, small_config: RunConfig, request_for: Requests
) -> None:
    name = "hen<img src=x onerror=alert(1)>&amp;\"'"
    for side in ("sketch", "photo"):
        (tmp_path / "zoo" / side / "hen").rename(tmp_path / "zoo" / side / name)
    split = tmp_path / "zoo.toml"
    split.write_text(split.read_text().replace('"hen"', f"'''{name}'''"))
    names = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", name]
    vectors = np.random.default_rng(0).normal(size=(8, 10))
    write_class_vectors(tmp_path / "semantics" / "zoo" / "random.npz", names, vectors)
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    html = render(build_contents(request_for(tmp_path / "run", command="<script>")))
    page = Page(html)
    assert "onerror" not in {key for _, attributes in page.elements for key in attributes}
    assert "<img src=x" not in html
    assert "<script" not in html
    # Once a bar, a row and a column of the confusions, a legend, a list of classes at least; read as it is.
    assert page.words.count(name) >= 5
    assert any(attributes.get("alt") == f"sketch of {name}" for attributes in page.named("img"))


def test_a_report_is_the_same_each_time(trained_run: Path, request_for: Requests) -> None:
    first, second = (build_contents(request_for(trained_run)) for _ in range(2))
    assert render(first) == render(replace(second, environment=first.environment))


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "a < b", Markup("<i>c</i>")) == "<p>a &lt; b<i>c</i></p>"
    assert tag("i", class_="x", data_score='"<', hidden=True, title=None, width=1.0) == (
        '<i class="x" data-score="&quot;&lt;" hidden width="1"></i>'
    )
    assert tag("img", src="a&b") == '<img src="a&amp;b">'
    assert isinstance(join("<", Markup("<br>")), Markup)
    assert join("<", Markup("<br>")) == "&lt;<br>"


@pytest.mark.parametrize("classes", [2, 3, 12, 40])
def test_names_in_the_confusions_are_as_large_for_few_classes_as_for_many(classes: int) -> None:
    names = [f"class {number}" for number in range(classes)]
    svg = heat_map(np.eye(classes), names, names, title="", description="")
    wide = re.search(r'viewBox="0 0 (\d+) \d+".* style="width:(\d+)px', svg)
    assert wide
    assert wide[1] == wide[2]


def test_every_loss_of_every_model_has_a_name_on_the_page() -> None:
    assert {*PCMSN_TERMS, *BRANCH_TERMS, "total", "discriminator"} <= set(NAMES)
