"""Feature tables: what training and testing work on instead of pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.records import Dataset, Pictures
from pcmsn.errors import DataError, enumerate_names
from pcmsn.features.backbones.base import Backbone, Source, Sources
from pcmsn.features.extraction import extract
from pcmsn.features.forward import Computation
from pcmsn.features.ready_made import StoredFeatures
from pcmsn.features.store import FeatureCache
from pcmsn.progress import Progress


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """The features of one modality with their classes: of pictures that have names, or of nothing but arrays."""

    features: NDArray[np.float32]
    """(N, D) raw extractor features."""
    labels: NDArray[np.int64]
    """(N,) positions in ``classes``."""
    classes: tuple[str, ...]
    listed: Pictures | None = None
    """The N pictures; None where the features came as arrays."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """For each skipped file its name and the reason."""

    @classmethod
    def of_pictures(
        cls, features: NDArray[np.float32], pictures: Pictures, unreadable: tuple[tuple[str, str], ...] = ()
    ) -> FeatureTable:
        """The (N, D) features of N pictures."""
        return cls(features, pictures.labels, pictures.classes, pictures, unreadable)

    @property
    def pictures(self) -> Pictures:
        """The N pictures. Raises DataError where there are none."""
        if self.listed is None:
            raise DataError("these features came as arrays, without pictures; pass a data set to see pictures")
        return self.listed


@dataclass(frozen=True, eq=False)
class FeatureTables:
    """Both modalities over the same classes."""

    sketches: FeatureTable
    photos: FeatureTable

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; labels are positions in it."""
        return self.sketches.classes

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
    dataset: Dataset, classes: Iterable[str], sources: Sources[Source], settings: ExtractionSettings
) -> FeatureTables:
    """The features of the given classes' pictures, from networks or as they were stored; what is not yet, is computed.

    Raises DataError when more than 5 % of a modality's pictures, or all of a class, cannot be read.
    """
    part = dataset.of_classes(classes)
    return FeatureTables(
        sketches=_table(sources.sketch, part.sketches, settings), photos=_table(sources.photo, part.photos, settings)
    )


def _table(source: Source, pictures: Pictures, settings: ExtractionSettings) -> FeatureTable:
    if isinstance(source, StoredFeatures):
        return FeatureTable.of_pictures(source.of(pictures), pictures)
    if not isinstance(source, Backbone):
        raise TypeError(f"features come from a Backbone or from StoredFeatures, got {type(source).__name__}")
    computation = Computation(device=settings.device, batch_size=settings.batch_size)
    found = extract(source, pictures, cache=settings.cache, computation=computation, progress=settings.progress)
    kept = pictures.select(found.kept)
    empty = [name for name, count in kept.counts().items() if count == 0]
    if empty:
        raise DataError(
            f"no readable {pictures.modality} is left in the class {enumerate_names(empty)} of {pictures.folder}; "
            f"unreadable: {enumerate_names(name for name, _ in found.unreadable) or 'none, so the class is empty'}; "
            "add pictures, or leave the class out of the split"
        )
    return FeatureTable.of_pictures(found.values, kept, found.unreadable)
