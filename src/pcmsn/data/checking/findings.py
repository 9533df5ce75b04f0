"""The result of a check: findings with their effect on scores, and the table of counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pcmsn.data.published import CountRow

Weight = Literal["stops", "changes", "harmless"]
"""Whether a finding stops every run, changes scores, or neither."""

EXAMPLES = 20
"""How many examples a finding keeps."""


@dataclass(frozen=True)
class Finding:
    """One kind of thing that is not as it should be."""

    what: str
    """What was found, as a phrase that follows its count: ``unreadable photos``."""
    count: int
    weight: Weight
    effect: str
    """What it does to a run or its scores, in a sentence."""
    examples: tuple[str, ...] = ()
    """The first few names or paths."""

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "what": self.what,
            "count": self.count,
            "weight": self.weight,
            "effect": self.effect,
            "examples": list(self.examples),
        }


def finding_if_any(
    what: str, examples: Sequence[str], weight: Weight, effect: str, count: int | None = None
) -> list[Finding]:
    """A list of the one finding, or an empty list where the count is 0.

    ``count`` is the number of examples unless it is given; the first few examples are kept.
    """
    number = len(examples) if count is None else count
    return [Finding(what, number, weight, effect, tuple(examples[:EXAMPLES]))] if number else []


@dataclass(frozen=True)
class CheckReport:
    """The result of ``check``."""

    dataset: str
    root: Path
    rows: tuple[CountRow, ...]
    findings: tuple[Finding, ...]
    """The weightiest first."""
    decoded: int
    """Pictures that were decoded; 0 for a quick check."""
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing was found that stops a run or changes its scores."""
        return all(finding.weight == "harmless" for finding in self.findings)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "dataset": self.dataset,
            "root": str(self.root),
            "passed": self.passed,
            "decoded": self.decoded,
            "rows": [row.to_dict() for row in self.rows],
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
        }
