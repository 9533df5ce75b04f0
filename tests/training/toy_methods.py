"""A separable problem in two modalities: classes are points, each modality shows them through its own linear map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.records import Modality, Pictures
from pcmsn.data.splits import Split
from pcmsn.features.tables import FeatureTable, FeatureTables
from pcmsn.model.config import ModelConfig
from pcmsn.training.config import OptimisationConfig, RunConfig, TrainingConfig
from pcmsn.training.experiments.inputs import ExperimentInputs
from pcmsn.training.loop import TrainingData
from pcmsn.training.methods.fitting.task import Task
from pcmsn.training.run_folder import ExtractorRecord, RunRecord

LATENT, DIM, EACH = 4, 12, 5
NAMES = tuple(f"class{number:02d}" for number in range(52))
SPLIT = Split(name="toy", train=NAMES[:40], val=NAMES[40:45], test=NAMES[45:])
EXTRACTOR = ExtractorRecord(name="toy", fingerprint="f" * 64, transform="t" * 64)


class Toy:
    """Features, class vectors and tasks of the problem; the same for the same seed."""

    def __init__(self, seed: int = 0, *, sketch_dim: int = DIM, photo_dim: int = DIM) -> None:
        generator = np.random.default_rng(seed)
        self.points = generator.normal(size=(len(NAMES), LATENT))
        self.semantic = (self.points @ generator.normal(size=(LATENT, 8))).astype(np.float32)
        self.maps = {
            "sketch": generator.normal(size=(LATENT, sketch_dim)),
            "photo": generator.normal(size=(LATENT, photo_dim)),
        }

    def table(self, modality: Modality, classes: tuple[str, ...]) -> FeatureTable:
        """``EACH`` pictures of every class: its point with noise, through the modality's map."""
        labels = np.repeat(np.arange(len(classes)), EACH)
        rows = np.array([NAMES.index(name) for name in classes])[labels]
        of_class = [np.random.default_rng([NAMES.index(name), len(modality)]) for name in classes]
        noise = np.concatenate([generator.normal(size=(EACH, LATENT)) for generator in of_class])
        features = (self.points[rows] + 0.15 * noise) @ self.maps[modality]
        names = tuple(f"{classes[label]}/{number}.png" for number, label in enumerate(labels))
        pictures = Pictures(modality, Path("toy"), names, labels.astype(np.int64), classes)
        return FeatureTable.of_pictures(features.astype(np.float32), pictures)

    def tables(self, classes: tuple[str, ...]) -> FeatureTables:
        """Both modalities."""
        return FeatureTables(self.table("sketch", classes), self.table("photo", classes))

    def data(self) -> TrainingData:
        """Seen and validation classes."""
        seen = self.semantic[: len(SPLIT.train)]
        return TrainingData(self.tables(SPLIT.train), self.tables(SPLIT.val), seen)

    def inputs(self, folder: Path) -> ExperimentInputs:
        """What a job reads."""
        return ExperimentInputs(
            folder=folder,
            dataset="toy",
            split=SPLIT,
            train=self.tables(SPLIT.train),
            val=self.tables(SPLIT.val),
            unseen=self.tables(SPLIT.val + SPLIT.test),
            sketch_extractor=EXTRACTOR,
            photo_extractor=EXTRACTOR,
            notes=(),
            fingerprint="f" * 64,
        )

    def task(self, folder: Path, *, seed: int = 0, epochs: int = 3, batches: int = 15) -> Task:
        """A short training: with a high learning rate for PCMSN, which has to learn in seconds."""
        config = RunConfig(
            model=ModelConfig(dim=8, dropout=0.0),
            optimisation=OptimisationConfig(learning_rate=2e-3),
            training=TrainingConfig(epochs=epochs, batches_per_epoch=batches, batch_size=48, seed=seed),
        )
        data = self.data()
        return Task(data=data, config=config, record=record_of(data), folder=folder)


def record_of(data: TrainingData) -> RunRecord:
    """Where toy features come from."""
    return RunRecord(
        dataset="toy",
        split=SPLIT,
        dims=data.dims(),
        sketch_extractor=EXTRACTOR,
        photo_extractor=EXTRACTOR,
        semantic_sources=("toy",),
        unreadable=0,
    )


def with_features(tables: FeatureTables, sketches: NDArray[np.float32], photos: NDArray[np.float32]) -> FeatureTables:
    """The same pictures with other features."""
    return FeatureTables(replace(tables.sketches, features=sketches), replace(tables.photos, features=photos))


def first_rows(tables: FeatureTables, count: int) -> FeatureTables:
    """The first pictures of each modality alone."""

    def cut(table: FeatureTable) -> FeatureTable:
        return FeatureTable.of_pictures(table.features[:count], table.pictures.select(range(count)))

    return FeatureTables(cut(tables.sketches), cut(tables.photos))
