"""Pictures with equal content: listed twice, in two classes, or on both sides of the retrieval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.checking.catalogue import Catalogue
from pcmsn.data.checking.effects import best_average_precision
from pcmsn.data.checking.findings import Finding, finding_if_any
from pcmsn.data.published import ORIGINALS, PHOTOS, SKETCHES
from pcmsn.data.splits import Split

Groups = Sequence[NDArray[np.int64]]
"""Positions in a catalogue of the pictures with one content each."""


def duplicate_findings(catalogue: Catalogue, groups: Groups, split: Split | None) -> list[Finding]:
    """All findings about pictures of equal content."""
    findings = []
    for row in (PHOTOS, ORIGINALS):
        photos = _within_row(catalogue, groups, row)
        findings += _repeated_photos(catalogue, photos, row)
        findings += _conflicting_photos(catalogue, photos, row, split)
    findings += _repeated_sketches(catalogue, _within_row(catalogue, groups, SKETCHES))
    return findings + _photos_as_sketches(catalogue, groups)


def _within_row(catalogue: Catalogue, groups: Groups, row: str) -> Groups:
    """The groups without the pictures of other places, where two or more remain."""
    within = (catalogue.in_row(group, row) for group in groups)
    return [group for group in within if len(group) > 1]


def _repeated_photos(catalogue: Catalogue, groups: Groups, row: str) -> list[Finding]:
    repeats = Counter[int]()
    examples = []
    for group in groups:
        for same in _by_class(catalogue, group):
            repeats[int(catalogue.label[same[0]])] += len(same) - 1
            if len(same) > 1:
                examples.append(_names(catalogue, same))
    if not repeats.total():
        return []
    sizes = catalogue.class_sizes(row)
    worst = max(sorted(repeats), key=lambda label: repeats[label] / sizes[label])
    total = int(sizes.sum())
    effect = (
        f"each counts again as a relevant photo: {repeats.total()} of {total:,} gallery entries "
        f"({_percent(repeats.total(), total)}) repeat another; most in class {catalogue.class_names[worst]!r}, where "
        f"{repeats[worst]} of the {sizes[worst]} terms of a query's AP do. Published galleries keep the repeats "
        "that their distribution has"
    )
    return finding_if_any(f"{row} that repeat another one of their class", examples, "changes", effect, repeats.total())


def _conflicting_photos(catalogue: Catalogue, groups: Groups, row: str, split: Split | None) -> list[Finding]:
    conflicts = Counter[int]()
    examples = []
    leaks = 0
    for group in groups:
        labels = sorted({int(label) for label in catalogue.label[group]})
        if len(labels) > 1:
            conflicts.update(labels)
            examples.append(_names(catalogue, group))
            leaks += _crosses(split, [catalogue.class_names[label] for label in labels])
    if not examples:
        return []
    sizes = catalogue.class_sizes(row)
    bounds = {label: best_average_precision(int(sizes[label]), count) for label, count in conflicts.items()}
    worst = min(sorted(bounds), key=lambda label: bounds[label])
    queries = catalogue.class_sizes(SKETCHES)
    weights = queries if queries.sum() else np.ones_like(queries)
    lost = sum(weights[label] * (1 - bound) for label, bound in bounds.items()) / weights.sum()
    effect = (
        "an error for one of the two classes whatever the method ranks: with all classes in the gallery SEM-PCYC's "
        f"mAP@all is at most {1 - lost:.4f}, and {bounds[worst]:.4f} for class {catalogue.class_names[worst]!r}"
    )
    if split:
        effect += (
            f"; {leaks} of them are in a seen and an unseen class of split {split.name}, so that training sees a photo "
            "of an unseen class"
        )
    return finding_if_any(f"{row} in two classes", examples, "changes", effect)


def _repeated_sketches(catalogue: Catalogue, groups: Groups) -> list[Finding]:
    repeats = 0
    repeated, conflicting = [], []
    for group in groups:
        classes = list(_by_class(catalogue, group))
        repeats += sum(len(same) - 1 for same in classes)
        repeated += [_names(catalogue, same) for same in classes if len(same) > 1]
        if len(classes) > 1:
            conflicting.append(_names(catalogue, group))
    total = int(catalogue.class_sizes(SKETCHES).sum())
    return [
        *finding_if_any(
            "sketches that repeat another one of their class",
            repeated,
            "changes",
            f"each is one more query with the same result: {_percent(repeats, total)} of the weight of every mean",
            repeats,
        ),
        *finding_if_any(
            "sketches in two classes",
            conflicting,
            "changes",
            "the same query has one ranking and two right answers: it is good for one class at most",
        ),
    ]


def _photos_as_sketches(catalogue: Catalogue, groups: Groups) -> list[Finding]:
    mixed = []
    for group in groups:
        sketches = catalogue.in_row(group, SKETCHES)
        if 0 < len(sketches) < len(group):
            mixed.append(_names(catalogue, group))
    return finding_if_any(
        "sketches that are the same file as a photo",
        mixed,
        "changes",
        "the query is in the gallery: a method that treats both sides alike finds it at distance 0, whatever it learnt",
    )


def _by_class(catalogue: Catalogue, group: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The parts of a group that are in one class each."""
    for label in np.unique(catalogue.label[group]):
        yield group[catalogue.label[group] == label]


def _crosses(split: Split | None, classes: Sequence[str]) -> bool:
    """Whether some of the classes are seen in training and others are not."""
    if split is None:
        return False
    seen = [name in split.train for name in classes]
    return any(seen) and not all(seen)


def _names(catalogue: Catalogue, group: NDArray[np.int64]) -> str:
    """The first few files of a group, as an example."""
    paths = [catalogue.path(int(index)) for index in group[:4]]
    more = f" = {len(group) - 4} more" if len(group) > 4 else ""
    return " = ".join(f"{path.parent.parent.name}/{path.parent.name}/{path.name}" for path in paths) + more


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "0 %"
