"""The published sizes of the benchmarks, and how a count that differs from them is explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CLASSES, SKETCHES, PHOTOS, ORIGINALS = "classes", "sketches", "photos", "original photos"


@dataclass(frozen=True)
class PublishedCount:
    """A number from the papers: exact, a range where papers differ, or rounded."""

    fewest: int
    most: int
    about: bool = False
    """Whether the papers give a rounded number only; differences of up to 2 % then mean nothing."""

    def nearest(self, count: int) -> int:
        """The published number that is nearest to ``count``; ``count`` itself inside the range or the rounding."""
        slack = round(0.02 * self.most) if self.about else 0
        if self.fewest - slack <= count <= self.most + slack:
            return count
        return min(max(count, self.fewest), self.most)

    def __str__(self) -> str:
        if self.fewest != self.most:
            return f"{self.fewest:,}-{self.most:,}"
        return f"about {self.most:,}" if self.about else f"{self.most:,}"

    def to_dict(self) -> dict[str, int | bool]:
        """Plain values for JSON."""
        return {"fewest": self.fewest, "most": self.most, "about": self.about}


def _exactly(count: int) -> PublishedCount:
    return PublishedCount(count, count)


PUBLISHED: Mapping[str, Mapping[str, PublishedCount]] = {
    "Sketchy": {
        CLASSES: _exactly(125),
        SKETCHES: PublishedCount(75_471, 75_481),
        PHOTOS: _exactly(73_002),
        ORIGINALS: _exactly(12_500),
    },
    "TU-Berlin": {CLASSES: _exactly(250), SKETCHES: _exactly(20_000), PHOTOS: _exactly(204_489)},
    "QuickDraw": {
        CLASSES: _exactly(110),
        SKETCHES: PublishedCount(330_000, 330_000, about=True),
        PHOTOS: PublishedCount(204_000, 204_000, about=True),
    },
}
"""Data set -> row of the table -> the published number. Sketchy's photos are its extension's, originals included."""


def published_count(dataset: str, row: str) -> PublishedCount | None:
    """The published number of a benchmark's row, None where there is none."""
    return PUBLISHED.get(dataset, {}).get(row)


@dataclass(frozen=True)
class Reason:
    """A part of the difference between what was found and what is published, with its number of pictures."""

    text: str
    count: int

    def __str__(self) -> str:
        return f"{self.count:,} {self.text}"


@dataclass(frozen=True)
class CountRow:
    """One line of the table: what is there, what is published, and why the two differ."""

    name: str
    found: int
    published: PublishedCount | None
    difference: int
    """``found`` less the nearest published number; 0 inside a range and without a published number."""
    reasons: tuple[Reason, ...]
    """Their counts add up to ``-difference``; a reason for more pictures than published has a negative count."""
    verdict: str
    """The explanation in words."""

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "found": self.found,
            "published": None if self.published is None else self.published.to_dict(),
            "difference": self.difference,
            "reasons": [{"reason": reason.text, "count": reason.count} for reason in self.reasons],
            "explanation": self.verdict,
        }


def explained_row(
    name: str,
    found: int,
    published: PublishedCount | None,
    left_out: Mapping[str, int],
    *,
    maybe_left_out: Mapping[str, int] | None = None,
    lacking: str = "not in the downloads",
    surplus: str = "more in the downloads than published",
) -> CountRow:
    """The row of ``found``, with a reason for every difference from ``published``.

    ``left_out`` counts what was there and is not among ``found``, by reason. ``maybe_left_out`` counts what the
    publication may or may not have counted, such as files that are no pictures by their ending: it is used as far as
    something is lacking. What then remains unexplained is called ``lacking`` or ``surplus``.
    """
    if published is None:
        return CountRow(name, found, None, 0, (), "no published number")
    reasons = [Reason(text, count) for text, count in left_out.items() if count]
    available = found + sum(reason.count for reason in reasons)
    lack = published.nearest(available) - available
    for text, count in (maybe_left_out or {}).items():
        part = min(count, lack)
        if part > 0:
            reasons.append(Reason(text, part))
            lack -= part
    if lack > 0:
        reasons.append(Reason(lacking, lack))
    verdict = [str(reason) for reason in reasons]
    if lack < 0:
        reasons.append(Reason(surplus, lack))
        verdict.append(f"{-lack:,} {surplus}")
    difference = -sum(reason.count for reason in reasons)
    return CountRow(name, found, published, difference, tuple(reasons), ", ".join(verdict) or _agreement(published))


def _agreement(published: PublishedCount) -> str:
    if published.about:
        return "as published, within the rounding"
    return "within the published range" if published.fewest != published.most else "as published"
