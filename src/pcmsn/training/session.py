"""A whole training session: prepare, start or continue, train. The command line and the demonstration call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pcmsn.device import pick_device
from pcmsn.errors import CheckpointError, ConfigError
from pcmsn.features.store import FeatureCache
from pcmsn.features.tables import ExtractionSettings
from pcmsn.progress import Progress
from pcmsn.training.config import RunConfig
from pcmsn.training.history import Observer
from pcmsn.training.loop import TrainingRun
from pcmsn.training.preparation import PreparedRun, prepare_training
from pcmsn.training.run_folder import RunFolder, RunRecord, check_extractors
from pcmsn.training.split_dataset import resolved

_UNREADABLE_NAMED = 10


def train_run(
    config: RunConfig,
    folder: RunFolder,
    *,
    resume: bool = False,
    reuse: bool = False,
    cache: Path,
    device: str = "auto",
    progress: Progress | None = None,
    note: Callable[[str], None] = lambda text: None,
    observer: Observer | None = None,
) -> RunRecord:
    """Train a run to its end in ``folder``; without ``resume`` and ``reuse`` a run that was there is replaced.

    ``resume`` continues it, and refuses one of other data. ``reuse`` continues it if this version began it with the
    same settings and data, leaves it as it is if it is finished, and replaces any other. ``cache`` is the folder of the
    feature cache. What does not fit raises one of PcmsnError's subclasses before training; TrainingError comes from
    training itself.
    """
    device = pick_device(device)
    config = config if resume else resolved(config)
    settings = ExtractionSettings(FeatureCache(cache), device=device, progress=progress)
    prepared = prepare_training(config, folder.path, settings, progress)
    _tell(prepared, note)
    before = _record_of_the_same(config, prepared.record, folder) if reuse else None
    if before and before.finished:
        note(f"{folder.path}: trained before, and not again; delete the folder to train it anew")
        return before
    if before:
        note(f"{folder.path}: begun before, continued after epoch {before.epochs_done}")
        resume = True
    if resume:
        _check_same(prepared.record, folder)
    else:
        folder.clear()
    folder.write_config(config)
    run = TrainingRun(config, prepared.data, folder, prepared.record, device=device, observer=observer)
    if resume:
        run.restore()
    else:
        folder.write_record(prepared.record)
    return run.run()


def _tell(prepared: PreparedRun, note: Callable[[str], None]) -> None:
    """Say what the run learns from, and which pictures it cannot read."""
    train, val, split = prepared.data.train, prepared.data.val, prepared.record.split
    note(
        f"{prepared.record.dataset}, split {split.name}: {len(split.train)} seen classes "
        f"({len(train.sketches.labels)} sketches, {len(train.photos.labels)} photos), "
        f"{len(split.val)} for validation ({len(val.sketches.labels)}, {len(val.photos.labels)}), "
        f"{len(split.test)} for testing"
    )
    for text in prepared.notes:
        note(text)
    for name, reason in (train.unreadable + val.unreadable)[:_UNREADABLE_NAMED]:
        note(f"skipped {name}: {reason}")
    if prepared.record.unreadable > _UNREADABLE_NAMED:
        note(f"skipped {prepared.record.unreadable - _UNREADABLE_NAMED} more unreadable pictures")


def _record_of_the_same(config: RunConfig, record: RunRecord, folder: RunFolder) -> RunRecord | None:
    """The record of a run in ``folder`` that this version began with these settings, on the same data; None without."""
    try:
        before = folder.read_record()
        _check_same(record, folder)
        same = folder.read_config() == config and before.pcmsn_version == record.pcmsn_version
    except (CheckpointError, ConfigError):
        return None
    return before if same else None


def _check_same(record: RunRecord, folder: RunFolder) -> None:
    """Raise CheckpointError unless a run that is continued finds the data and extractors that it was begun with."""
    before = folder.read_record()
    check_extractors(before, record.sketch_extractor, record.photo_extractor, folder.path)
    if record.split != before.split:
        raise CheckpointError(
            f"{folder.path} was trained on split {before.split.name}, in which other classes are now seen, validation "
            "or test classes; restore the split's file and the folders of classes, or train a new run"
        )
    for name in ("dataset", "dims", "semantic_sources"):
        old, new = getattr(before, name), getattr(record, name)
        if old != new:
            raise CheckpointError(f"{folder.path} was trained with {name} {old}, now it is {new}; train a new run")
