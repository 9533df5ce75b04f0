"""Two runs on the same queries: is one better, or is the difference what chance gives?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pcmsn.data.records import Pictures
from pcmsn.data.splits import PARTS, Split
from pcmsn.errors import EvaluationError, enumerate_names
from pcmsn.evaluation.comparison import PairedComparison, compare_queries
from pcmsn.progress import Progress
from pcmsn.seeding import numpy_generator
from pcmsn.training.protocols import EmbeddedPictures, protocol_classes
from pcmsn.training.run_folder import RunFolder, RunRecord
from pcmsn.training.testing import Assessment, assess_run


@dataclass(frozen=True)
class RunPair:
    """Run A against run B on one protocol, real-valued or binary."""

    protocol: str
    codes: str
    """``real``, or ``binary`` with each run's own bits."""
    classes: int
    gallery: int
    map_a: float
    """mAP@all of run A."""
    map_b: float
    paired: PairedComparison

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in ("protocol", "codes", "classes", "gallery", "map_a", "map_b")},
            **self.paired.to_dict(),
        }


@dataclass(frozen=True)
class RunComparison:
    """Run A against run B on every protocol of their split."""

    title_a: str
    title_b: str
    family: str
    pairs: tuple[RunPair, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "a": self.title_a,
            "b": self.title_b,
            "metrics": self.family,
            "comparisons": [pair.to_dict() for pair in self.pairs],
            "notes": list(self.notes),
        }


def compare_runs(
    run_a: Path,
    run_b: Path,
    *,
    family: str,
    cache: Path,
    data_root: str | None = None,
    model_root: str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> RunComparison:
    """The paired comparison of two run folders; their extractors may differ.

    Raises EvaluationError that says what differs for runs of another data set, split or other queries or photos, and
    CheckpointError as ``assess_run`` does.
    """
    records = [RunFolder(run).read_record() for run in (run_a, run_b)]
    _check_same_subject(*records, names=(str(run_a), str(run_b)))
    first, second = (
        assess_run(
            run,
            family=family,
            data_root=data_root,
            model_root=model_root,
            cache=cache,
            device=device,
            progress=progress,
        )
        for run in (run_a, run_b)
    )
    return compare_assessments(first, second, records[0].split, names=(str(run_a), str(run_b)))


def compare_assessments(a: Assessment, b: Assessment, split: Split, *, names: tuple[str, str]) -> RunComparison:
    """The paired comparison of two tested runs on one split; ``names`` are for errors."""
    _check_same_pictures(a.unseen, b.unseen, names)
    classes = protocol_classes(split)
    pairs = []
    for first, second in zip(a.protocols, b.protocols, strict=True):
        labels = a.unseen.of_classes(classes[first.protocol]).sketch_pictures.labels
        for codes in ("real", "binary"):
            scores_a, scores_b = getattr(first, codes), getattr(second, codes)
            paired = compare_queries(
                scores_a.average_precision,
                scores_b.average_precision,
                labels,
                numpy_generator(0, "compare runs", first.protocol, codes),
            )
            pairs.append(
                RunPair(
                    protocol=first.protocol,
                    codes=codes,
                    classes=first.classes,
                    gallery=scores_a.gallery,
                    map_a=scores_a.map_all,
                    map_b=scores_b.map_all,
                    paired=paired,
                )
            )
    notes = tuple(dict.fromkeys((*a.notes, *b.notes)))
    return RunComparison(a.title, b.title, a.family.name, tuple(pairs), notes)


def _check_same_subject(a: RunRecord, b: RunRecord, *, names: tuple[str, str]) -> None:
    if a.dataset != b.dataset:
        _refuse(names, f"data sets differ: {a.dataset} and {b.dataset}")
    for part in (*PARTS, "reported"):
        first, second = getattr(a.split, part), getattr(b.split, part)
        if part == "reported" and first != second:
            _refuse(names, f"splits report {first} and {second}")
        if set(first) != set(second):
            only = [enumerate_names(sorted(set(x) - set(y))) or "none" for x, y in ((first, second), (second, first))]
            _refuse(names, f"{part} classes differ: only the first has {only[0]}, only the second {only[1]}")


def _check_same_pictures(a: EmbeddedPictures, b: EmbeddedPictures, names: tuple[str, str]) -> None:
    for what, first, second in (
        ("queries", a.sketch_pictures, b.sketch_pictures),
        ("gallery photos", a.photo_pictures, b.photo_pictures),
    ):
        if len(first) != len(second):
            _refuse(names, f"{what} differ in number: {len(first)} and {len(second)}")
        for place, (own, other) in enumerate(zip(_identities(first), _identities(second), strict=True)):
            if own != other:
                _refuse(names, f"{what} differ, first in number {place + 1}: {own[0]} and {other[0]}")


def _identities(pictures: Pictures) -> list[tuple[str, str]]:
    """Name and class of each picture; the folder may differ between machines."""
    return [(name, pictures.classes[label]) for name, label in zip(pictures.names, pictures.labels, strict=True)]


def _refuse(names: tuple[str, str], difference: str) -> NoReturn:
    raise EvaluationError(
        f"{names[0]} and {names[1]} did not answer the same queries, so that they cannot be compared in pairs; their "
        f"{difference}. Train both on the same data and split"
    )
