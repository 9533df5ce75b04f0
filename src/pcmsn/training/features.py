"""Feature tables: what training and testing work on instead of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.records import Dataset, Pictures
from pcmsn.errors import DataError, enumerate_names
from pcmsn.features.backbones.base import Backbone, Extractors
from pcmsn.features.cache import FeatureCache
from pcmsn.features.extraction import extract
from pcmsn.features.forward import Computation
from pcmsn.features.ready_made import ReadyMade

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, the number of steps done and the total."""


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """The features of one modality's readable pictures, one row a picture."""

    features: NDArray[np.float32]
    """(N, D) raw extractor features."""
    pictures: Pictures
    """The N pictures."""
    unreadable: tuple[tuple[str, str], ...]
    """For each skipped file its name and the reason."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) positions in the pictures' classes."""
        return self.pictures.labels


@dataclass(frozen=True, eq=False)
class FeatureTables:
    """Both modalities over the same classes."""

    sketches: FeatureTable
    photos: FeatureTable

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; labels are positions in it."""
        return self.sketches.pictures.classes

    @property
    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """The skipped files of both modalities, each with the reason."""
        return self.sketches.unreadable + self.photos.unreadable


@dataclass(frozen=True)
class ExtractionSettings:
    """How features are computed; nothing here changes their values, but for rounding."""

    cache: FeatureCache
    device: str = "cpu"
    batch_size: int | None = None
    """None takes what suits the device."""
    progress: Progress | None = None


def feature_tables(
    dataset: Dataset, classes: Iterable[str], extractors: Extractors, settings: ExtractionSettings
) -> FeatureTables:
    """The features of the given classes' pictures; what the cache lacks is computed.

    Raises DataError when more than 5 % of a modality's pictures, or all of a class, cannot be read.
    """
    part = dataset.of_classes(classes)
    return FeatureTables(
        sketches=_table(extractors.sketch, part.sketches, settings),
        photos=_table(extractors.photo, part.photos, settings),
    )


def _table(backbone: Backbone, pictures: Pictures, settings: ExtractionSettings) -> FeatureTable:
    def report(done: int, total: int) -> None:
        if settings.progress:
            settings.progress(f"{pictures.modality} features", done, total)

    if isinstance(backbone, ReadyMade):
        found = backbone.features_of(pictures)
    else:
        computation = Computation(device=settings.device, batch_size=settings.batch_size)
        found = extract(backbone, pictures, cache=settings.cache, computation=computation, progress=report)
    kept = pictures.select(found.kept)
    empty = [name for name, count in kept.counts().items() if count == 0]
    if empty:
        raise DataError(
            f"no readable {pictures.modality} is left in the class {enumerate_names(empty)} of {pictures.folder}; "
            f"unreadable: {enumerate_names(name for name, _ in found.unreadable) or 'none, so the class is empty'}; "
            "add pictures, or leave the class out of the split"
        )
    return FeatureTable(features=found.values, pictures=kept, unreadable=found.unreadable)
