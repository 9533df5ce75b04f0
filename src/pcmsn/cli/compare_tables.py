"""The tables of ``pcmsn compare`` on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from pcmsn.cli.printing import output, titled_table
from pcmsn.evaluation.scoring import SCORE_NAMES

if TYPE_CHECKING:
    from pcmsn.evaluation.comparison import PairedTest
    from pcmsn.training.config import RunConfig
    from pcmsn.training.experiments.tables import Spread
    from pcmsn.training.methods.comparing.comparison import Comparison, Row
    from pcmsn.training.methods.comparing.published import PublishedProtocol
    from pcmsn.training.methods.comparing.runs import RunComparison, RunPair


def print_comparison(found: Comparison, config: RunConfig) -> None:
    """A table a protocol, the best method first, a method's binary codes under it; then what the figures are."""
    from pcmsn.training.protocols import MEANING

    console = output()
    for protocol in dict.fromkeys(row.protocol for row in found.rows):
        count = f"{len(found.seeds)} seed{'' if len(found.seeds) == 1 else 's'}"
        table = titled_table(
            f"{found.dataset}, split {found.split} · {protocol} · {found.family} metrics · {count}, at most "
            f"{config.training.epochs} epochs",
            frame=False,
        )
        table.add_column("", overflow="fold")
        for name in (*SCORE_NAMES, "s"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in _best_first([row for row in found.rows if row.protocol == protocol]):
            seconds = "" if row.bits else f"{row.seconds.mean:.0f}"
            style = "dim" if row.bits else ""
            scores = (spread_text(row.scores[name]) for name in SCORE_NAMES)
            table.add_row(_label(row), *scores, seconds, style=style)
        console.print(table)
        console.print(f"{protocol}: {MEANING[protocol]}.")  # type: ignore[index]
    for note in (*_notes_of(found), *found.notes):
        console.print(note)


def _notes_of(found: Comparison) -> list[str]:
    """What the figures of the tables are."""
    figures = "Figures: mean ± standard deviation over the seeds; without ±, every seed gives the same."
    return [
        *([figures] if len(found.seeds) > 1 else []),
        "Every method: the same features, split and pairs; epoch or setting chosen on the validation classes.",
        "d: real-valued, ranked as the metrics' family does. bits: ITQ fitted on embeddings of the training classes. "
        "s: seconds to fit one seed.",
        *_notes_on_codes(found.rows),
    ]


def _notes_on_codes(rows: Sequence[Row]) -> list[str]:
    """Which methods have no binary codes."""
    with_codes = {row.method for row in rows if row.bits}
    without = dict.fromkeys(f"{row.title} ({row.dim}-d)" for row in rows if row.method not in with_codes)
    return [f"No codes, since embeddings are shorter than 64: {', '.join(without)}."] if without else []


def spread_text(spread: Spread) -> str:
    """``.242±.017``, or ``.242`` where all seeds give the same."""
    mean = f"{spread.mean:.3f}".removeprefix("0")
    deviation = f"{spread.deviation or 0:.3f}".removeprefix("0")
    return f"{mean}±{deviation}" if spread.deviation else mean


def _label(row: Row) -> Text:
    what = f"{row.bits} bits of {row.dim}-d" if row.bits else f"{row.dim}-d"
    return Text.assemble((row.title, "bold"), f"\n  {row.backbone}, {what}, {row.protocol}")


def _best_first(rows: Sequence[Row]) -> list[Row]:
    real = {row.method: row.scores["mAP@all"].mean for row in rows if not row.bits}
    return sorted(rows, key=lambda row: (-real[row.method], row.method, row.bits or 0))


def print_published(dataset: str, figures: Sequence[PublishedProtocol]) -> None:
    """A table a protocol; never one with our figures."""
    console = output()
    if not figures:
        console.print(f"No published figures are recorded on {dataset}.")
    for protocol in figures:
        table = titled_table(
            f"Published on {dataset}, {protocol.name} · split {protocol.split} · metrics {protocol.metrics}",
            frame=False,
        )
        for name in ("", "features", "dimensions"):
            table.add_column(name)
        for name in SCORE_NAMES:
            table.add_column(name, justify="right", no_wrap=True)
        for score in protocol.scores:
            values = (
                f"{score.by_metric[name]:.3f}".removeprefix("0") if name in score.by_metric else ""
                for name in SCORE_NAMES
            )
            table.add_row(score.method, score.features, score.dims, *values)
        console.print(table)
    if figures:
        console.print(
            "Published figures are on full data sets, with other features: compare them with each other inside one "
            "table, and never with ours.",
        )


def print_runs(found: RunComparison) -> None:
    """A table a protocol: both runs, their difference, and what chance would give."""
    from pcmsn.training.protocols import MEANING

    console = output()
    console.print(f"A: {found.title_a}")
    console.print(f"B: {found.title_b}")
    for protocol in dict.fromkeys(pair.protocol for pair in found.pairs):
        pairs = [pair for pair in found.pairs if pair.protocol == protocol]
        first = pairs[0]
        table = titled_table(
            f"{protocol}: {first.classes} unseen classes, {first.paired.queries} queries, {first.gallery} photos · "
            f"{found.family} metrics",
            frame=False,
        )
        table.add_column("mAP@all")
        for pair in pairs:
            table.add_column(pair.codes, justify="right", no_wrap=True)
        for name, cells in _run_rows(pairs):
            table.add_row(name, *cells)
        console.print(table)
        console.print(f"{protocol}: {MEANING[protocol]}.")  # type: ignore[index]
    level = f"{100 * found.pairs[0].paired.level:g} %"
    for note in (
        f"Intervals: {level} bootstrap. p: permutation of signs, two-sided. Over classes answers for other unseen "
        "classes, over queries for other sketches of these classes only.",
        *found.notes,
    ):
        console.print(note)


def _run_rows(pairs: Sequence[RunPair]) -> list[tuple[str, list[str]]]:
    return [
        ("A", [f"{pair.map_a:.4f}" for pair in pairs]),
        ("B", [f"{pair.map_b:.4f}" for pair in pairs]),
        ("A - B", [f"{pair.paired.difference:+.4f}" for pair in pairs]),
        ("  interval over classes", [_interval(pair.paired.by_classes) for pair in pairs]),
        ("  p over classes", [f"{pair.paired.by_classes.p_value:.4f}" for pair in pairs]),
        ("  interval over queries", [_interval(pair.paired.by_queries) for pair in pairs]),
        ("  p over queries", [f"{pair.paired.by_queries.p_value:.4f}" for pair in pairs]),
        ("queries on which A / B is ahead", [f"{pair.paired.better} / {pair.paired.worse}" for pair in pairs]),
    ]


def _interval(test: PairedTest) -> str:
    return f"{test.interval.low:+.4f} to {test.interval.high:+.4f}"
