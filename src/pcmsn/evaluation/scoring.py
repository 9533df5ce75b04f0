"""Scores of embeddings or binary codes under one metric family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pcmsn.errors import EvaluationError, did_you_mean, enumerate_names
from pcmsn.evaluation.code_streaming import measure_codes
from pcmsn.evaluation.families import DEPTHS, FAMILIES, SEM_PCYC, MetricFamily, metric_family
from pcmsn.evaluation.inputs import checked_codes, checked_embeddings, checked_labels
from pcmsn.evaluation.intervals import MeanIntervals, Resampled, mean_intervals
from pcmsn.evaluation.query_expansion import expand_queries
from pcmsn.evaluation.streaming import QueryScores, measure
from pcmsn.hashing.hamming import pack_codes
from pcmsn.hashing.itq import released_itq_codes

Codes = Literal["real", "itq-released"]
"""What ``score`` ranks by: the embeddings as they are, or codes of the released, transductive ITQ protocol."""

SCORE_NAMES = ("mAP@all", "mAP@200", "P@100", "P@200")
"""The four scores, in the order of ``Scores.values``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """The four scores, means over all queries in 0..1, by the definitions of ``family``."""

    map_all: float
    map_200: float
    p_100: float
    p_200: float
    queries: int
    """Number of sketches; those without a relevant photo are among them and count 0."""
    gallery: int
    """Number of photos."""
    seconds_per_query: float
    """Time on one core for a query's distances to the whole gallery and its order; computing metrics is not in it."""
    family: MetricFamily
    codes: str
    """What was ranked, for example ``real`` or ``itq``."""
    values: NDArray[np.float64]
    """(4, Q) the four scores of each query, in the order of ``SCORE_NAMES``; their means are the scores."""
    sketch_label: NDArray[np.int64]
    """(Q,) classes of the queries, as integers."""
    unanswered: int
    """Number of queries without a photo of their class in the gallery."""
    intervals: MeanIntervals | None = None
    """Confidence intervals of the four means, where they were asked for."""

    @property
    def average_precision(self) -> NDArray[np.float64]:
        """(Q,) average precision of each query over the whole gallery; its mean is ``map_all``."""
        average_precision: NDArray[np.float64] = self.values[0]
        return average_precision

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a reader of the numbers should see; see ``notes_on``."""
        return notes_on([self])

    def with_intervals(self, generator: np.random.Generator, resample: Resampled = "classes") -> Scores:
        """The same scores with 95 % bootstrap intervals; see ``pcmsn.evaluation.intervals`` for what they cover."""
        return replace(self, intervals=mean_intervals(self.values, self.sketch_label, generator, resample=resample))

    def to_dict(self) -> dict[str, Any]:
        """The scores under the names of the field's tables, with what they were computed on, for JSON."""
        means = (self.map_all, self.map_200, self.p_100, self.p_200)
        values = {
            **dict(zip(SCORE_NAMES, means, strict=True)),
            "queries": self.queries,
            "gallery": self.gallery,
            "seconds_per_query": self.seconds_per_query,
            "metrics": self.family.name,
            "codes": self.codes,
            "notes": list(self.notes),
        }
        if self.intervals is not None:
            values["intervals"] = self.intervals.to_dict(SCORE_NAMES)
        return values


def score(
    sketch_embedding: ArrayLike,
    sketch_label: ArrayLike,
    photo_embedding: ArrayLike,
    photo_label: ArrayLike,
    *,
    family: MetricFamily = SEM_PCYC,
    codes: str = "real",
    bits: int | None = None,
    device: str | None = None,
) -> Scores:
    """Scores of (Q, D) sketch and (N, D) photo embeddings, real-valued or as ``itq-released`` codes of ``bits`` bits.

    ``bits`` None makes one bit a dimension, as the released code does. ``device`` is as in ``score_embeddings``; codes
    are ranked on the CPU. Raises EvaluationError for inputs that do not fit.
    """
    if codes == "real":
        return score_embeddings(
            sketch_embedding, sketch_label, photo_embedding, photo_label, family=family, device=device
        )
    if codes != "itq-released":
        known = get_args(Codes)
        raise EvaluationError(f"no codes {codes!r}{did_you_mean(codes, known)}; expected {enumerate_names(known)}")
    checked_embeddings(sketch_embedding, photo_embedding)
    # As given: the released protocol computes in the embeddings' own precision.
    sketch_code, photo_code = released_itq_codes(np.asarray(sketch_embedding), np.asarray(photo_embedding), bits)
    return score_codes(sketch_code, sketch_label, photo_code, photo_label, family=family, name=codes)


def evaluate(
    sketch: ArrayLike,
    sketch_labels: ArrayLike,
    photo: ArrayLike,
    photo_labels: ArrayLike,
    *,
    metrics: str = "sem-pcyc",
) -> Scores:
    """The scores of (Q, D) sketch and (N, D) photo embeddings with their (Q,) and (N,) labels.

    Labels are integers or names; ``metrics`` is ``sem-pcyc``, ``sake``, ``zse`` or ``neutral``. Raises EvaluationError
    for another name, and for arrays that do not fit each other.
    """
    return score(sketch, sketch_labels, photo, photo_labels, family=metric_family(metrics))


def score_embeddings(
    sketch_embedding: ArrayLike,
    sketch_label: ArrayLike,
    photo_embedding: ArrayLike,
    photo_label: ArrayLike,
    *,
    family: MetricFamily = SEM_PCYC,
    device: str | None = None,
) -> Scores:
    """Scores of real-valued (Q, D) sketch and (N, D) photo embeddings, ranked by the family's distance in float64.

    Labels are (Q,) and (N,) integers or class names. ``device`` is torch's name of an accelerator to compute on; the
    scores are the same. Raises EvaluationError for inputs that do not fit.
    """
    every = score_families(
        sketch_embedding, sketch_label, photo_embedding, photo_label, families=[family], device=device
    )
    return every[family.name]


def score_expanded(
    sketch_embedding: ArrayLike,
    sketch_label: ArrayLike,
    photo_embedding: ArrayLike,
    photo_label: ArrayLike,
    *,
    photos: int,
    family: MetricFamily = SEM_PCYC,
    device: str | None = None,
) -> Scores:
    """What ``score_embeddings`` gives for queries expanded by the first ``photos`` photos that each finds.

    Transductive, and to be named so beside other scores: see ``pcmsn.evaluation.query_expansion``. The time for a query
    is that of the second search. Raises EvaluationError for inputs that do not fit and when ``photos`` is below 1.
    """
    queries = expand_queries(sketch_embedding, photo_embedding, photos, family.distance)
    scores = score_embeddings(queries, sketch_label, photo_embedding, photo_label, family=family, device=device)
    return replace(scores, codes=f"real, expanded by {photos}")


def score_families(
    sketch_embedding: ArrayLike,
    sketch_label: ArrayLike,
    photo_embedding: ArrayLike,
    photo_label: ArrayLike,
    *,
    families: Sequence[MetricFamily] = tuple(FAMILIES.values()),
    device: str | None = None,
) -> dict[str, Scores]:
    """What ``score_embeddings`` gives for each family, by name, in one pass over the data."""
    sketch, photo = checked_embeddings(sketch_embedding, photo_embedding)
    labels = checked_labels(sketch_label, photo_label, len(sketch), len(photo))
    measured = measure(sketch, labels[0], photo, labels[1], families, device)
    return {
        family.name: _scores(*labels, scores, family=family, codes="real")
        for family, scores in zip(families, measured, strict=True)
    }


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

    ``name`` is what ``Scores.codes`` says. Ties are many: how they count is the family's, and ``NEUTRAL`` is the family
    whose scores do not depend on the order of the gallery. Raises EvaluationError for inputs that do not fit.
    """
    families = [family]
    return score_code_families(sketch_code, sketch_label, photo_code, photo_label, families=families, name=name)[
        family.name
    ]


def score_code_families(
    sketch_code: ArrayLike,
    sketch_label: ArrayLike,
    photo_code: ArrayLike,
    photo_label: ArrayLike,
    *,
    families: Sequence[MetricFamily] = tuple(FAMILIES.values()),
    name: str = "itq",
) -> dict[str, Scores]:
    """What ``score_codes`` gives for each family, by name, in one pass over the data."""
    sketch, photo = checked_codes(sketch_code, photo_code)
    labels = checked_labels(sketch_label, photo_label, len(sketch), len(photo))
    bits = sketch.shape[1]
    measured = measure_codes(pack_codes(sketch), labels[0], pack_codes(photo), labels[1], bits, families)
    return {
        family.name: _scores(*labels, scores, family=family, codes=name)
        for family, scores in zip(families, measured, strict=True)
    }


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
    return score_embeddings(sketch_embedding, sketch_label, photo_embedding, photo_label, family=family).map_all


def notes_on(scores: Sequence[Scores]) -> tuple[str, ...]:
    """Sentences that a reader should see: k above the gallery's size, queries that cannot be answered.

    ``scores`` are one or more, of the same queries and gallery; what their families share is said once, and a family
    that differs is named.
    """
    first = scores[0]
    found = (
        _note_on_depth(first.gallery, [each.family for each in scores]),
        _note_on_queries(first.unanswered, first.queries),
    )
    return tuple(note for note in found if note)


def _scores(
    sketch_label: NDArray[np.int64],
    photo_label: NDArray[np.int64],
    measured: QueryScores,
    *,
    family: MetricFamily,
    codes: str,
) -> Scores:
    queries, gallery = len(sketch_label), len(photo_label)
    map_all, map_200, p_100, p_200 = (float(mean) for mean in measured.values.mean(axis=1))
    return Scores(
        map_all=map_all,
        map_200=map_200,
        p_100=p_100,
        p_200=p_200,
        queries=queries,
        gallery=gallery,
        seconds_per_query=measured.seconds / queries,
        family=family,
        codes=codes,
        values=measured.values,
        sketch_label=sketch_label,
        unanswered=int((~np.isin(sketch_label, photo_label)).sum()),
    )


def _note_on_depth(gallery: int, families: Sequence[MetricFamily]) -> str:
    """What P@k and mAP@k are where k is above the gallery's size; empty where it is not."""
    above = [k for k in DEPTHS if k > gallery]
    if not above:
        return ""
    divisors = [f"by {gallery}"] if any(family.precision_divisor == "min(k, N)" for family in families) else []
    by_class = [family.name for family in families if family.precision_divisor == "min(k, R)"]
    if by_class:
        divisors.append(f"in {' and '.join(by_class)} by min(k, R) (R: photos of the query's class)")
    return (
        f"the gallery has {gallery} photo{'' if gallery == 1 else 's'}, fewer than k = "
        f"{' and '.join(map(str, above))}: mAP@{DEPTHS[-1]} is mAP@all, and {' and '.join(f'P@{k}' for k in above)} "
        f"divide{'s' if len(above) == 1 else ''} {', '.join(divisors)}"
    )


def _note_on_queries(unanswered: int, queries: int) -> str:
    """How many queries nothing in the gallery answers; empty where every one has an answer."""
    if not unanswered:
        return ""
    verbs = "has no photo of its class in the gallery and counts 0"
    if unanswered > 1:
        verbs = "have no photo of their class in the gallery and count 0"
    return f"{unanswered} of {queries} queries {verbs}"
