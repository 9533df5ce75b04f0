"""The tables of scores: one a protocol, the other families' definitions folded."""

from __future__ import annotations

from collections.abc import Sequence

from pcmsn.evaluation.families import MetricFamily
from pcmsn.evaluation.scoring import SCORE_NAMES, Scores
from pcmsn.report.contents import Contents, Measured, ProtocolResults
from pcmsn.report.markup import Markup, join, tag
from pcmsn.report.page.elements import count, counted, data, folded, section, table
from pcmsn.training.protocols import MEANING

SCORE_MEANING = {
    "mAP@all": "Mean average precision over the whole list: 1 when all right photos stand in front of all wrong ones.",
    "mAP@200": "The same of the first 200 photos. Families divide by different numbers here; see their definitions.",
    "P@100": "Share of right photos among the first 100.",
    "P@200": "Share of right photos among the first 200.",
}


def scores_section(contents: Contents, measured: Measured) -> Markup:
    """Every score of every protocol."""
    first, *others = contents.families
    tables = [_protocol(results, first, others) for results in measured.protocols]
    meanings = [tag("div", tag("dt", name), tag("dd", text)) for name, text in SCORE_MEANING.items()]
    families = [tag("div", tag("dt", family.name), tag("dd", f"{family.description}.")) for family in contents.families]
    return section(
        "scores",
        *tables,
        _interval_note(measured),
        tag("dl", *meanings, class_="meanings"),
        folded("Definitions of the metric families", tag("dl", *families, class_="meanings")),
        lead=f"Means over all queries by the definitions of {first.name}, the ones to compare with papers that use "
        "them. Numbers of two families must not be put side by side.",
    )


def _protocol(results: ProtocolResults, first: MetricFamily, others: Sequence[MetricFamily]) -> Markup:
    scores = results.real[first.name]
    meaning = MEANING[results.protocol]
    size = (
        f"{counted(results.classes, 'unseen class', 'unseen classes')}, "
        f"{counted(scores.queries, 'query', 'queries')}, {counted(scores.gallery, 'photo', 'photos')} in the gallery"
    )
    parts = [
        tag("h3", results.protocol),
        tag("p", f"{size}. {meaning[0].upper()}{meaning[1:]}.", class_="quiet"),
        _family_table(results, first),
        *(tag("p", f"{note[0].upper()}{note[1:]}.", class_="quiet") for note in results.notes),
    ]
    if others:
        tables = [_family_table(results, family) for family in others]
        parts.append(folded(f"The same by {', '.join(family.name for family in others)}", *tables))
    return tag("div", *parts, class_="protocol")


def _family_table(results: ProtocolResults, family: MetricFamily) -> Markup:
    name = family.name
    binary = results.binary[name]
    rows = [
        _score_row("real-valued", results, name, "real", results.real[name]),
        _score_row(f"binary, {binary.codes.rpartition('-')[2]} bits", results, name, "binary", binary),
    ]
    about = "random order" if family.interpolation == "none" else "random order, about"
    for label, values in ((about, results.chance[name]), ("perfect order", results.perfect[name])):
        rows.append([label, *(tag("span", f"{value:.4f}", class_="quiet") for value in values)])
    return table([f"by {name}", *SCORE_NAMES], rows, class_="scores")


def _score_row(label: str, results: ProtocolResults, family: str, kind: str, scores: Scores) -> list[str]:
    cells: list[str] = [label]
    values = scores.to_dict()
    for place, name in enumerate(SCORE_NAMES):
        cell = data(values[name], data_score=f"{results.protocol}/{family}/{kind}/{name}")
        if scores.intervals is not None:
            interval = scores.intervals.intervals[place]
            cell = join(cell, tag("small", f"{interval.low:.3f}–{interval.high:.3f}"))
        cells.append(cell)
    return cells


def _interval_note(measured: Measured) -> Markup:
    intervals = next(iter(measured.protocols[0].real.values())).intervals
    if intervals is None:
        return Markup("")
    over = {
        "classes": "classes and the queries inside them, so what other unseen classes of the same kind would score",
        "queries": "queries of these classes alone, so what other sketches of these very classes would score",
    }
    return tag(
        "p",
        f"Small figures are {intervals.level:.0%} bootstrap intervals over {over[intervals.resampled]}; "
        f"{count(intervals.resamples)} resamples.",
        class_="quiet",
    )
