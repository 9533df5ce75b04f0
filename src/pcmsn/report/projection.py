"""A t-SNE of sketches and photos in one plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pcmsn.report.contents import Projection
from pcmsn.seeding import derive_seed
from pcmsn.training.protocols import EmbeddedPictures

MOST_POINTS = 2000
"""Points that are drawn at most; sketches take half of them where there are enough."""

FEWEST_POINTS = 6
"""Below so many points there is no projection."""

PERPLEXITY = 30.0
"""Of the t-SNE, where there are enough points for it."""


def spread_over_classes(label: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """At most ``count`` sorted positions of (N,) labels, as even over classes as they allow, evenly spaced in each."""
    members = [np.flatnonzero(label == value) for value in np.unique(label)]
    members.sort(key=len)
    chosen: list[NDArray[np.int64]] = []
    left = min(count, len(label))
    for nth, rows in enumerate(members):
        share = min(len(rows), left // (len(members) - nth))
        # The middle of each of `share` equal stretches.
        chosen.append(rows[((np.arange(share) + 0.5) * len(rows) / max(share, 1)).astype(np.int64)])
        left -= share
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)


def project(part: EmbeddedPictures, *, seed: int) -> Projection | None:
    """A t-SNE of the retrieval features of at most ``MOST_POINTS`` pictures, started from principal components.

    The perplexity is ``PERPLEXITY``, or less for few points. None for fewer than ``FEWEST_POINTS`` points.
    """
    from sklearn.manifold import TSNE

    sketches = spread_over_classes(part.sketch_pictures.labels, MOST_POINTS // 2)
    photos = spread_over_classes(part.photo_pictures.labels, MOST_POINTS - len(sketches))
    rows = np.concatenate([part.sketches[sketches], part.photos[photos]]).astype(np.float64)
    if len(rows) < FEWEST_POINTS:
        return None
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    # Principal components need at least two dimensions with some spread.
    start = "pca" if np.linalg.matrix_rank(rows - rows.mean(axis=0)) >= 2 else "random"
    state = derive_seed(seed, "t-SNE") % 2**32
    plane = TSNE(perplexity=perplexity, init=start, random_state=state).fit_transform(rows)
    low, high = plane.min(axis=0), plane.max(axis=0)
    return Projection(
        points=(plane - low) / np.where(high > low, high - low, 1),
        label=np.concatenate([part.sketch_pictures.labels[sketches], part.photo_pictures.labels[photos]]),
        is_sketch=np.arange(len(rows)) < len(sketches),
        classes=part.classes,
        perplexity=perplexity,
        seed=seed,
        of=len(part.sketches) + len(part.photos),
    )
