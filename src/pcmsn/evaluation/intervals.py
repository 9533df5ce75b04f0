"""Confidence intervals of mean scores by the bootstrap: how far a score would move with other queries or other classes.

Queries of one class are not independent: they ask for the same photos, and a class that is hard is hard for all of its
sketches. So the default resamples classes, then queries inside each class drawn: what other unseen classes of the same
kind would score. Resampling queries alone answers a narrower question, other sketches of these very classes, with
intervals that are several times shorter. Both keep the gallery as it is, and both are percentile intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError, did_you_mean, enumerate_names

Resampled = Literal["classes", "queries"]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RESAMPLES = 2000
LEVEL = 0.95
"""Share of resamples that an interval holds."""
DRAWN_AT_ONCE = 2**22
"""Queries that are drawn in one step, to bound the memory in use."""


@dataclass(frozen=True)
class Interval:
    """A range of a score."""

    low: float
    high: float


@dataclass(frozen=True)
class MeanIntervals:
    """Confidence intervals of several means over the same queries."""

    intervals: tuple[Interval, ...]
    """One for each score, in its order."""
    resampled: Resampled
    """``classes`` (and queries inside them), or ``queries`` alone."""
    resamples: int
    level: float = LEVEL
    """Share of resamples inside an interval."""

    def to_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """[low, high] of each score by name, with how they were made, for JSON."""
        return {
            **{name: [part.low, part.high] for name, part in zip(names, self.intervals, strict=True)},
            "level": self.level,
            "resampled": self.resampled,
            "resamples": self.resamples,
        }


def mean_intervals(
    values: Floats,
    labels: NDArray[np.generic],
    generator: np.random.Generator,
    *,
    resample: Resampled = "classes",
    resamples: int = RESAMPLES,
) -> MeanIntervals:
    """Percentile bootstrap intervals of the means of (M, Q) scores of queries whose classes are (Q,) ``labels``.

    Each holds ``LEVEL`` of the resampled means; the same resamples serve all M scores. With a single class there is no
    spread over classes to see, and the interval is that of its queries. Raises EvaluationError when shapes do not fit,
    or for an unknown ``resample``.
    """
    means = bootstrap_means(values, labels, generator, resample=resample, resamples=resamples)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=1)
    intervals = tuple(Interval(float(a), float(b)) for a, b in zip(low, high, strict=True))
    return MeanIntervals(intervals, resample, resamples)


def bootstrap_means(
    values: Floats,
    labels: NDArray[np.generic],
    generator: np.random.Generator,
    *,
    resample: Resampled = "classes",
    resamples: int = RESAMPLES,
) -> Floats:
    """(M, resamples) means of the scores of resampled queries, for (M, Q) values and (Q,) labels.

    Raises EvaluationError as ``mean_intervals`` does.
    """
    if resample not in get_args(Resampled):
        known = get_args(Resampled)
        hint = did_you_mean(resample, known)
        raise EvaluationError(f"{resample!r} cannot be resampled{hint}; expected {enumerate_names(known)}")
    if values.ndim != 2 or labels.shape != values.shape[1:] or not len(labels):
        raise EvaluationError(f"{labels.shape} labels do not fit (scores, queries) values of shape {values.shape}")
    if resamples < 1:
        raise EvaluationError(f"at least 1 resample is needed, got {resamples}")
    if resample == "queries":
        once = np.ones(resamples, dtype=np.int64)
        return _sums_of_draws(values, once, generator) / len(labels)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    chosen = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), size=resamples)
    total, count = np.zeros((len(values), resamples)), np.zeros(resamples)
    for queries, times in zip(members, chosen.T, strict=True):
        total += _sums_of_draws(values[:, queries], times, generator)
        count += times * len(queries)
    return total / count


def _sums_of_draws(values: Floats, times: Integers, generator: np.random.Generator) -> Floats:
    """(M, resamples) sums over times[b]·n queries drawn with replacement from all n of (M, n) values, for each b."""
    size = values.shape[1]
    sums = np.zeros((len(values), len(times)))
    for part in _steps(times * size):
        drawn = generator.integers(0, size, int(times[part].sum()) * size)
        drawn += np.repeat(np.arange(len(times[part])) * size, times[part] * size)
        counts = np.bincount(drawn, minlength=len(times[part]) * size).reshape(-1, size)
        sums[:, part] = values @ counts.T
    return sums


def _steps(sizes: Integers) -> Iterator[slice]:
    """Slices of resamples with about ``DRAWN_AT_ONCE`` queries each."""
    step = max(1, DRAWN_AT_ONCE // max(int(sizes.max(initial=0)), 1))
    for start in range(0, len(sizes), step):
        yield slice(start, min(start + step, len(sizes)))
