"""The metric definitions of the field's code families, each as a value: the same name, mAP, means three things.

``tests/evaluation/test_families.py`` holds each family to the scores that its own code gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError, did_you_mean, enumerate_names
from pcmsn.evaluation.metrics import (
    average_precision,
    interpolated_average_precision,
    precision_in_list,
    precision_in_relevant,
)
from pcmsn.evaluation.ranking import Distance, Ranking


@dataclass(frozen=True, kw_only=True)
class MetricFamily:
    """One set of definitions of mAP@k and P@k, with the distance that real-valued embeddings are ranked by.

    Binary codes are ranked by Hamming distance in every family. In every family a query without a relevant photo in
    the gallery counts, with average precision 0 and precision 0.
    """

    name: str
    """As on the command line."""
    description: str
    """One line for tables and ``--help``."""
    distance: Distance
    """Of real-valued embeddings: ``euclidean``, or ``cosine`` (1 - cosine; a zero vector is at 1 from everything)."""
    interpolation: Literal["none", "voc"]
    """Of AP@k: ``none`` divides by the hits inside the cut, ``voc`` by min(k, R), R the relevant photos."""
    precision_divisor: Literal["min(k, N)", "min(k, R)"]
    """Of P@k: min(k, list length), or min(k, R), where the list is then cut too."""
    ties: Literal["threshold groups", "sort order"]
    """Of AP: equal distances are one threshold, or count one after another, in gallery order."""

    def __post_init__(self) -> None:
        if self.interpolation == "voc" and self.ties == "threshold groups":
            raise EvaluationError(f"{self.name}: VOC-interpolated AP is defined on sort order, not on threshold groups")

    def average_precision(self, ranking: Ranking, k: int | None = None) -> NDArray[np.float64]:
        """(B,) average precision of each query at ``k``, or over the whole list."""
        if self.interpolation == "voc":
            return interpolated_average_precision(ranking.relevance, k)
        grouped = ranking.distance if self.ties == "threshold groups" else None
        return average_precision(ranking.relevance, grouped, k)

    def precision(self, ranking: Ranking, k: int) -> NDArray[np.float64]:
        """(B,) precision of each query at ``k``."""
        if self.precision_divisor == "min(k, R)":
            return precision_in_relevant(ranking.relevance, k)
        return precision_in_list(ranking.relevance, k)

    def to_dict(self) -> dict[str, str]:
        """The definitions as plain text, for JSON and reports."""
        return asdict(self)


SEM_PCYC = MetricFamily(
    name="sem-pcyc",
    description="SEM-PCYC and PCMSN: Euclidean distance, AP over the hits inside the cut, P@k over min(k, N)",
    distance="euclidean",
    interpolation="none",
    precision_divisor="min(k, N)",
    ties="threshold groups",
)
"""The paper's definitions, and the default."""

SAKE = MetricFamily(
    name="sake",
    description="SAKE and ACNet: cosine distance, VOC-interpolated AP over min(k, R), P@k over min(k, N)",
    distance="cosine",
    interpolation="voc",
    precision_divisor="min(k, N)",
    ties="sort order",
)
"""The definitions of SAKE's code."""

ZSE = MetricFamily(
    name="zse",
    description="ZSE-SBIR: Euclidean distance, VOC-interpolated AP over min(k, R), P@k over min(k, R)",
    distance="euclidean",
    interpolation="voc",
    precision_divisor="min(k, R)",
    ties="sort order",
)
"""The definitions of ZSE-SBIR's code."""

FAMILIES: Mapping[str, MetricFamily] = MappingProxyType({family.name: family for family in (SEM_PCYC, SAKE, ZSE)})
"""Every family by its name."""


def metric_family(name: str) -> MetricFamily:
    """The family of that name. Raises EvaluationError that lists the known ones."""
    if name not in FAMILIES:
        hint = did_you_mean(name, FAMILIES)
        raise EvaluationError(f"no metric family {name!r}{hint}; the families are {enumerate_names(FAMILIES)}")
    return FAMILIES[name]
