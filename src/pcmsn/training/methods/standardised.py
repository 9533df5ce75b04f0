"""Features standardised with the seen classes' statistics of each modality, by cosine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pcmsn.features.tables import FeatureTables
from pcmsn.training.methods.fitting.scaling import Scaling
from pcmsn.training.methods.fitting.task import Embeddings, Fitted, Task, unit_rows, validation_map


@dataclass(frozen=True, kw_only=True)
class StandardisedFeatures:
    """Each element has mean 0 and variance 1 over the seen classes' sketches, and over their photos."""

    title: ClassVar[str] = "standardised features"
    uses_class_vectors: ClassVar[bool] = False

    def fit(self, task: Task) -> Fitted:
        """Standardised features of length 1. Both extractors must give features of one length."""
        scaling = Scaling(task.data.train)

        def embed(tables: FeatureTables) -> Embeddings:
            sketches, photos = scaling.arrays(tables)
            return unit_rows(sketches), unit_rows(photos)

        return Fitted(embed, validation_map(embed, task.data.val))


METHOD = StandardisedFeatures()
