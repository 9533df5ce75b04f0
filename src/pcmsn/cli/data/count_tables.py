"""The table of counts against the published ones, which ``data prepare`` and ``data check`` both end with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pcmsn.data.published import CountRow


def output() -> Console:
    """A console on stdout, as wide as the terminal or COLUMNS say, else 110 columns."""
    return Console(highlight=False, width=None if Console().is_terminal or "COLUMNS" in os.environ else 110)


def print_counts(console: Console, title: str, rows: Sequence[CountRow]) -> None:
    """One row a kind of picture: found, published, difference, and why they differ."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for name in ("found", "published", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.found:,}",
            "" if row.published is None else str(row.published),
            f"{row.difference:+,}" if row.difference else "0" if row.published else "",
            row.verdict,
        )
    console.print(table)
