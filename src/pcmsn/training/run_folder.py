"""What a training run leaves on disk, and how it is read back.

======================  =====================================================================================
``config.toml``         the whole configuration; ``pcmsn train --config`` reads it
``run.json``            format version, class lists, dimensions, extractors, best epoch, skipped pictures
``model.safetensors``   weights of the best epoch with its feature statistics and ITQ
``state.safetensors``   weights, optimizers and history after the last whole epoch; ``--resume`` reads it
``history.csv``         one row an epoch: loss terms, validation score, seconds
``tensorboard/``        the same for TensorBoard
======================  =====================================================================================

Every file is written to a temporary name and renamed, so a kill leaves each as it was or as it will be.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pcmsn.data.atomic import write_text_atomically
from pcmsn.data.splits import Split
from pcmsn.errors import CheckpointError
from pcmsn.hashing.itq import ITQ
from pcmsn.model.build import build_model
from pcmsn.model.config import FeatureDims
from pcmsn.model.retrieval_model import RetrievalModel
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config, config_to_toml
from pcmsn.training.tensor_file import check_version, explaining_disk_errors, read_tensors, write_rows, write_tensors
from pcmsn.version import __version__

FORMAT_VERSION = 1
CONFIG = "config.toml"
RECORD = "run.json"
MODEL = "model.safetensors"
STATE = "state.safetensors"
HISTORY = "history.csv"
TENSORBOARD = "tensorboard"
_RUNS_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class ExtractorRecord:
    """Which extractor made one modality's features."""

    name: str
    fingerprint: str
    transform: str


ARRAYS = ExtractorRecord(name="features given as arrays", fingerprint="", transform="")
"""What stands in a record whose features nobody extracted here."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What a run's weights were made from, to check against when they are loaded, and how far its training is."""

    dataset: str
    split: Split
    dims: FeatureDims
    sketch_extractor: ExtractorRecord
    photo_extractor: ExtractorRecord
    semantic_sources: tuple[str, ...]
    unreadable: int
    """Pictures of training and validation classes that were skipped."""
    best_epoch: int = 0
    """Counted from 1; 0 before the first."""
    best_score: float = -1.0
    """mAP@all on the validation classes at the best epoch."""
    epochs_done: int = 0
    finished: bool = False
    """Whether training came to its end or its early stop."""
    format_version: int = FORMAT_VERSION
    pcmsn_version: str = __version__


@dataclass(frozen=True)
class TrainedModel:
    """The best epoch of a run, with the model in evaluation mode."""

    model: RetrievalModel
    itq: ITQ
    config: RunConfig
    record: RunRecord


class RunFolder:
    """Reads and writes the files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def holds_a_run(self) -> bool:
        """Whether a run was started here."""
        return (self.path / RECORD).exists()

    def clear(self) -> None:
        """Remove a run's own files, so that a new one does not start among them; anything else in the folder stays."""
        for name in (RECORD, CONFIG, STATE, MODEL, HISTORY):
            (self.path / name).unlink(missing_ok=True)
        shutil.rmtree(self.path / TENSORBOARD, ignore_errors=True)

    # What the run is

    def write_config(self, config: RunConfig) -> None:
        """Write ``config.toml``."""
        with self._explaining_disk_errors():
            write_text_atomically(self.path / CONFIG, config_to_toml(config))

    def read_config(self) -> RunConfig:
        """The configuration that the run was started with. Raises CheckpointError where there is none."""
        if not (self.path / CONFIG).exists():
            raise self._lacks(CONFIG)
        return build_config(file=self.path / CONFIG)

    def write_record(self, record: RunRecord) -> None:
        """Write ``run.json``."""
        with self._explaining_disk_errors():
            write_text_atomically(self.path / RECORD, json.dumps(asdict(record), indent=2) + "\n")

    def read_record(self) -> RunRecord:
        """The record of the run; raises CheckpointError when it is missing, damaged or of another version."""
        path = self.path / RECORD
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._lacks(RECORD) from error
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{path} cannot be read: {error}; train again or take it from a copy") from error
        return _record_from(content, path)

    # The best epoch

    def write_model(self, model: RetrievalModel, itq: ITQ, epoch: int) -> None:
        """Write the weights of the best epoch, with the ITQ fitted on its training embeddings."""
        tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        tensors |= {f"itq.{name}": torch.from_numpy(array) for name, array in itq.to_arrays().items()}
        self._save(MODEL, tensors, {"epoch": epoch})

    def load_trained(self) -> TrainedModel:
        """The best epoch of the run. Raises CheckpointError for a missing file, another version, name or shape."""
        record, config = self.read_record(), self.read_config()
        tensors, _ = self._load(MODEL)
        model = build_model(record.dims, config.model)
        load_strictly(model, tensors_under("model.", tensors), self.path / MODEL)
        arrays = {name: tensor.numpy() for name, tensor in tensors_under("itq.", tensors).items()}
        return TrainedModel(model=model.eval(), itq=ITQ.from_arrays(arrays), config=config, record=record)

    # Where training stands

    def write_state(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Write what a resumed run needs; ``facts`` is plain JSON."""
        self._save(STATE, dict(tensors), facts)

    def read_state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What ``write_state`` wrote last."""
        return self._load(STATE)

    def has_state(self) -> bool:
        """Whether at least one epoch was completed."""
        return (self.path / STATE).exists()

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write ``history.csv``, one row an epoch."""
        with self._explaining_disk_errors():
            write_rows(self.path / HISTORY, rows)

    def _lacks(self, name: str) -> CheckpointError:
        if self.path.is_file():
            return CheckpointError(f"{self.path} is no run folder: it is a file; expected the folder pcmsn train wrote")
        if not self.path.exists():
            beside = [str(run.path) for run in _runs_in(self.path.parent)]
            more = ", ..." if len(beside) > _RUNS_NAMED else ""
            step = (
                f"runs here: {', '.join(beside[:_RUNS_NAMED])}{more}" if beside else "make one: pcmsn train --out RUN"
            )
            return CheckpointError(f"there is no run folder {self.path}; {step}")
        return CheckpointError(
            f"{self.path} is no run folder: it lacks {name}; expected the folder that pcmsn train wrote. If its "
            "training was stopped before its first epoch, give the same pcmsn train command again"
        )

    def _save(self, name: str, tensors: dict[str, Tensor], facts: Mapping[str, Any]) -> None:
        with self._explaining_disk_errors():
            write_tensors(self.path / name, tensors, facts, FORMAT_VERSION)

    def _explaining_disk_errors(self) -> AbstractContextManager[None]:
        return explaining_disk_errors(self.path, f"pcmsn train --resume --out {self.path}")

    def _load(self, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
        path = self.path / name
        if not path.exists():
            raise CheckpointError(
                f"{self.path} was stopped before its first epoch was complete (it has no {name}). "
                f"Continue with pcmsn train --resume --out {self.path}"
            )
        return read_tensors(path, FORMAT_VERSION)


def _runs_in(folder: Path) -> list[RunFolder]:
    """The runs in a folder, by name."""
    if not folder.is_dir():
        return []
    return [run for run in map(RunFolder, sorted(folder.iterdir())) if run.holds_a_run()]


def load_strictly(model: torch.nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Load weights that fit by name and shape. Raises CheckpointError, which names the first that do not fit."""
    own = model.state_dict()
    problems = [f"{name} is missing" for name in own if name not in weights]
    problems += [f"{name} is unknown" for name in weights if name not in own]
    problems += [
        f"{name} has the shape {tuple(weights[name].shape)}, expected {tuple(own[name].shape)}"
        for name in own
        if name in weights and weights[name].shape != own[name].shape
    ]
    if problems:
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise CheckpointError(f"{path} does not fit this model: {'; '.join(problems[:5])}{more}")
    model.load_state_dict(dict(weights))


def check_extractors(record: RunRecord, sketch: ExtractorRecord, photo: ExtractorRecord, path: Path) -> None:
    """Raise CheckpointError unless the extractors at hand are the ones that the run was trained on."""
    if record.photo_extractor == ARRAYS:
        raise CheckpointError(
            f"{path} was trained on features given as arrays, so there is no network for pictures; pass features to "
            "pcmsn.Retriever.load, or train a run on a data set: pcmsn train"
        )
    for modality, trained, given in (
        ("sketch", record.sketch_extractor, sketch),
        ("photo", record.photo_extractor, photo),
    ):
        if trained.fingerprint == given.fingerprint and trained.transform != given.transform:
            raise CheckpointError(
                f"{path} was trained on {modality} pictures prepared for {trained.name} in another way "
                f"({trained.transform[:12]}, now {given.transform[:12]}); pass the same --resize, or train again"
            )
        if trained.fingerprint != given.fingerprint:
            raise CheckpointError(
                f"{path} was trained on {modality} features of {trained.name} "
                f"({trained.fingerprint[:12]}), got {given.name} ({given.fingerprint[:12]}); "
                "pass the same --backbone, or train again"
            )


def _record_from(content: Any, path: Path) -> RunRecord:
    if not isinstance(content, dict):
        raise CheckpointError(
            f"{path} is damaged: it holds {type(content).__name__}, expected an object with a run's facts"
        )
    check_version(content.get("format_version"), path, FORMAT_VERSION)
    try:
        split = content["split"]
        parts = {part: tuple(split[part]) for part in ("train", "val", "test")}
        nested: dict[str, Any] = {
            "split": Split(
                name=split["name"],
                **parts,
                reported=split.get("reported", "val+test"),
                missing=tuple(split.get("missing", ())),
            ),
            "dims": FeatureDims(**content["dims"]),
            "sketch_extractor": ExtractorRecord(**content["sketch_extractor"]),
            "photo_extractor": ExtractorRecord(**content["photo_extractor"]),
            "semantic_sources": tuple(content["semantic_sources"]),
        }
        plain = {field.name: content[field.name] for field in fields(RunRecord) if field.name not in nested}
        return RunRecord(**nested, **plain)
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged: {type(error).__name__} {error}") from error


def tensors_under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names start with ``prefix``, under the rest of their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
