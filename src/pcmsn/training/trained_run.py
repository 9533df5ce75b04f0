"""A run that is to be measured: its model, the pictures to measure it on, and the extractors of its training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pcmsn.errors import CheckpointError
from pcmsn.features.backbones.base import Extractors, Source, Sources, network_fingerprint
from pcmsn.features.ready_made import ready_made_folder
from pcmsn.features.tables import ExtractionSettings, FeatureTables, feature_tables
from pcmsn.model.retrieval_model import RetrievalModel
from pcmsn.progress import Progress
from pcmsn.training.config import RunConfig
from pcmsn.training.loop import embed
from pcmsn.training.preparation import extractor_record, load_run_extractors, open_extractors
from pcmsn.training.protocols import EmbeddedPictures
from pcmsn.training.run_folder import RunFolder, TrainedModel, check_extractors
from pcmsn.training.split_dataset import SplitDataset, open_pictures


@dataclass(frozen=True)
class Moved:
    """Where data and extractors are now; None is where they were in training."""

    data_root: str | None = None
    backbone: str | None = None
    model_root: str | None = None

    def applied_to(self, config: RunConfig) -> RunConfig:
        """The configuration with the places where things are now."""
        data, backbone = config.data, config.backbone
        if self.data_root is not None:
            data = replace(data, data_root=self.data_root)
        if self.backbone is not None:
            # What the run fine-tuned is in its own folder; only the network that it started from can have moved.
            backbone = replace(backbone, spec=self.backbone)
        if self.model_root is not None:
            backbone = replace(backbone, model_root=self.model_root)
        return replace(config, data=data, backbone=backbone)


@dataclass(frozen=True, eq=False)
class OpenedRun:
    """All that is needed to measure a run."""

    trained: TrainedModel
    config: RunConfig
    """Of the run, with the places where things are now."""
    split_dataset: SplitDataset
    extractors: Sources[Source]
    settings: ExtractionSettings

    def tables(self, classes: Sequence[str]) -> FeatureTables:
        """Features of the given classes' pictures."""
        return feature_tables(self.split_dataset.dataset, classes, self.extractors, self.settings)


def open_trained_run(
    run: Path, trained: TrainedModel, moved: Moved, settings: ExtractionSettings, progress: Progress | None = None
) -> OpenedRun:
    """A run folder's best epoch with its pictures, on the split that it was trained on, whatever the split's file says.

    Raises DataError where the pictures are gone, CheckpointError for other extractors than in training.
    """
    config, record = moved.applied_to(trained.config), trained.record
    dataset = open_pictures(config, progress)
    split = record.split.fitted(f"{dataset.name} (as {run} was trained)", dataset.classes)
    split_dataset = SplitDataset(dataset, split)
    extractors = open_extractors(config, split_dataset, run, progress)
    check_extractors(record, extractor_record(extractors.sketch), extractor_record(extractors.photo), run)
    return OpenedRun(trained, config, split_dataset, extractors, settings)


def load_with_networks(run: Path, backbone: str | None = None) -> tuple[TrainedModel, Extractors]:
    """A run folder's best epoch with the networks that new pictures go through; its data is not needed.

    ``backbone`` says where the same extractors are now. Raises CheckpointError for a folder that holds no run, for a
    run on ready-made features and for other extractors than in training, BackboneError for extractors that cannot be
    loaded.
    """
    trained = RunFolder(run).load_trained()
    settings = Moved(backbone=backbone).applied_to(trained.config).backbone
    if ready_made_folder(settings.spec) is not None:
        raise CheckpointError(
            f"{run} was trained on ready-made features ({settings.spec}), so there is no network for new pictures; "
            "train a run with the network itself: pcmsn train --backbone NETWORK"
        )
    extractors = load_run_extractors(settings, run, trained.record.dataset)
    check_extractors(trained.record, extractor_record(extractors.sketch), extractor_record(extractors.photo), run)
    return trained, extractors


def model_fingerprint(trained: TrainedModel, extractors: Extractors) -> str:
    """64 hexadecimal digits over all weights, the codes and the preparation of pictures."""
    digest = hashlib.sha256(network_fingerprint(repr(trained.config.model), trained.model.state_dict()).encode())
    for name, values in sorted(trained.itq.to_arrays().items()):
        digest.update(f"\x1f{name}\x1f{values.shape}\x1f".encode())
        digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    digest.update(extractors.fingerprint.encode())
    return digest.hexdigest()


def model_name(trained: TrainedModel, extractors: Extractors) -> str:
    """What people call the model, for example ``Sketchy, preset paper, seed 0, vit_tiny_patch16_224``."""
    config = trained.config
    return f"{trained.record.dataset}, preset {config.preset}, seed {config.training.seed}, {extractors.photo.name}"


def embedded(model: RetrievalModel, tables: FeatureTables) -> EmbeddedPictures:
    """The retrieval features of all pictures of the tables."""
    sketches, photos = embed(model, tables)
    return EmbeddedPictures(sketches, photos, tables.sketches.pictures, tables.photos.pictures)
