"""The metric definitions of the field's code families, each as a value: the same name, mAP, means three things.

``tests/evaluation/test_families.py`` holds each family to the scores that its own code gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError, did_you_mean, enumerate_names
from pcmsn.evaluation import places as of_places
from pcmsn.evaluation import tie_groups as of_groups
from pcmsn.evaluation.metrics import (
    average_precision,
    checked_depth,
    interpolated_average_precision,
    precision_in_list,
    precision_in_relevant,
)
from pcmsn.evaluation.places import RelevantPlaces
from pcmsn.evaluation.ranking import Distance, Ranking
from pcmsn.evaluation.tie_groups import TieGroups, groups_of_lists

DEPTHS = (100, 200)
"""The k of P@k. The last one is also the k of mAP@k."""


@dataclass(frozen=True, kw_only=True)
class MetricFamily:
    """One set of definitions of mAP@k and P@k, with the distance that real-valued embeddings are ranked by.

    Binary codes are ranked by Hamming distance in every family. In every family a query without a relevant photo in
    the gallery counts, with average precision 0 and precision 0.
    """

    name: str
    """The one that the command line takes."""
    description: str
    """One line for tables and ``--help``."""
    distance: Distance
    """Between real-valued embeddings: ``euclidean``, or ``cosine``, which is 1 - cosine, and 1 from a zero vector."""
    interpolation: Literal["none", "voc"]
    """Of AP@k: ``none`` divides by the hits inside the cut, ``voc`` by min(k, R), R the relevant photos."""
    precision_divisor: Literal["min(k, N)", "min(k, R)"]
    """Of P@k: min(k, list length), or min(k, R), where the list is then cut too."""
    ties: Literal["threshold groups", "sort order", "expected"]
    """Of AP: equal distances are one threshold, or count one after another, in gallery order. ``expected`` is the mean
    of AP and of precision over all orders of the photos at equal distances."""

    def __post_init__(self) -> None:
        if self.interpolation == "voc" and self.ties != "sort order":
            raise EvaluationError(f"{self.name}: VOC-interpolated AP is defined on sort order, not on {self.ties} ties")

    def average_precision(self, ranking: Ranking, k: int | None = None) -> NDArray[np.float64]:
        """(B,) average precision of each query at ``k``, or over the whole list. Raises EvaluationError when k < 1."""
        if self.interpolation == "voc":
            return interpolated_average_precision(ranking.relevance, k)
        if self.ties == "expected":
            groups = groups_of_lists(ranking.relevance, ranking.distance)
            return of_groups.expected_average_precision(groups, checked_depth(k, groups.gallery))
        grouped = ranking.distance if self.ties == "threshold groups" else None
        return average_precision(ranking.relevance, grouped, k)

    def precision(self, ranking: Ranking, k: int) -> NDArray[np.float64]:
        """(B,) precision of each query at ``k``. Raises EvaluationError when k is below 1."""
        if self.ties == "expected":
            groups = groups_of_lists(ranking.relevance, ranking.distance)
            depth = np.full(len(ranking.relevance), checked_depth(k, groups.gallery))
            if self.precision_divisor == "min(k, R)":
                depth = np.minimum(depth, ranking.relevance.sum(axis=1))
            return np.asarray(of_groups.expected_hits(groups, depth) / np.maximum(depth, 1))
        if self.precision_divisor == "min(k, R)":
            return precision_in_relevant(ranking.relevance, k)
        return precision_in_list(ranking.relevance, k)

    def measure_places(self, places: RelevantPlaces) -> NDArray[np.float64]:
        """(4, B) AP over the whole list, AP@200, P@100 and P@200, from where the relevant photos stand."""
        if self.ties == "expected" and places.has_ties:
            return self.measure_groups(places.groups(), places.relevant, places.hits)
        if self.interpolation == "voc":
            average_precision = of_places.interpolated_average_precision
        elif self.ties == "threshold groups":
            average_precision = of_places.grouped_average_precision
        else:
            average_precision = of_places.order_average_precision
        return np.stack(
            [average_precision(places, depth) for depth in _list_depths(places.gallery)]
            + [places.hits(depth) / depth for depth in self._precision_depths(places.gallery, places.relevant)]
        )

    def measure_groups(
        self, groups: TieGroups, relevant: int, hits: Callable[[int], NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """The (4, B) same four from groups of equal distances; not for a family that goes by sort order.

        ``relevant`` is R of every query, ``hits`` counts the relevant photos among the first so many in sort order.
        """
        depths = self._precision_depths(groups.gallery, relevant)
        if self.ties == "expected":
            values = [of_groups.expected_average_precision(groups, depth) for depth in _list_depths(groups.gallery)]
            return np.stack(values + [of_groups.expected_hits(groups, depth) / depth for depth in depths])
        values = [
            of_groups.grouped_average_precision(groups, depth, hits(depth)) for depth in _list_depths(groups.gallery)
        ]
        return np.stack(values + [hits(depth) / depth for depth in depths])

    def _precision_depths(self, gallery: int, relevant: int) -> list[int]:
        longest = relevant if self.precision_divisor == "min(k, R)" else gallery
        return [min(depth, longest) for depth in DEPTHS]

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

NEUTRAL = MetricFamily(
    name="neutral",
    description="SEM-PCYC's definitions in expectation over ties: no order of the gallery can change a score",
    distance="euclidean",
    interpolation="none",
    precision_divisor="min(k, N)",
    ties="expected",
)
"""Ours, no published code's: for binary codes, where ties are many. Without ties it is ``SEM_PCYC``."""

FAMILIES: Mapping[str, MetricFamily] = MappingProxyType(
    {family.name: family for family in (SEM_PCYC, SAKE, ZSE, NEUTRAL)}
)
"""Every family by its name."""


def metric_family(name: str) -> MetricFamily:
    """The family of that name. Raises EvaluationError that lists the known ones."""
    if name not in FAMILIES:
        hint = did_you_mean(name, FAMILIES)
        raise EvaluationError(f"no metric family {name!r}{hint}; the families are {enumerate_names(FAMILIES)}")
    return FAMILIES[name]


def _list_depths(gallery: int) -> tuple[int, int]:
    """Where AP over the whole list and AP@200 end."""
    return gallery, min(DEPTHS[-1], gallery)
