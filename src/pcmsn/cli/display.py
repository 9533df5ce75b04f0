"""What a user sees while a command works: progress on stderr, bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from types import TracebackType

    from pcmsn.training.config import TrainingConfig
    from pcmsn.training.experiments.runner import Report
    from pcmsn.training.history import Epoch
    from pcmsn.training.step import LossTerms

SECONDS_BETWEEN_LINES = 15.0


class Display:
    """Shows stages (``stage``) and, as a training observer, batches and epochs. Use it as a context manager."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, markup=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._last_line = time.monotonic()

    def __enter__(self) -> Display:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def note(self, text: str) -> None:
        """A line that stays."""
        self.console.print(text, soft_wrap=True)

    def stage(self, name: str, done: int, total: int | None, detail: str = "") -> None:
        """See ``Progress``: a stage such as drawing or extraction; ``detail`` follows the name."""
        total = done + 1 if total is None else total
        text = f"{name}, {detail}" if detail else name
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(text, total=total)
        self._bars.update(self._tasks[name], description=text, completed=done, total=total)
        if done >= total:
            self._bars.remove_task(self._tasks.pop(name))
        elif not self.console.is_terminal and time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self.note(f"{text}: {done} of {total}")


_SHORT = {
    "adversarial": "adv",
    "reconstruction": "rec",
    "classification": "cls",
    "cross_modal": "cmt",
    "discriminator": "D",
    "contrastive": "con",
    "prototype": "pro",
}
"""Loss terms as they are called in a line an epoch."""


class TrainingDisplay:
    """A training observer: a bar over the batches, a line an epoch."""

    def __init__(self, display: Display, training: TrainingConfig, name: str = "training") -> None:
        self.display = display
        self.training = training
        self.name = name
        self._seconds: list[float] = []

    def on_batch(self, epoch: int, batch: int, terms: LossTerms) -> None:
        """Move the bar."""
        self.display.stage(
            f"{self.name}: epoch {epoch}/{self.training.epochs}",
            batch,
            self.training.batches_per_epoch,
            f"loss {terms.total:.3f}",
        )

    def on_epoch(self, epoch: Epoch) -> None:
        """Print the epoch's line."""
        self._seconds.append(epoch.seconds)
        left = (self.training.epochs - epoch.number) * sum(self._seconds) / len(self._seconds)
        parts = ", ".join(f"{_SHORT.get(name, name)} {value:.3f}" for name, value in epoch.losses.parts.items())
        self.display.note(
            f"{self.name}: epoch {epoch.number}/{self.training.epochs}  loss {epoch.losses.total:.3f} ({parts})"
            f"  val mAP {epoch.validation_map:.4f}{' *' if epoch.best else '  '}"
            f"  {epoch.seconds:.1f} s, at most {clock(left)} left"
        )


class RunsDisplay:
    """Shows each of many runs as it ends, by its score of the validation classes where ``of_validation``."""

    def __init__(self, display: Display, *, of_validation: bool = False) -> None:
        self.display = display
        self._of_validation = of_validation
        self.finished = 0
        """Runs that came to their end, those that were on disk included."""
        self._computed = 0
        self._start = time.monotonic()

    def report(self, report: Report) -> None:
        """Print a line for a run that was computed; those on disk, which come first, are only counted."""
        self.finished = report.finished
        if report.outcome == "stored":
            self._start = time.monotonic()
            return
        self._computed += 1
        passed = time.monotonic() - self._start
        left = (report.total - report.finished) * passed / self._computed
        self.display.note(
            f"{report.finished} of {report.total}: {report.job.name}, {_score(report, self._of_validation)}; "
            f"{clock(passed)} so far, {clock(left)} left at this pace"
        )


def _score(report: Report, of_validation: bool) -> str:
    if report.result is None:
        return "failed"
    protocol, scores = next(iter(report.result["scores"].items()))
    score = scores["real"]["mAP@all"]
    best, epochs = report.result["best_epoch"], report.result["epochs"]
    if of_validation:
        protocol, score = "validation", report.result["validation_mAP@all"][best - 1]
    chosen = f" (best epoch {best} of {epochs})" if epochs else ""
    return f"{protocol} mAP@all {score:.4f}{chosen}"


def clock(seconds: float) -> str:
    """Minutes and seconds, such as ``1:05``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
