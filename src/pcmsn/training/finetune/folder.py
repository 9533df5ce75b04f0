"""What the fine-tuning of one network leaves on disk.

======================  ====================================================================================
``extractor.json``      with ``model.safetensors``: the network of the best epoch (``features.backbones.finetuned``)
``config.toml``         the whole configuration; ``pcmsn finetune --config`` reads it
``history.csv``         one row an epoch
``state.safetensors``   weights, their average and the optimizer after the last whole epoch, while training goes on
======================  ====================================================================================
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from torch import Tensor

from pcmsn.data.atomic import write_text_atomically
from pcmsn.data.records import Modality
from pcmsn.errors import CheckpointError, ConfigError
from pcmsn.features.backbones.finetuned import DESCRIPTION, WEIGHTS, NetworkName, is_finished
from pcmsn.training.finetune.config import FinetuneConfig, build_finetune_config, finetune_config_to_toml
from pcmsn.training.tensor_file import explaining_disk_errors, read_tensors, write_rows, write_tensors

STATE_VERSION = 1
CONFIG, HISTORY, STATE, CURVES = "config.toml", "history.csv", "state.safetensors", "curves.png"
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


@dataclass(frozen=True)
class Job:
    """One network to train, and the files that its training reads and writes."""

    network: NetworkName
    config: FinetuneConfig
    out: Path
    """The folder of all networks."""

    @property
    def path(self) -> Path:
        """The network's own folder."""
        return self.out / self.network

    @property
    def is_finished(self) -> bool:
        """Whether the network was trained to its end."""
        return is_finished(self.path)

    @property
    def is_begun(self) -> bool:
        """Whether the network's training was started here."""
        return (self.path / CONFIG).exists()

    def start(self) -> None:
        """Remove what an earlier training left of this network and write the configuration."""
        for name in (DESCRIPTION, WEIGHTS, CONFIG, HISTORY, STATE):
            (self.path / name).unlink(missing_ok=True)
        with self.explaining_disk_errors():
            write_text_atomically(self.path / CONFIG, finetune_config_to_toml(self.config))

    def write_state(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Write what a resumed training needs; ``facts`` is plain JSON, its ``rows`` are the history."""
        with self.explaining_disk_errors():
            write_tensors(self.path / STATE, tensors, facts, STATE_VERSION)
            write_rows(self.path / HISTORY, facts["rows"])

    def read_state(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """What ``write_state`` wrote last; None before the first whole epoch."""
        return read_tensors(self.path / STATE, STATE_VERSION) if (self.path / STATE).exists() else None

    def drop_state(self) -> None:
        """Remove the state, which is several times as large as the network, once training is at its end."""
        (self.path / STATE).unlink(missing_ok=True)

    def explaining_disk_errors(self) -> AbstractContextManager[None]:
        """Turns errors of writing into a CheckpointError that says how to continue."""
        return explaining_disk_errors(self.path, f"pcmsn finetune --resume --out {self.out}")


def read_history(folder: Path) -> list[dict[str, str]]:
    """The rows of the ``history.csv`` in a network's folder, as text; none before the first whole epoch."""
    try:
        with (folder / HISTORY).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def networks_of(config: FinetuneConfig) -> tuple[NetworkName, ...]:
    """The networks that a configuration asks for."""
    extractor = config.extractor
    if extractor.shared:
        return ("shared",)
    return ("sketch", "photo") if extractor.modality == "both" else (extractor.modality,)


def new_jobs(config: FinetuneConfig, out: Path, *, overwrite: bool) -> list[Job]:
    """The networks of a configuration, to be trained from the beginning.

    Raises CheckpointError for a folder that holds one of them, unless ``overwrite``, and for a folder that holds a
    shared network where a pair is wanted, or the other way round.
    """
    jobs = [Job(network, config, out) for network in networks_of(config)]
    held = [job.network for job in jobs if job.is_begun]
    if held and not overwrite:
        raise CheckpointError(
            f"{out} already holds {' and '.join(held)}; continue with --resume, replace with --overwrite, or pass "
            "another --out"
        )
    others = ("sketch", "photo") if config.extractor.shared else ("shared",)
    mixed = [name for name in others if (out / name / CONFIG).exists()]
    if mixed:
        raise CheckpointError(
            f"{out} holds {' and '.join(mixed)}; a pair of networks and a shared one cannot stand in one folder: pass "
            "another --out"
        )
    return jobs


def jobs_to_resume(out: Path) -> list[Job]:
    """The networks whose training was begun in a folder, or comes next there, each as it was configured.

    Raises CheckpointError for a folder without any.
    """
    begun = {name: _read_config(out / name) for name in get_args(NetworkName) if (out / name / CONFIG).exists()}
    planned = {name: config for config in begun.values() for name in networks_of(config)}
    if not begun:
        raise CheckpointError(f"{out} holds no fine-tuning to continue; expected what pcmsn finetune --out wrote")
    return [Job(name, config, out) for name, config in (planned | begun).items()]


def _read_config(folder: Path) -> FinetuneConfig:
    try:
        return build_finetune_config(file=folder / CONFIG)
    except ConfigError as error:
        raise CheckpointError(f"{folder} cannot be continued: {error}; train it again with --overwrite") from error
