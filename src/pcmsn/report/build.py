"""From a run folder to the contents of its report."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from pcmsn.device import pick_device
from pcmsn.errors import DataError
from pcmsn.evaluation.discrimination import discrimination_ratio
from pcmsn.evaluation.families import MetricFamily
from pcmsn.features.store import FeatureCache
from pcmsn.features.tables import ExtractionSettings, FeatureTables
from pcmsn.progress import Progress
from pcmsn.report.contents import Contents, Environment, Examples, Measured, RatioRow
from pcmsn.report.examples import examples_of
from pcmsn.report.opening import (
    ReportRequest,
    chosen_families,
    data_parts,
    load_run,
    read_history,
)
from pcmsn.report.projection import project
from pcmsn.report.rankings import confusions_of, embedding_lists
from pcmsn.report.scores import class_results, protocol_parts, protocol_results
from pcmsn.training.protocols import EmbeddedPictures, Generalized, check_generalized, protocol_classes
from pcmsn.training.run_folder import TrainedModel
from pcmsn.training.trained_run import OpenedRun, embedded, open_trained_run
from pcmsn.version import __version__

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "transformers", "pillow")


def build_contents(request: ReportRequest, progress: Progress | None = None) -> Contents:
    """The contents of a run's report; where its pictures are gone, what the run folder itself holds.

    Raises ReportError for a released checkpoint and for unknown families; CheckpointError for a folder without a
    finished epoch, or an extractor that is not the run's; DataError where ``data_root`` was given and has no pictures.
    """
    families = chosen_families(request.families)
    generalized = check_generalized(request.generalized)
    trained = load_run(request.run)
    device = pick_device(request.device)
    settings = ExtractionSettings(FeatureCache(request.cache), device=device, progress=progress)
    notes = _notes_on_training(trained)
    dataset, measured = None, None
    unreadable: dict[str, int] = {}
    try:
        opened = open_trained_run(request.run, trained, request.moved, settings, progress)
        notes += opened.split_dataset.notes
        dataset = opened.split_dataset.dataset
        measured, unreadable = _measure(opened, request, families, generalized, device)
    except DataError as error:
        # Who says where the pictures are wants to hear that they are not there.
        if request.data_root is not None:
            raise
        notes += trained.record.split.notes()
        notes += (
            f"The pictures of this run cannot be read, so nothing was measured ({error}). The rest is what the run "
            "folder holds; pass --data-root to say where the data set is now.",
        )
    return Contents(
        run=request.run,
        record=trained.record,
        config=trained.config,
        families=families,
        measured=measured,
        parts=data_parts(trained, dataset, unreadable),
        training=read_history(request.run, trained.record.best_epoch),
        environment=_environment(request.command, device),
        notes=(*notes, *_notes_on_reading(unreadable)),
        pictures_missing=_why_no_pictures(measured, request),
    )


def _measure(
    opened: OpenedRun,
    request: ReportRequest,
    families: tuple[MetricFamily, ...],
    generalized: tuple[Generalized, ...],
    device: str,
) -> tuple[Measured, dict[str, int]]:
    """All that needs the features of unseen classes, and the unreadable pictures of each part of the split."""
    split, trained = opened.split_dataset.split, opened.trained
    trained.model.to(device)
    reported_classes = next(iter(protocol_classes(split).values()))
    tables = opened.tables(reported_classes)
    unreadable = _unreadable_by_part(opened, tables)
    unseen = embedded(trained.model, tables)
    seen = None
    if generalized:
        seen_tables = opened.tables(split.train)
        unreadable["train"] = len(seen_tables.unreadable)
        seen = embedded(trained.model, seen_tables)
    parts = protocol_parts(split, unseen, seen, generalized)
    results = []
    for done, (protocol, part) in enumerate(parts.items()):
        _tell(opened.settings.progress, done, len(parts))
        classes = len(unseen.classes) if protocol in generalized else len(part.classes)
        results.append(
            protocol_results(protocol, part, trained.itq, families, classes=classes, intervals=request.intervals)
        )
    _tell(opened.settings.progress, len(parts), len(parts))
    reported = next(iter(parts.values()))
    sketch_label, photo_label = reported.sketch_pictures.labels, reported.photo_pictures.labels
    first = families[0]
    lists = embedding_lists(reported.sketches, sketch_label, reported.photos, photo_label, first.distance)
    examples: Examples | None = None
    if request.pictures:
        examples = examples_of(reported, results[0].real[first.name].average_precision, first.distance)
    measured = Measured(
        protocols=tuple(results),
        classes=class_results(results[0], reported, split),
        confusions=confusions_of(lists, reported.classes),
        examples=examples,
        projection=project(reported, seed=request.seed),
        ratios=ratio_rows(tables, reported),
    )
    return measured, unreadable


def ratio_rows(tables: FeatureTables, embedded: EmbeddedPictures) -> tuple[RatioRow, ...]:
    """Discrimination ratios of sketches, of photos and of both together, raw and retrieval features of the same rows.

    Raw features of both together have a ratio where both extractors give equally many numbers.
    """
    raw = tables.sketches.features, tables.photos.features
    labels = tables.sketches.labels, tables.photos.labels
    retrieval = embedded.sketches, embedded.photos
    rows = [
        RatioRow(
            name, discrimination_ratio(raw[side], labels[side]), discrimination_ratio(retrieval[side], labels[side])
        )
        for side, name in enumerate(("sketches", "photos"))
    ]
    both = np.concatenate(labels)
    same_size = raw[0].shape[1] == raw[1].shape[1]
    raw_both = discrimination_ratio(np.concatenate(raw), both) if same_size else None
    return (*rows, RatioRow("both together", raw_both, discrimination_ratio(np.concatenate(retrieval), both)))


def _unreadable_by_part(opened: OpenedRun, tables: FeatureTables) -> dict[str, int]:
    """Pictures of each part of the reported protocol that were listed and not kept."""
    split, dataset = opened.split_dataset.split, opened.split_dataset.dataset
    counts = {}
    for name, classes in (("val", split.val), ("test", split.test)):
        if set(classes) <= set(tables.classes):
            listed = dataset.of_classes(classes)
            kept = [table.pictures.of_classes(classes) for table in (tables.sketches, tables.photos)]
            counts[name] = len(listed.sketches) + len(listed.photos) - sum(map(len, kept))
    return counts


def _why_no_pictures(measured: Measured | None, request: ReportRequest) -> str:
    """Why a report with scores has no example pictures; empty where it has them."""
    if measured is None or measured.examples is not None:
        return ""
    return "None of the pictures is on disk." if request.pictures else "Left out with --no-pictures."


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress("scores and curves", done, total)


def _notes_on_training(trained: TrainedModel) -> tuple[str, ...]:
    record, wanted = trained.record, trained.config.training.epochs
    return () if record.finished else (f"Training is not finished: {record.epochs_done} of {wanted} epochs.",)


def _notes_on_reading(unreadable: dict[str, int]) -> tuple[str, ...]:
    count = sum(unreadable.values())
    return (f"{count} unreadable pictures were left out.",) if count else ()


def _environment(command: str, device: str) -> Environment:
    return Environment(
        made=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        command=command,
        device=_device_name(device),
        versions=(("pcmsn", __version__), ("Python", platform.python_version()), *_versions()),
    )


def _versions() -> tuple[tuple[str, str], ...]:
    found = []
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        import torch

        return f"{device}, {torch.cuda.get_device_name(device)}"
    return f"{device}, {platform.processor() or platform.machine()} ({platform.system()})"
