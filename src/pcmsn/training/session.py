"""A whole training session: prepare, start or continue, train. What the command line and the demo both call."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from pcmsn.backbones.cache import FeatureCache
from pcmsn.errors import CheckpointError, ConfigError
from pcmsn.training.config import RunConfig
from pcmsn.training.features import ExtractionSettings, Progress
from pcmsn.training.history import Observer
from pcmsn.training.loop import TrainingRun
from pcmsn.training.preparation import PreparedRun, prepare_training, resolved
from pcmsn.training.run_folder import RunFolder, RunRecord, check_extractors


def pick_device(name: str) -> str:
    """A device that torch can use here; ``auto`` takes CUDA, then MPS, then the CPU. Raises ConfigError."""
    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"--device {name} can not be used here ({reason}); expected cpu, cuda, mps or auto"
        ) from error
    return name


def train_run(
    config: RunConfig,
    folder: RunFolder,
    *,
    resume: bool = False,
    cache: Path,
    device: str = "auto",
    progress: Progress | None = None,
    note: Callable[[str], None] = lambda text: None,
    observer: Observer | None = None,
) -> RunRecord:
    """Train a run to its end in ``folder``; without ``resume`` whatever run was there is replaced.

    Raises PcmsnError's subclasses before training for anything that does not fit.
    """
    device = pick_device(device)
    config = config if resume else resolved(config)
    settings = ExtractionSettings(FeatureCache(cache), device=device, progress=progress)
    prepared = prepare_training(config, folder.path, settings, progress)
    _tell(prepared, note)
    if resume:
        _check_same(prepared.record, folder)
    else:
        _clear(folder)
    folder.write_config(config)
    run = TrainingRun(config, prepared.data, folder, prepared.record, device=device, observer=observer)
    if resume:
        run.restore()
    else:
        folder.write_record(prepared.record)
    return run.run()


def _tell(prepared: PreparedRun, note: Callable[[str], None]) -> None:
    train, val, split = prepared.data.train, prepared.data.val, prepared.record.split
    note(
        f"{prepared.record.dataset}, split {split.name}: {len(split.train)} seen classes "
        f"({len(train.sketches.pictures)} sketches, {len(train.photos.pictures)} photos), "
        f"{len(split.val)} for validation ({len(val.sketches.pictures)}, {len(val.photos.pictures)}), "
        f"{len(split.test)} for testing"
    )
    for text in prepared.notes:
        note(text)
    for name, reason in (train.unreadable + val.unreadable)[:10]:
        note(f"skipped {name}: {reason}")
    if prepared.record.unreadable > 10:
        note(f"skipped {prepared.record.unreadable - 10} more unreadable pictures")


def _check_same(record: RunRecord, folder: RunFolder) -> None:
    before = folder.read_record()
    check_extractors(before, record.sketch_extractor, record.photo_extractor, folder.path)
    for name in ("dataset", "split", "dims", "semantic_sources"):
        old, new = getattr(before, name), getattr(record, name)
        if old != new:
            raise CheckpointError(f"{folder.path} was trained with {name} {old}, now it is {new}; train a new run")


def _clear(folder: RunFolder) -> None:
    """Remove a run's own files, so that a new one does not start among them; anything else in the folder stays."""
    for name in ("run.json", "config.toml", "state.safetensors", "model.safetensors", "history.csv"):
        (folder.path / name).unlink(missing_ok=True)
    shutil.rmtree(folder.path / "tensorboard", ignore_errors=True)
