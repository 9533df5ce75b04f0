"""The table of counts against the published ones, which ``data prepare`` and ``data check`` both end with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from pcmsn.cli.printing import titled_table

if TYPE_CHECKING:
    from pcmsn.data.published import CountRow


def print_counts(console: Console, title: str, rows: Sequence[CountRow]) -> None:
    """One row a kind of picture: what was found and, where anything is published, that, the difference, and why."""
    table = titled_table(title)
    table.add_column("")
    table.add_column("found", justify="right", no_wrap=True)
    published = any(row.published for row in rows)
    if published:
        table.add_column("published", justify="right", no_wrap=True)
        table.add_column("difference", justify="right", no_wrap=True)
        table.add_column("why")
    for row in rows:
        table.add_row(row.name, f"{row.found:,}", *(_against_published(row) if published else ()))
    console.print(table)


def _against_published(row: CountRow) -> tuple[str, str, str]:
    if row.published is None:
        return "", "", row.verdict
    return str(row.published), f"{row.difference:+,}" if row.difference else "0", row.verdict
