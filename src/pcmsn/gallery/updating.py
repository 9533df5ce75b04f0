"""Bringing a gallery up to date with folders in a thread, while the same process searches it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pcmsn.gallery.gallery import Gallery
from pcmsn.gallery.planning import IndexReport


@dataclass(frozen=True, kw_only=True)
class UpdateState:
    """How far an update got."""

    stage: Literal["looking", "indexing", "done", "stopped", "failed"] = "looking"
    """``looking`` for what has changed, ``indexing`` new photos, and how it ended."""
    done: int = 0
    """New photos that were taken in, or could not be read."""
    total: int = 0
    """New photos in all."""
    detail: str = ""
    """How many a second and how long the rest takes, or why it failed."""


class _StoppedError(Exception):
    """Leaves the work between two portions; what is embedded by then is written."""


class Updater:
    """Runs one update; ``state`` may be read from any thread at any time."""

    def __init__(self, gallery: Gallery, folders: Sequence[Path]) -> None:
        """``folders`` are those whose photos the gallery is to have."""
        self.state = UpdateState()
        self.report: IndexReport | None = None
        """What was done, once all of it is."""
        self._gallery, self._folders = gallery, list(folders)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pcmsn-update", daemon=True)

    def start(self) -> None:
        """Begin; does not wait."""
        self._thread.start()

    def stop(self) -> None:
        """End after the portion under way, and wait for it: nothing that was embedded is lost."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the end, at most so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self.report = self._gallery.add(self._folders, progress=self._told)
            self.state = replace(self.state, stage="done", detail="")
        except _StoppedError:
            self.state = replace(self.state, stage="stopped", detail="")
        except Exception as error:  # whatever it is: a thread that ends in silence would look busy for ever
            self.state = replace(self.state, stage="failed", detail=str(error) or type(error).__name__)

    def _told(self, what: str, done: int, total: int, detail: str) -> None:
        if self._stop.is_set():
            raise _StoppedError
        if what == "indexing":
            self.state = UpdateState(stage="indexing", done=done, total=total, detail=detail)
