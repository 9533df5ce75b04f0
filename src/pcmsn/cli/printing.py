"""Text from outside, such as the names of files, as a terminal can show it."""

from __future__ import annotations

import os


def printable(text: object) -> str:
    """The text with a question mark for every letter that a terminal would obey or that can not be written."""
    readable = os.fsencode(str(text)).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in readable)
