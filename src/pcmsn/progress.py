"""How long work tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What is told of the progress of a stage, for example the command line's display."""

    def __call__(self, stage: str, done: int, total: int | None, detail: str = "", /) -> None:
        """``done`` of ``total`` steps of a stage are done; None where nobody knows how many there will be.

        ``detail`` is what to show beside the stage's name, and may change.
        """


def silent(stage: str, done: int, total: int | None, detail: str = "", /) -> None:
    """A ``Progress`` that shows nothing."""
