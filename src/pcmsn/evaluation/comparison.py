"""Whether one run is better than another on the same queries: paired intervals and permutation tests.

Both runs answered the same sketches, so that only the difference of each query counts; easy and hard queries cancel.
As with the intervals of one run (``pcmsn.evaluation.intervals``), ``by_classes`` speaks of other unseen classes and is
the one to report, ``by_queries`` of other sketches of these very classes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.intervals import LEVEL, RESAMPLES, Interval, Resampled, mean_intervals

Floats = NDArray[np.float64]

PERMUTATIONS = 9999
SIGNS_AT_ONCE = 2**22
"""Signs that are drawn in one step, to bound the memory in use."""
_ROUNDING = 1e-12
"""Sums that differ by less than this share of all differences count as equal."""


@dataclass(frozen=True)
class PairedTest:
    """What the data say of a mean difference when units (classes or queries) are exchangeable."""

    interval: Interval
    """Percentile bootstrap interval of the difference, at ``PairedComparison.level``."""
    p_value: float
    """Two-sided: the chance of so large a mean difference if a coin decided in each unit which run is ahead."""
    units: int
    """Number of classes or queries."""


@dataclass(frozen=True)
class PairedComparison:
    """Run A against run B."""

    difference: float
    """Mean of A less mean of B."""
    queries: int
    better: int
    """Queries on which A is ahead."""
    worse: int
    """Queries on which B is ahead; on the others they are equal."""
    by_classes: PairedTest
    by_queries: PairedTest
    level: float = LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def compare_queries(
    ap_a: NDArray[np.floating],
    ap_b: NDArray[np.floating],
    labels: NDArray[np.generic],
    generator: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
) -> PairedComparison:
    """Run A against run B from their (Q,) scores of the same queries in the same order, with (Q,) classes.

    The scores may be any that are averaged over queries, such as ``Scores.average_precision``.
    Raises EvaluationError when lengths differ, nothing is given or a value is not finite.
    """
    first, second = _checked(ap_a, "A", labels), _checked(ap_b, "B", labels)
    difference = first - second
    classes, codes = np.unique(labels, return_inverse=True)
    class_sums = np.zeros(len(classes))
    np.add.at(class_sums, codes.reshape(-1), difference)

    def paired_test(resample: Resampled, unit_sums: Floats) -> PairedTest:
        found = mean_intervals(difference[None], labels, generator, resample=resample, resamples=resamples)
        p_value = sign_flip_p_value(unit_sums, generator, permutations=permutations)
        return PairedTest(found.intervals[0], p_value, len(unit_sums))

    return PairedComparison(
        difference=float(difference.mean()),
        queries=len(difference),
        better=int((difference > 0).sum()),
        worse=int((difference < 0).sum()),
        by_classes=paired_test("classes", class_sums),
        by_queries=paired_test("queries", difference),
    )


def sign_flip_p_value(
    differences: Floats, generator: np.random.Generator, *, permutations: int = PERMUTATIONS
) -> float:
    """Two-sided p value of the sum of (U,) differences, when each is as likely with the other sign.

    All 2^U signs are tried where that is at most ``permutations`` + 1; otherwise so many are drawn, and the observed
    signs count as one of them, so that the p value is never 0 and never too small in expectation.
    """
    observed = abs(float(differences.sum()))
    threshold = observed - _ROUNDING * float(np.abs(differences).sum())
    units = len(differences)
    if units < 63 and 2**units <= permutations + 1:
        places = np.arange(2**units, dtype=np.int64)[:, None]
        signs = 1.0 - 2.0 * ((places >> np.arange(units)) & 1)
        return float((np.abs(signs @ differences) >= threshold).mean())
    at_least, step = 1, max(1, SIGNS_AT_ONCE // units)
    for start in range(0, permutations, step):
        flipped = generator.integers(0, 2, (min(step, permutations - start), units), dtype=np.int8) @ differences
        at_least += int((np.abs(differences.sum() - 2.0 * flipped) >= threshold).sum())
    return at_least / (permutations + 1)


def _checked(scores: NDArray[np.floating], name: str, labels: NDArray[np.generic]) -> Floats:
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != labels.shape or values.ndim != 1 or not len(values):
        raise EvaluationError(
            f"run {name} has scores of shape {values.shape} for {labels.shape} query labels; compare runs on the same "
            "queries, one score a query"
        )
    if not np.isfinite(values).all():
        raise EvaluationError(f"{int((~np.isfinite(values)).sum())} scores of run {name} are not finite")
    return values
