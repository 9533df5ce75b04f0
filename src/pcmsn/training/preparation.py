"""From a configuration to what a run works on: pictures, split, class vectors, extractors, features.

Everything that can be wrong is checked before the first picture is decoded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.datasets import TOYWORLD
from pcmsn.data.toyworld import toyworld_class_vectors
from pcmsn.errors import ConfigError
from pcmsn.features.backbones.base import Extractors, Source, Sources
from pcmsn.features.backbones.composite import side_by_side
from pcmsn.features.backbones.finetuned import refuse_leaks
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.ready_made import load_ready_made, ready_made_folder
from pcmsn.features.tables import ExtractionSettings, feature_tables
from pcmsn.progress import Progress
from pcmsn.semantics.vectors import ClassVectors, load_class_vectors
from pcmsn.training.config import BackboneConfig, RunConfig, SemanticsConfig
from pcmsn.training.finetune.for_run import check_pair, finetune_for_run
from pcmsn.training.finetune.pretraining import pretrain_tiny
from pcmsn.training.loop import TrainingData
from pcmsn.training.run_folder import ExtractorRecord, RunRecord
from pcmsn.training.split_dataset import FINETUNED, TINY, SplitDataset, open_split_dataset

TOYWORLD_SOURCE = "toyworld-path"


def open_class_vectors(config: SemanticsConfig, dataset_name: str) -> ClassVectors:
    """The joined class vectors of a data set; those of the toy world are built in. Raises SemanticsError."""
    if config.sources == (TOYWORLD_SOURCE,) and dataset_name == TOYWORLD:
        names, values = toyworld_class_vectors()
        return ClassVectors(names=names, values=values.astype(np.float32), sources=(TOYWORLD_SOURCE,))
    return load_class_vectors(Path(config.root) / dataset_name, config.sources)


def open_extractors(
    config: RunConfig,
    split_dataset: SplitDataset,
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
        return load_ready_made(stored, split_dataset.dataset.name, split_dataset.split)
    if train_on is not None:
        _make_own_extractors(config, split_dataset, run_folder, train_on, progress)
    extractors = load_run_extractors(config.backbone, run_folder, split_dataset.dataset.name)
    refuse_leaks(extractors, split_dataset.split)
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
    config: RunConfig, split_dataset: SplitDataset, run_folder: Path, device: str, progress: Progress | None
) -> None:
    """Train what the run takes from its own folder, on the seen classes alone: ``tiny`` before it is fine-tuned."""
    if config.backbone.finetune:
        check_pair(config)
    if config.backbone.spec == TINY:
        seen = split_dataset.dataset.of_classes(split_dataset.split.train)
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
    split_dataset = open_split_dataset(config, progress)
    vectors = open_class_vectors(config.semantics, split_dataset.dataset.name)
    semantic: NDArray[np.float32] = vectors.of(split_dataset.split.train)
    extractors = open_extractors(config, split_dataset, run_folder, progress, train_on=settings.device)
    data = TrainingData(
        train=feature_tables(split_dataset.dataset, split_dataset.split.train, extractors, settings),
        val=feature_tables(split_dataset.dataset, split_dataset.split.val, extractors, settings),
        semantic=semantic,
    )
    record = RunRecord(
        dataset=split_dataset.dataset.name,
        split=split_dataset.split,
        dims=data.dims(),
        sketch_extractor=extractor_record(extractors.sketch),
        photo_extractor=extractor_record(extractors.photo),
        semantic_sources=vectors.sources,
        unreadable=len(data.train.unreadable) + len(data.val.unreadable),
    )
    return PreparedRun(data, record, split_dataset.notes)
