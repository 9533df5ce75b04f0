"""From a configuration to what a run works on: pictures, split, class vectors, extractors, features.

Everything that can be wrong is checked before the first picture is decoded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.datasets import BENCHMARKS, TOYWORLD, find_layout, open_dataset
from pcmsn.data.file_lists import FileLists, read_file_lists
from pcmsn.data.layouts import Layout, folder
from pcmsn.data.records import Dataset
from pcmsn.data.splits import Split, load_split, load_unseen_split
from pcmsn.data.toyworld import toyworld_class_vectors
from pcmsn.errors import BackboneError, ConfigError
from pcmsn.features.backbones.base import Extractors, Source, Sources
from pcmsn.features.backbones.composite import side_by_side
from pcmsn.features.backbones.finetuned import refuse_leaks
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.ready_made import READY_MADE, list_ready_made, load_ready_made, ready_made_folder
from pcmsn.features.tables import ExtractionSettings, feature_tables
from pcmsn.progress import Progress
from pcmsn.semantics.vectors import ClassVectors, load_class_vectors
from pcmsn.training.config import BackboneConfig, DataConfig, RunConfig, SemanticsConfig
from pcmsn.training.finetune.pretraining import pretrain_tiny
from pcmsn.training.loop import TrainingData
from pcmsn.training.run_folder import ExtractorRecord, RunRecord

TOYWORLD_SOURCE = "toyworld-path"
TINY = "tiny"
"""The backbone that a run trains for itself, the folder in the run that holds it, and its form ``tiny:FOLDER``."""
FINETUNED = "finetuned"
"""The folder in a run that holds what it fine-tuned, and the backbone's form ``finetuned:FOLDER``."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A data set with the division of its classes: what is trained or tested on."""

    dataset: Dataset
    split: Split

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of any score on this subject should know."""
        return self.dataset.notes + self.split.notes()


def open_pictures(config: RunConfig, progress: Progress | None = None) -> Dataset:
    """The pictures of a configuration; draws the toy world if it is missing.

    With ready-made features these are the pictures that have features, whether or not they are on disk. Raises
    DataError.
    """
    data = config.data
    if data.file_list:
        return _open_file_lists(config).dataset
    stored = ready_made_folder(config.backbone.spec)
    if stored is not None:
        return list_ready_made(stored, _layout_of_features(data))
    return open_dataset(
        data.dataset,
        Path(data.data_root),
        photos=data.photos,
        progress=lambda done, total: progress("drawing the toy world", done, total) if progress else None,
    )


def open_subject(config: RunConfig, progress: Progress | None = None) -> Subject:
    """The pictures and the split of a configuration. Raises DataError and SplitError where they do not fit."""
    data = config.data
    if data.file_list:
        lists = _open_file_lists(config)
        return Subject(lists.dataset, lists.split)
    dataset = open_pictures(config, progress)
    name, classes, allow = dataset.name, dataset.classes, data.allow_missing_classes
    if data.unseen_classes:
        return Subject(dataset, load_unseen_split(Path(data.unseen_classes), name, classes, allow_missing=allow))
    return Subject(dataset, load_split(data.split or None, name, classes, data.split_seed, allow_missing=allow))


def _layout_of_features(data: DataConfig) -> Layout:
    """Where the pictures would be: ready-made features may belong to a data set that is not on this machine."""
    name, root = data.dataset, Path(data.data_root)
    if name in (*BENCHMARKS, TOYWORLD) or Path(name).is_dir():
        return find_layout(name, root, photos=data.photos)
    return folder(root / name, name)


def _open_file_lists(config: RunConfig) -> FileLists:
    data = config.data
    if ready_made_folder(config.backbone.spec) is not None:
        raise ConfigError(
            f"--file-list names pictures on disk, --backbone {config.backbone.spec} features that may have none; pass "
            "--split or --unseen-classes"
        )
    layout = find_layout(data.dataset, Path(data.data_root))
    root = Path(os.path.commonpath([layout.sketches, layout.photos]))
    return read_file_lists(Path(data.file_list), layout.name, root, allow_missing_classes=data.allow_missing_classes)


def open_class_vectors(config: SemanticsConfig, dataset_name: str) -> ClassVectors:
    """The joined class vectors of a data set; those of the toy world are built in. Raises SemanticsError."""
    if config.sources == (TOYWORLD_SOURCE,) and dataset_name == TOYWORLD:
        names, values = toyworld_class_vectors()
        return ClassVectors(names=names, values=values.astype(np.float32), sources=(TOYWORLD_SOURCE,))
    return load_class_vectors(Path(config.root) / dataset_name, config.sources)


def open_extractors(
    config: RunConfig,
    subject: Subject,
    run_folder: Path,
    progress: Progress | None = None,
    *,
    train_on: str | None = None,
) -> Sources[Source]:
    """The extractors of a configuration, or its ready-made features; what a run makes for itself stands in its folder.

    With ``train_on``, the name of a device, they are first trained on the seen classes, unless that was done before.
    Raises BackboneError for an extractor that was fine-tuned on a class that the split keeps unseen, ConfigError for
    fine-tuning of what cannot be fine-tuned.
    """
    stored = ready_made_folder(config.backbone.spec)
    if stored is not None:
        if config.backbone.finetune:
            raise ConfigError(
                f"ready-made features ({config.backbone.spec}) cannot be fine-tuned; pass --backbone NETWORK, or "
                "--preset best for these features"
            )
        return load_ready_made(stored, subject.dataset.name, subject.split)
    if train_on is not None:
        _make_own_extractors(config, subject, run_folder, train_on, progress)
    extractors = load_run_extractors(config.backbone, run_folder, subject.dataset.name)
    refuse_leaks(extractors, subject.split)
    return extractors


def load_run_extractors(backbone: BackboneConfig, run_folder: Path, dataset_name: str) -> Extractors:
    """The extractors that a run uses; those that it made for itself come from its folder. Raises BackboneError."""

    def load(settings: BackboneConfig) -> Extractors:
        return load_extractors(
            own_spec(settings, run_folder),
            dataset_name=dataset_name,
            model_root=Path(settings.model_root).expanduser(),
            resize=settings.resize,
            layers=settings.layers,
        )

    extractors = load(backbone)
    if backbone.finetune and backbone.keep_original:
        return side_by_side(extractors, load(replace(backbone, finetune="")))
    return extractors


def own_spec(backbone: BackboneConfig, run_folder: Path) -> str:
    """The backbone in a form of ``load_extractors``: what a run made for itself is in its folder."""
    if backbone.finetune:
        return f"{FINETUNED}:{run_folder / FINETUNED}"
    return f"{TINY}:{run_folder / TINY}" if backbone.spec == TINY else backbone.spec


def _make_own_extractors(
    config: RunConfig, subject: Subject, run_folder: Path, device: str, progress: Progress | None
) -> None:
    """Train what the run takes from its own folder, on the seen classes alone: ``tiny`` before it is fine-tuned."""
    from pcmsn.training.finetune.for_run import check_pair, finetune_for_run  # which open pictures with this module

    if config.backbone.finetune:
        check_pair(config)
    if config.backbone.spec == TINY:
        seen = subject.dataset.of_classes(subject.split.train)
        pretrain_tiny(seen, run_folder / TINY, seed=config.training.seed, progress=progress)
    if config.backbone.finetune:
        trunk = replace(config.backbone, finetune="")
        begun = replace(config, backbone=replace(config.backbone, spec=own_spec(trunk, run_folder)))
        finetune_for_run(begun, run_folder / FINETUNED, device=device, progress=progress)


def extractor_record(source: Source) -> ExtractorRecord:
    """What a checkpoint remembers of a source of features."""
    return ExtractorRecord(name=source.name, fingerprint=source.fingerprint, transform=source.transform_key)


@dataclass(frozen=True, eq=False)
class PreparedRun:
    """All that a training run needs."""

    data: TrainingData
    record: RunRecord
    notes: tuple[str, ...] = ()
    """What a reader of the run's scores should know of its data."""


def prepare_training(
    config: RunConfig, run_folder: Path, settings: ExtractionSettings, progress: Progress | None = None
) -> PreparedRun:
    """Features of the seen and the validation classes, and the record of where they come from.

    Pictures of the test classes are listed but never decoded.
    """
    subject = open_subject(config, progress)
    vectors = open_class_vectors(config.semantics, subject.dataset.name)
    semantic: NDArray[np.float32] = vectors.of(subject.split.train)
    extractors = open_extractors(config, subject, run_folder, progress, train_on=settings.device)
    data = TrainingData(
        train=feature_tables(subject.dataset, subject.split.train, extractors, settings),
        val=feature_tables(subject.dataset, subject.split.val, extractors, settings),
        semantic=semantic,
    )
    record = RunRecord(
        dataset=subject.dataset.name,
        split=subject.split,
        dims=data.dims(),
        sketch_extractor=extractor_record(extractors.sketch),
        photo_extractor=extractor_record(extractors.photo),
        semantic_sources=vectors.sources,
        unreadable=len(data.train.unreadable) + len(data.val.unreadable),
    )
    return PreparedRun(data, record, subject.notes)


def resolved(config: RunConfig) -> RunConfig:
    """The configuration with its files and folders as absolute paths, so that a run can be continued from anywhere.

    Raises BackboneError for a backbone whose file or folder is missing.
    """
    data, backbone = config.data, config.backbone
    is_folder = Path(data.dataset).is_dir() and data.dataset not in (*BENCHMARKS, TOYWORLD)
    return replace(
        config,
        data=replace(
            data,
            dataset=_absolute(data.dataset) if is_folder else data.dataset,
            data_root=_absolute(data.data_root),
            split=_absolute_toml(data.split),
            unseen_classes=_absolute(data.unseen_classes) if data.unseen_classes else "",
            file_list=_absolute(data.file_list) if data.file_list else "",
        ),
        semantics=replace(config.semantics, root=_absolute(config.semantics.root)),
        backbone=replace(
            backbone,
            spec=_absolute_spec(backbone.spec),
            model_root=_absolute(backbone.model_root),
            finetune=_absolute_toml(backbone.finetune),
        ),
    )


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().resolve())


def _absolute_toml(name: str) -> str:
    """A TOML file as an absolute path; any other name as it is."""
    return _absolute(name) if name.endswith(".toml") else name


def _absolute_spec(spec: str) -> str:
    """A backbone's folder, or what stands behind its ``kind:``, as an absolute path; any other name as it is."""
    if Path(spec).expanduser().is_dir():
        return _absolute(spec)
    kind, separator, location = spec.partition(":")
    if not separator or kind not in (FINETUNED, READY_MADE, TINY, "vgg16"):
        return spec
    if not Path(location).expanduser().exists():
        raise BackboneError(f"--backbone {spec}: no such file or folder {location}; correct the path")
    return f"{kind}:{_absolute(location)}"
