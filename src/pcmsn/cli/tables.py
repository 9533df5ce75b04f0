"""Score tables on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pcmsn.evaluation.scoring import Scores

SCORE_NAMES = ("mAP@all", "mAP@200", "P@100", "P@200")


def print_scores(title: str, rows: Sequence[tuple[str, Scores]], notes: Sequence[str] = ()) -> None:
    """One table of scores, a row each, then what a reader of the numbers should know."""
    console = Console(highlight=False, width=None if Console().is_terminal else 110)
    table = Table(title=title, title_justify="left", title_style="bold")
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
    console.print(table)
    for note in dict.fromkeys((*notes, *(note for _, scores in rows for note in scores.notes))):
        console.print(note, markup=False)
