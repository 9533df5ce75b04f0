"""Numbers over seeds for tables: mean and spread, and whether one row is above another."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pcmsn.errors import ConfigError

Order = Literal["yes", "yes*", "no*", "no", "?"]
"""Whether one row is above another; with a star where the difference is within the spread, or no spread is known."""


@dataclass(frozen=True)
class Spread:
    """A score over seeds."""

    values: tuple[float, ...]
    """One a seed, at least one."""

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return statistics.mean(self.values)

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation, with n - 1; None for one value."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    def __str__(self) -> str:
        if self.deviation is None:
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} ± {self.deviation:.3f}"


def order(above: Mapping[int, float], below: Mapping[int, float]) -> Order:
    """Whether one row's scores are above another's, both by seed, as a paper says they are.

    Over the seeds that both have: the sign of the difference of the means decides. It is within the spread where it is
    not larger than the larger of the two rows' standard deviations, and with one seed, of which no spread is known.
    ``?`` where no seed is shared.
    """
    seeds = sorted(set(above) & set(below))
    if not seeds:
        return "?"
    first, second = Spread(tuple(above[seed] for seed in seeds)), Spread(tuple(below[seed] for seed in seeds))
    difference = first.mean - second.mean
    if first.deviation is None or second.deviation is None:
        return "yes*" if difference > 0 else "no*"
    if abs(difference) <= max(first.deviation, second.deviation):
        return "yes*" if difference > 0 else "no*"
    return "yes" if difference > 0 else "no"


def seeds_from(text: str) -> tuple[int, ...]:
    """The seeds of a comma-separated list such as ``0,1,2``; raises ConfigError."""
    try:
        seeds = tuple(int(part) for part in text.split(","))
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ConfigError(f"--seeds must be different numbers >= 0 with commas between them, like 0,1,2; got {text!r}")
    return seeds
