"""The result of an epoch of fine-tuning, and who is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pcmsn.data.records import Modality
from pcmsn.features.backbones.finetuned import NetworkName

VALIDATION_MAP = "validation_mAP@all"
"""The column of ``history.csv`` with the retrieval of the validation classes, where it is measured."""


@dataclass(frozen=True, kw_only=True)
class FinetuneEpoch:
    """The result of one epoch."""

    number: int
    """Counted from 1."""
    epochs: int
    """Epochs of the whole training."""
    loss: float
    """Mean cross-entropy over the steps, label smoothing included."""
    accuracy: float
    """Share of the changed training pictures that were named rightly before each step."""
    held_out: Mapping[Modality, float]
    """Share of each modality's held-out pictures that the averaged weights name rightly; empty where there are none."""
    validation_map: float | None = None
    """mAP@all of the validation classes by the feature's cosine (``retrieval``); None where it is not measured."""
    best: bool
    """Whether it is the best so far."""
    learning_rate: float
    """Of the trunk, at the last step."""
    pictures_per_second: float
    """While training, without the evaluation."""
    seconds: float
    """Training and evaluation together."""

    @property
    def held_out_accuracy(self) -> float | None:
        """The mean over modalities, on which the best epoch is chosen; None where nothing is held out."""
        return sum(self.held_out.values()) / len(self.held_out) if self.held_out else None

    def as_row(self) -> dict[str, Any]:
        """A flat row for the CSV and the saved state."""
        return {
            "epoch": self.number,
            "loss": self.loss,
            "accuracy": self.accuracy,
            "held_out_accuracy": self.held_out_accuracy,
            **{f"held_out_{modality}_accuracy": value for modality, value in self.held_out.items()},
            **({} if self.validation_map is None else {VALIDATION_MAP: self.validation_map}),
            "best": int(self.best),
            "learning_rate": self.learning_rate,
            "pictures_per_second": round(self.pictures_per_second, 2),
            "seconds": round(self.seconds, 3),
        }

    def marked_best(self, before: Sequence[FinetuneEpoch]) -> FinetuneEpoch:
        """The same, marked as best where no earlier epoch was as good, or where nothing is held out to compare by."""
        own = self.held_out_accuracy
        others = [epoch.held_out_accuracy or 0.0 for epoch in before]
        return replace(self, best=own is None or all(own > other for other in others))

    @classmethod
    def from_row(cls, row: Mapping[str, Any], epochs: int) -> FinetuneEpoch:
        """The epoch whose ``as_row`` gave this row, in a training of ``epochs`` epochs."""
        modalities: tuple[Modality, ...] = ("sketch", "photo")
        held_out = {modality: row[key] for modality in modalities if (key := f"held_out_{modality}_accuracy") in row}
        return cls(
            number=row["epoch"],
            epochs=epochs,
            loss=row["loss"],
            accuracy=row["accuracy"],
            held_out=held_out,
            validation_map=row.get(VALIDATION_MAP),
            best=bool(row["best"]),
            learning_rate=row["learning_rate"],
            pictures_per_second=row["pictures_per_second"],
            seconds=row["seconds"],
        )


class FinetuneObserver(Protocol):
    """What is told of a fine-tuning's progress, for example the command line's display."""

    def on_batch(self, network: NetworkName, epoch: int, epochs: int, batch: int, batches: int, loss: float) -> None:
        """Called after each step; ``epoch`` and ``batch`` count from 1. ``loss`` is that of the step."""

    def on_epoch(self, network: NetworkName, epoch: FinetuneEpoch) -> None:
        """Called after each epoch, when it is saved."""


class SilentFinetuneObserver:
    """An observer that shows nothing."""

    def on_batch(self, network: NetworkName, epoch: int, epochs: int, batch: int, batches: int, loss: float) -> None:
        """Show nothing."""

    def on_epoch(self, network: NetworkName, epoch: FinetuneEpoch) -> None:
        """Show nothing."""
