"""The result of an epoch, and who is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pcmsn.training.step import LossTerms


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """The result of one epoch."""

    number: int
    """Counted from 1."""
    losses: LossTerms
    """Means over the batches."""
    validation_map: float
    """mAP@all on the validation classes."""
    best: bool
    """Whether it is the best so far."""
    seconds: float
    """Training and validation together."""

    def as_row(self) -> dict[str, float]:
        """A flat row for the CSV and the saved state."""
        return {
            "epoch": self.number,
            **self.losses.as_dict(),
            "validation_mAP@all": self.validation_map,
            "best": int(self.best),
            "seconds": round(self.seconds, 3),
        }


class Observer(Protocol):
    """What is told of a run's progress, for example the command line's display."""

    def on_batch(self, epoch: int, batch: int, terms: LossTerms) -> None:
        """Called after each batch; ``epoch`` and ``batch`` count from 1."""

    def on_epoch(self, epoch: Epoch) -> None:
        """Called after each epoch, when it is saved."""


class Silent:
    """An observer that shows nothing."""

    def on_batch(self, epoch: int, batch: int, terms: LossTerms) -> None:
        """Show nothing."""

    def on_epoch(self, epoch: Epoch) -> None:
        """Show nothing."""


@contextmanager
def tensorboard_log(folder: Path, first_epoch: int) -> Iterator[Any]:
    """A TensorBoard ``SummaryWriter``; what an interrupted run wrote from ``first_epoch`` on is dropped."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder), purge_step=first_epoch) as writer:
        yield writer


def log_epoch(writer: Any, epoch: Epoch) -> None:
    """One epoch's losses and validation score as TensorBoard scalars."""
    for name, value in epoch.losses.as_dict().items():
        writer.add_scalar(f"loss/{name}", value, epoch.number)
    writer.add_scalar("validation/mAP@all", epoch.validation_map, epoch.number)
    writer.flush()
