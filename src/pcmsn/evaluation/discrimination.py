"""How far classes lie apart, measured against how wide they are: a discrimination ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pcmsn.errors import EvaluationError


def discrimination_ratio(features: ArrayLike, label: ArrayLike) -> float | None:
    """Scatter between classes over scatter inside classes, tr(S_b) / tr(S_w), of (N, D) features with (N,) labels.

    tr(S_w) is the mean squared Euclidean distance of a class's rows to their mean, tr(S_b) that of the class means to
    their own mean; each class weighs the same in both. The ratio is 0 or above, higher where classes are told apart
    more easily, and stays when all features are moved, turned or multiplied by a number. Where labels say nothing it is
    about 1 / (rows in a class), not 0, so compare it on the same rows only. None for fewer than two classes, and where
    all rows of every class are equal. This is the trace criterion of discriminant analysis (Fukunaga, Introduction to
    Statistical Pattern Recognition, 1990, chapter 10).

    Raises EvaluationError when the shapes do not fit or a value is not finite.
    """
    values, labels = np.asarray(features, dtype=np.float64), np.asarray(label)
    if values.ndim != 2 or labels.shape != values.shape[:1]:
        raise EvaluationError(f"{labels.shape} labels do not fit (rows, dimensions) features of shape {values.shape}")
    if not np.isfinite(values).all():
        raise EvaluationError("features hold NaN or infinite values; look for a diverged model")
    groups = [values[labels == name] for name in np.unique(labels)]
    if len(groups) < 2:
        return None
    means = np.array([group.mean(axis=0) for group in groups])
    inside = np.mean([((group - mean) ** 2).sum(axis=1).mean() for group, mean in zip(groups, means, strict=True)])
    between = ((means - means.mean(axis=0)) ** 2).sum(axis=1).mean()
    return float(between / inside) if inside > 0 else None
