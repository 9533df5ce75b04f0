"""The table of counts against the published ones, which ``data prepare`` and ``data check`` both end with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from pcmsn.cli.printing import titled_table

if TYPE_CHECKING:
    from pcmsn.data.published import CountRow


def print_counts(console: Console, title: str, rows: Sequence[CountRow]) -> None:
    """One row a kind of picture: found, published, difference, and why they differ."""
    table = titled_table(title)
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
