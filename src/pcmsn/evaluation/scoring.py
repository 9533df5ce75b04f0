"""Scores of embeddings or binary codes under one metric family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pcmsn.errors import EvaluationError, did_you_mean, enumerate_names
from pcmsn.evaluation.families import SEM_PCYC, MetricFamily
from pcmsn.evaluation.inputs import checked_codes, checked_embeddings, checked_labels
from pcmsn.evaluation.ranking import Ranking, map_blocks, pair_distances, rank
from pcmsn.hashing.hamming import hamming_distances, pack_codes
from pcmsn.hashing.itq import released_itq_codes

Codes = Literal["real", "itq-released"]
"""What ``score`` ranks by: the embeddings as they are, or codes of the released, transductive ITQ protocol."""

DEPTHS = (100, 200)
"""The k of P@k; the last one is also the k of mAP@k."""

DistanceOfBlock = Callable[[slice], NDArray[np.number]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """Means over all queries, each in 0..1, by the definitions of ``family``."""

    map_all: float
    map_200: float
    p_100: float
    p_200: float
    queries: int
    """Number of sketches; those without a relevant photo are among them and count 0."""
    gallery: int
    """Number of photos."""
    seconds_per_query: float
    """Time on one core for the distances to the whole gallery and sorting them; metrics are not in it."""
    family: MetricFamily
    codes: str
    """What was ranked, for example ``real`` or ``itq``."""
    average_precision: NDArray[np.float64]
    """(Q,) average precision of each query over the whole gallery; its mean is ``map_all``."""
    notes: tuple[str, ...] = ()
    """Sentences that a reader of the numbers should see: k above the gallery size, queries that can not be answered."""

    def to_dict(self) -> dict[str, float | int | str | list[str]]:
        """The scores under the names of the field's tables, with what they were computed on, for JSON."""
        return {
            "mAP@all": self.map_all,
            "mAP@200": self.map_200,
            "P@100": self.p_100,
            "P@200": self.p_200,
            "queries": self.queries,
            "gallery": self.gallery,
            "seconds_per_query": self.seconds_per_query,
            "metrics": self.family.name,
            "codes": self.codes,
            "notes": list(self.notes),
        }


def score(
    sketch_embedding: ArrayLike,
    sketch_label: ArrayLike,
    photo_embedding: ArrayLike,
    photo_label: ArrayLike,
    *,
    family: MetricFamily = SEM_PCYC,
    codes: str = "real",
    bits: int | None = None,
) -> Scores:
    """Scores of (Q, D) sketch and (N, D) photo embeddings, real-valued or as ``itq-released`` codes of ``bits`` bits.

    ``bits`` None makes one bit a dimension, as the released code does.
    Raises EvaluationError for inputs that do not fit.
    """
    if codes == "real":
        return score_embeddings(sketch_embedding, sketch_label, photo_embedding, photo_label, family=family)
    if codes != "itq-released":
        known = get_args(Codes)
        raise EvaluationError(f"no codes {codes!r}{did_you_mean(codes, known)}; expected {enumerate_names(known)}")
    checked_embeddings(sketch_embedding, photo_embedding)
    # As given: the released protocol computes in the embeddings' own precision.
    sketch_code, photo_code = released_itq_codes(np.asarray(sketch_embedding), np.asarray(photo_embedding), bits)
    return score_codes(sketch_code, sketch_label, photo_code, photo_label, family=family, name=codes)


def score_embeddings(
    sketch_embedding: ArrayLike,
    sketch_label: ArrayLike,
    photo_embedding: ArrayLike,
    photo_label: ArrayLike,
    *,
    family: MetricFamily = SEM_PCYC,
) -> Scores:
    """Scores of real-valued (Q, D) sketch and (N, D) photo embeddings, ranked by the family's distance in float64.

    Labels are (Q,) and (N,) integers or class names. Raises EvaluationError for inputs that do not fit.
    """
    sketch, photo = checked_embeddings(sketch_embedding, photo_embedding)
    labels = checked_labels(sketch_label, photo_label, len(sketch), len(photo))

    def distance_of(block: slice) -> NDArray[np.number]:
        return pair_distances(sketch[block], photo, family.distance)

    return _scores(distance_of, *labels, family=family, codes="real")


def score_codes(
    sketch_code: ArrayLike,
    sketch_label: ArrayLike,
    photo_code: ArrayLike,
    photo_label: ArrayLike,
    *,
    family: MetricFamily = SEM_PCYC,
    name: str = "itq",
) -> Scores:
    """Scores of (Q, bits) and (N, bits) binary codes (bool, or 0 and 1), ranked by Hamming distance in every family.

    ``name`` is what ``Scores.codes`` says. Raises EvaluationError for inputs that do not fit.
    """
    sketch_bits, photo_bits = checked_codes(sketch_code, photo_code)
    labels = checked_labels(sketch_label, photo_label, len(sketch_bits), len(photo_bits))
    sketch, photo = pack_codes(sketch_bits), pack_codes(photo_bits)

    def distance_of(block: slice) -> NDArray[np.number]:
        return hamming_distances(sketch[block], photo)

    return _scores(distance_of, *labels, family=family, codes=name)


def mean_average_precision(
    sketch_embedding: ArrayLike,
    sketch_label: ArrayLike,
    photo_embedding: ArrayLike,
    photo_label: ArrayLike,
    family: MetricFamily = SEM_PCYC,
) -> float:
    """mAP@all of real-valued embeddings and nothing else, in 0..1: what model choice needs after each epoch.

    Raises EvaluationError for inputs that do not fit.
    """
    sketch, photo = checked_embeddings(sketch_embedding, photo_embedding)
    sketches, photos = checked_labels(sketch_label, photo_label, len(sketch), len(photo))

    def precision_of(block: slice) -> NDArray[np.float64]:
        distance = pair_distances(sketch[block], photo, family.distance)
        return family.average_precision(rank(distance, sketches[block, None] == photos))

    return float(np.concatenate(list(map_blocks(precision_of, len(sketch), len(photo)))).mean())


def _scores(
    distance_of: DistanceOfBlock,
    sketch_label: NDArray[np.int64],
    photo_label: NDArray[np.int64],
    *,
    family: MetricFamily,
    codes: str,
) -> Scores:
    queries, gallery = len(sketch_label), len(photo_label)

    def measure(block: slice) -> tuple[NDArray[np.float64], float]:
        relevance = sketch_label[block, None] == photo_label
        start = perf_counter()
        ranking = rank(distance_of(block), relevance)
        seconds = perf_counter() - start
        return _metrics(ranking, family), seconds

    blocks = list(map_blocks(measure, queries, gallery))
    values = np.concatenate([metrics for metrics, _ in blocks], axis=1)
    map_all, map_200, p_100, p_200 = (float(mean) for mean in values.mean(axis=1))
    return Scores(
        map_all=map_all,
        map_200=map_200,
        p_100=p_100,
        p_200=p_200,
        queries=queries,
        gallery=gallery,
        seconds_per_query=sum(seconds for _, seconds in blocks) / queries,
        family=family,
        codes=codes,
        average_precision=values[0],
        notes=(*_notes_on_depth(gallery, family), *_notes_on_queries(sketch_label, photo_label)),
    )


def _metrics(ranking: Ranking, family: MetricFamily) -> NDArray[np.float64]:
    """(4, B) AP over the whole list, AP@200, P@100 and P@200 of a block."""
    at_depth = [family.precision(ranking, k) for k in DEPTHS]
    return np.stack([family.average_precision(ranking), family.average_precision(ranking, DEPTHS[-1]), *at_depth])


def _notes_on_depth(gallery: int, family: MetricFamily) -> list[str]:
    divisor = str(gallery) if family.precision_divisor == "min(k, N)" else "min(k, R)"
    return [
        f"k={k} is above the gallery size of {gallery}: P@{k} divides by {divisor}"
        + (f", and mAP@{k} is mAP@all" if k == DEPTHS[-1] else "")
        for k in DEPTHS
        if k > gallery
    ]


def _notes_on_queries(sketch_label: NDArray[np.int64], photo_label: NDArray[np.int64]) -> list[str]:
    count = int((~np.isin(sketch_label, photo_label)).sum())
    if not count:
        return []
    return [f"{count} of {len(sketch_label)} queries have no photo of their class in the gallery and count 0"]
