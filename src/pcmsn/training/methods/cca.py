"""Canonical correlation analysis between sketches and photos of a class, regularised, in closed form.

scikit-learn's CCA finds one pair of directions at a time, on explicit pairs of rows and without a regulariser. Here the
pairs are all sketches of a class with all its photos, each class weighing the same. Their moments follow from class
means, so no pair is listed, nothing is drawn, and one singular value decomposition gives all directions. Without a
regulariser both give the same correlations, which a test holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import ConfigError
from pcmsn.features.tables import FeatureTables
from pcmsn.training.methods.fitting.scaling import Scaling
from pcmsn.training.methods.fitting.task import Embed, Embeddings, Fitted, Task, unit_rows, validation_map

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CCA:
    """Directions of largest correlation over the seen classes; the regulariser is chosen on the validation classes."""

    title: ClassVar[str] = "CCA"
    uses_class_vectors: ClassVar[bool] = False

    ridges: tuple[float, ...] = (1e-3, 1e-2, 1e-1, 1.0)
    """Candidates: added to the diagonal of each modality's covariance, as a share of its mean variance."""

    def __post_init__(self) -> None:
        if not self.ridges or not all(0 < ridge < float("inf") for ridge in self.ridges):
            raise ConfigError(f"the ridges of CCA must be finite numbers > 0, at least one, got {self.ridges}")

    def fit(self, task: Task) -> Fitted:
        """At most ``model.dim`` directions, one fewer than seen classes if that is less; embeddings of length 1."""
        scaling = Scaling(task.data.train)
        sketches, photos = scaling.arrays(task.data.train)
        classes = len(task.data.train.classes)
        moments = PairMoments.of(sketches, task.data.train.sketches.labels, photos, task.data.train.photos.labels)
        dim = min(task.config.model.dim, classes - 1, sketches.shape[1], photos.shape[1])
        candidates = [_embedding(scaling, moments, moments.directions(ridge, dim)) for ridge in self.ridges]
        scores = [validation_map(embed, task.data.val) for embed in candidates]
        best = int(np.argmax(scores))
        return Fitted(candidates[best], scores[best])


@dataclass(frozen=True, eq=False)
class PairMoments:
    """Means and covariances of all same-class pairs, every class weighing the same."""

    sketch_mean: Floats
    """(sketch_dim,)."""
    photo_mean: Floats
    """(photo_dim,)."""
    sketch: Floats
    """(sketch_dim, sketch_dim) covariance."""
    photo: Floats
    """(photo_dim, photo_dim) covariance."""
    cross: Floats
    """(sketch_dim, photo_dim) covariance; of rank below the number of classes."""

    @classmethod
    def of(
        cls,
        sketches: NDArray[np.floating],
        sketch_labels: NDArray[np.int64],
        photos: NDArray[np.floating],
        photo_labels: NDArray[np.int64],
    ) -> PairMoments:
        """From (Q, sketch_dim) sketches and (N, photo_dim) photos with labels 0 to C - 1, none of them empty."""
        sketch_mean, sketch_means, sketch = _moments(sketches, sketch_labels)
        photo_mean, photo_means, photo = _moments(photos, photo_labels)
        return cls(sketch_mean, photo_mean, sketch, photo, sketch_means.T @ photo_means / len(sketch_means))

    def directions(self, ridge: float, dim: int) -> tuple[Floats, Floats, Floats]:
        """(sketch_dim, dim) and (photo_dim, dim) directions, the most correlated first, and their correlations."""
        sketch_whitening, photo_whitening = _whitening(self.sketch, ridge), _whitening(self.photo, ridge)
        left, correlations, right = np.linalg.svd(sketch_whitening @ self.cross @ photo_whitening)
        return sketch_whitening @ left[:, :dim], photo_whitening @ right[:dim].T, correlations[:dim]


def _moments(features: NDArray[np.floating], labels: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """The mean over classes, the (C, D) centred class means and the (D, D) covariance, classes weighing the same."""
    counts = np.bincount(labels)
    weight = 1 / (len(counts) * counts[labels])
    values = features.astype(np.float64)
    mean = weight @ values
    centred = values - mean
    means = np.zeros((len(counts), values.shape[1]))
    np.add.at(means, labels, centred)
    return mean, means / counts[:, None], (centred * weight[:, None]).T @ centred


def _whitening(covariance: Floats, ridge: float) -> Floats:
    """The inverse square root of the covariance with the ridge on its diagonal."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0) + ridge * values.mean()
    return np.asarray(vectors / np.sqrt(values) @ vectors.T)


def _embedding(scaling: Scaling, moments: PairMoments, directions: tuple[Floats, Floats, Floats]) -> Embed:
    of_sketches, of_photos, _ = directions

    def embed(tables: FeatureTables) -> Embeddings:
        sketches, photos = scaling.arrays(tables)
        return (
            unit_rows((sketches - moments.sketch_mean) @ of_sketches),
            unit_rows((photos - moments.photo_mean) @ of_photos),
        )

    return embed


METHOD = CCA()
