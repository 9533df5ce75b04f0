"""Features as the extractor gives them, by cosine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pcmsn.features.tables import FeatureTables
from pcmsn.training.methods.fitting.task import Embeddings, Fitted, Task, unit_rows, validation_map


@dataclass(frozen=True, kw_only=True)
class RawFeatures:
    """Nothing is learned."""

    title: ClassVar[str] = "raw features"
    uses_class_vectors: ClassVar[bool] = False

    def fit(self, task: Task) -> Fitted:
        """Features of length 1. Both extractors must give features of one length."""
        return Fitted(_embed, validation_map(_embed, task.data.val))


def _embed(tables: FeatureTables) -> Embeddings:
    return unit_rows(tables.sketches.features), unit_rows(tables.photos.features)


METHOD = RawFeatures()
