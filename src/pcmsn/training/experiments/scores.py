"""Embeddings of the unseen classes to the scores of every protocol: the same for all methods."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.families import metric_family
from pcmsn.hashing.itq import ITQ
from pcmsn.training.experiments.inputs import ExperimentInputs
from pcmsn.training.protocols import EmbeddedPictures, protocol_classes


def score_unseen(
    inputs: ExperimentInputs,
    sketches: NDArray[np.float32],
    photos: NDArray[np.float32],
    *,
    family: str = "sem-pcyc",
    itq: ITQ | None = None,
) -> dict[str, Any]:
    """Scores by protocol, then ``real`` and with ``itq`` also ``binary``, as in ``Scores.to_dict``.

    ``sketches`` (Q, D) and ``photos`` (N, D) embed the rows of ``inputs.unseen``.
    """
    unseen = EmbeddedPictures(sketches, photos, inputs.unseen.sketches.pictures, inputs.unseen.photos.pictures)
    metrics = metric_family(family)
    found: dict[str, Any] = {}
    for protocol, classes in protocol_classes(inputs.split).items():
        part = unseen.of_classes(classes)
        found[protocol] = {"real": part.score(metrics).to_dict()}
        if itq is not None:
            found[protocol]["binary"] = part.score_codes(itq, metrics).to_dict()
    return found
