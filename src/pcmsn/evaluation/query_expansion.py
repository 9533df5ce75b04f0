"""Query expansion: a query moves towards the photos that it finds first, and asks again.

It looks at the gallery, which makes it transductive, so it is off unless it is asked for, and every score says so. It
looks at no label and at no other query: a query finds the same photos alone and in a batch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.inputs import checked_embeddings
from pcmsn.evaluation.ranking import Distance, nearest_photos


def expand_queries(
    sketch_embedding: ArrayLike, photo_embedding: ArrayLike, photos: int, distance: Distance
) -> NDArray[np.float64]:
    """(Q, D) queries half-way between each (Q, D) sketch embedding and the mean of its nearest (N, D) photo embeddings.

    ``photos`` is how many of the nearest are averaged: at most N. This is the average query expansion of Chum et al.,
    "Total Recall" (ICCV 2007), with one half for the query, as there is no verification of what it found.
    Raises EvaluationError when ``photos`` is below 1 and for embeddings that do not fit.
    """
    if photos < 1:
        raise EvaluationError(f"a query must be expanded by at least 1 photo, got {photos}; leave it out for none")
    sketches, gallery = checked_embeddings(sketch_embedding, photo_embedding)
    nearest = nearest_photos(sketches, gallery, photos, distance)
    return np.stack(
        [(sketch + gallery[found].mean(axis=0)) / 2 for sketch, found in zip(sketches, nearest, strict=True)]
    )
