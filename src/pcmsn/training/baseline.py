"""Untrained features under the same protocols: what any training has to beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pcmsn.data.splits import Split
from pcmsn.device import pick_device
from pcmsn.errors import ConfigError
from pcmsn.evaluation.families import MetricFamily, metric_family
from pcmsn.evaluation.scoring import Scores
from pcmsn.features.backbones.base import Source, Sources
from pcmsn.features.store import FeatureCache
from pcmsn.features.tables import ExtractionSettings, FeatureTable, FeatureTables, feature_tables
from pcmsn.hashing.itq import ITQ
from pcmsn.model.networks import Standardisation
from pcmsn.progress import Progress
from pcmsn.seeding import numpy_generator
from pcmsn.training.config import RunConfig
from pcmsn.training.preparation import open_extractors
from pcmsn.training.protocols import EmbeddedPictures, Protocol, protocol_classes
from pcmsn.training.split_dataset import TINY, SplitDataset, open_split_dataset
from pcmsn.training.testing import unseen_tables

BITS = 64
"""Length of the codes, or the features' own length where that is shorter."""


@dataclass(frozen=True, eq=False)
class FeatureAssessment:
    """The scores of untrained features under one protocol."""

    title: str
    protocol: Protocol
    classes: int
    rows: dict[str, Scores]
    """Scores by what was ranked: features, standardised features, codes."""
    chance: float
    """Mean share of a query's class in the gallery, in 0..1: about what a random order scores in mAP@all."""
    notes: tuple[str, ...] = ()
    """What a reader of the scores should know of the data."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "features": self.title,
            "protocol": self.protocol,
            "classes": self.classes,
            "chance": self.chance,
            "notes": list(self.notes),
            "rows": {name: scores.to_dict() for name, scores in self.rows.items()},
        }


def assess_features(
    config: RunConfig,
    *,
    family: str,
    cache: Path,
    device: str = "auto",
    progress: Progress | None = None,
) -> tuple[FeatureAssessment, ...]:
    """Scores of the configured extractors' features under each protocol; nothing is trained.

    Statistics and codes are fitted on the seen classes. Raises ConfigError for extractors that only a run makes, and
    PcmsnError's other subclasses.
    """
    backbone = config.backbone
    if backbone.spec == TINY or backbone.finetune:
        raise ConfigError(
            f"--backbone {backbone.spec} is {'fine-tuned' if backbone.finetune else 'trained'} by a run and cannot be "
            "scored without one; train first, then pass what is in the run's folder: --backbone tiny:RUN/tiny or "
            "finetuned:RUN/finetuned"
        )
    split_dataset = open_split_dataset(config, progress)
    extractors = open_extractors(config, split_dataset, Path(), progress)  # nothing is taken from a run's folder
    settings = ExtractionSettings(FeatureCache(cache), device=pick_device(device), progress=progress)
    return score_features(split_dataset, extractors, settings, metric_family(family))


def score_features(
    split_dataset: SplitDataset, extractors: Sources[Source], settings: ExtractionSettings, family: MetricFamily
) -> tuple[FeatureAssessment, ...]:
    """Scores of features as they are, standardised with statistics of the seen classes, and as 64-bit ITQ codes."""
    train = feature_tables(split_dataset.dataset, split_dataset.split.train, extractors, settings)
    unseen = unseen_tables(split_dataset, extractors, settings)
    found = compare_features(
        split_dataset.split,
        train,
        unseen,
        family,
        title=f"{extractors.photo.name} on {split_dataset.dataset.name}, split {split_dataset.split.name}",
    )
    return tuple(replace(result, notes=split_dataset.notes) for result in found)


def compare_features(
    split: Split, train: FeatureTables, unseen: FeatureTables, family: MetricFamily, *, title: str
) -> tuple[FeatureAssessment, ...]:
    """The scores of ``score_features``, from feature tables of the seen and of the unseen classes."""
    raw = _embeddings(unseen, _unit(unseen.sketches.features), _unit(unseen.photos.features))
    sketches, photos = _standardiser(train.sketches), _standardiser(train.photos)
    standardised = _embeddings(unseen, sketches(unseen.sketches.features), photos(unseen.photos.features))
    bits = min(BITS, standardised.sketches.shape[1])
    itq = ITQ.fit(
        sketches(train.sketches.features), photos(train.photos.features), bits, numpy_generator(0, "baseline itq")
    )
    results = []
    for protocol, classes in protocol_classes(split).items():
        raw_part, part = raw.of_classes(classes), standardised.of_classes(classes)
        rows = {
            "features, cosine": raw_part.score(family),
            "standardised features, cosine": part.score(family),
            f"standardised, {bits} bits (ITQ)": part.score_codes(itq, family),
        }
        results.append(FeatureAssessment(f"untrained {title}", protocol, len(classes), rows, part.chance))
    return tuple(results)


def _standardiser(train: FeatureTable) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Standardises (N, D) features with the statistics of a training table, then scales each row to length 1."""
    network = Standardisation(train.features.shape[1])
    network.set_statistics(torch.from_numpy(train.features))
    return lambda features: _unit(network(torch.from_numpy(features)).numpy())


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1: their Euclidean order is the cosine order."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(length > 0, length, 1), dtype=np.float32)


def _embeddings(tables: FeatureTables, sketches: NDArray[np.float32], photos: NDArray[np.float32]) -> EmbeddedPictures:
    return EmbeddedPictures(sketches, photos, tables.sketches.pictures, tables.photos.pictures)
