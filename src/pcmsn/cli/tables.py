"""Score tables on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pcmsn.cli.printing import output, titled_table
from pcmsn.evaluation.scoring import SCORE_NAMES

if TYPE_CHECKING:
    from pcmsn.evaluation.scoring import Scores


def print_scores(title: str, rows: Sequence[tuple[str, Scores]], notes: Sequence[str] = ()) -> None:
    """One table of scores, a row each, then what a reader of the numbers should know."""
    console, table = output(), titled_table(title)
    table.add_column("")
    for name in SCORE_NAMES:
        table.add_column(name, justify="right")
    table.add_column("queries", justify="right")
    table.add_column("gallery", justify="right")
    table.add_column("ms/query", justify="right")
    for label, scores in rows:
        values = scores.to_dict()
        table.add_row(
            label,
            *(f"{values[name]:.4f}" for name in SCORE_NAMES),
            str(scores.queries),
            str(scores.gallery),
            f"{1000 * scores.seconds_per_query:.2f}",
        )
        for name, ends in _interval_rows(scores):
            table.add_row(name, *ends, style="dim")
    console.print(table)
    own = (note for _, scores in rows for note in (*scores.notes, *_interval_note(scores)))
    for note in dict.fromkeys((*notes, *own)):
        console.print(note)


def chance_note(chance: float) -> str:
    """What a score is to be seen beside."""
    return f"chance: mAP@all about {chance:.4f} (the mean share of a query's class in the gallery)."


def expanded_rows(scores: Scores | None) -> list[tuple[str, Scores]]:
    """The row of expanded queries, where they were scored."""
    return [(f"{scores.codes} (transductive)", scores)] if scores else []


def neutral_note(scores: Scores, neutral: Scores) -> list[str]:
    """One sentence with the scores that random order among equal distances gives, where they differ as shown."""
    own, expected = scores.to_dict(), neutral.to_dict()
    shown = [f"{name} {expected[name]:.4f}" for name in SCORE_NAMES]
    if all(f"{own[name]:.4f}" == f"{expected[name]:.4f}" for name in SCORE_NAMES):
        return []
    return [f"binary with equal distances in random order (--metrics neutral): {', '.join(shown)}."]


def _interval_rows(scores: Scores) -> list[tuple[str, list[str]]]:
    """The lower and the upper ends of the intervals under a row, where there are any."""
    if scores.intervals is None:
        return []
    level, found = scores.intervals.level, scores.intervals.intervals
    return [
        (f"{level:.0%} low", [f"{interval.low:.4f}" for interval in found]),
        (f"{level:.0%} high", [f"{interval.high:.4f}" for interval in found]),
    ]


def _interval_note(scores: Scores) -> list[str]:
    if scores.intervals is None:
        return []
    over = {"classes": "classes and the queries inside them", "queries": "queries, of these classes"}
    return [
        f"{scores.intervals.level:.0%} intervals: percentile bootstrap over {over[scores.intervals.resampled]}, "
        f"{scores.intervals.resamples} resamples."
    ]
