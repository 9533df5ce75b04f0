"""What commands print on stdout: a console, tables with a title, and text from outside."""

from __future__ import annotations

import os

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

WIDTH_IN_A_FILE = 110


def output() -> Console:
    """A console on stdout, as wide as the terminal or COLUMNS say, else 110 columns; brackets are no markup."""
    width = None if Console().is_terminal or "COLUMNS" in os.environ else WIDTH_IN_A_FILE
    return Console(highlight=False, markup=False, width=width)


def titled_table(title: str, *, frame: bool = True, lines: bool = False) -> Table:
    """A table under a bold title; without ``frame`` it is narrower, ``lines`` puts one between rows."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=HEAVY_HEAD if frame else SIMPLE_HEAD,
        padding=(0, 1) if frame else (0, 1, 0, 0),
        show_lines=lines,
    )


def printable(text: object) -> str:
    """The text with a question mark for every letter that a terminal would obey or that cannot be written."""
    readable = os.fsencode(str(text)).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in readable)
