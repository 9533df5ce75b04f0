"""What a preparation says at its end: the counts against the published ones, what was done, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data.class_names import known_class_names
from pcmsn.data.inventory import Place, class_folders
from pcmsn.data.preparing.gathering import Gathered, UnknownFolder
from pcmsn.data.preparing.tally import PLACED, Fate, Tally
from pcmsn.data.published import (
    CLASSES,
    ORIGINALS,
    PHOTOS,
    SKETCHES,
    CountRow,
    Reason,
    explained_row,
    published_count,
)
from pcmsn.errors import enumerate_names

_LEFT_OUT = {
    Fate.DUPLICATE: "removed as duplicates",
    Fate.UNREADABLE: "unreadable",
    Fate.EMPTY: "empty",
    Fate.BROKEN_LINK: "as broken links",
    Fate.UNKNOWN: "in folders of unknown classes",
}

_WITHOUT = {
    SKETCHES: "No sketches were given: nothing can be trained until they are; pass their archive with --from, too.",
    PHOTOS: "No photos were given: nothing can be trained until they are; pass their archive with --from, too.",
    ORIGINALS: "The 12,500 original photos were not given; only --photos original needs them.",
}


@dataclass(frozen=True)
class PreparationReport:
    """The result of ``prepare``."""

    dataset: str
    target: Path
    """The data set's folder."""
    rows: tuple[CountRow, ...]
    """Classes, sketches, photos (and original photos) in the target against the published counts."""
    actions: tuple[Reason, ...]
    """What was done with the files of the downloads: first the new pictures, if only 0, then whatever occurred."""
    unknown_folders: tuple[UnknownFolder, ...]
    missing_classes: Mapping[str, tuple[str, ...]]
    """Row -> the classes that have no picture of its kind in the target, for rows with any pictures."""
    examples: Mapping[str, tuple[str, ...]]
    """Reason -> the first files that were left out, or left alone, for it."""
    notes: tuple[str, ...]

    @property
    def new(self) -> int:
        """Pictures that this run placed."""
        return self.actions[0].count

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "dataset": self.dataset,
            "target": str(self.target),
            "rows": [row.to_dict() for row in self.rows],
            "actions": {action.text: action.count for action in self.actions},
            "unknown_folders": [
                {"row": folder.row, "name": folder.name, "pictures": folder.pictures, "near": list(folder.near)}
                for folder in self.unknown_folders
            ],
            "missing_classes": {row: list(names) for row, names in self.missing_classes.items()},
            "examples": {reason: list(paths) for reason, paths in self.examples.items()},
            "notes": list(self.notes),
        }


def build_report(
    dataset: str, target: Path, places: Iterable[Place], gathered: Gathered, tally: Tally
) -> PreparationReport:
    """The report after everything is in place. What the target holds is counted now, on disk."""
    known = set(known_class_names(dataset))
    held = {place.row: _held_classes(place, known) for place in places}
    missing = {
        row: tuple(name for name in known_class_names(dataset) if name not in counts)
        for row, counts in held.items()
        if counts
    }
    return PreparationReport(
        dataset,
        target,
        rows=_rows(dataset, held, tally),
        actions=_actions(tally),
        unknown_folders=tuple(gathered.unknown),
        missing_classes={row: names for row, names in missing.items() if names},
        examples=_examples(tally, gathered.labels),
        notes=(*gathered.notes, *_missing_notes(held, missing)),
    )


def _held_classes(place: Place, known: set[str]) -> dict[str, int]:
    """The number of pictures of each class that has any; ``data check`` reports folders that are no classes."""
    counts = {folder.name: len(folder.pictures) for folder in class_folders(place.folder)}
    return {name: count for name, count in counts.items() if count and name in known}


def _rows(dataset: str, held: Mapping[str, Mapping[str, int]], tally: Tally) -> tuple[CountRow, ...]:
    in_use = [set(counts) for row, counts in held.items() if counts and (row != ORIGINALS or not held[PHOTOS])]
    complete = set.intersection(*in_use) if in_use else set()
    rows = [
        explained_row(
            CLASSES,
            len(complete),
            published_count(dataset, CLASSES),
            {},
            lacking="missing, named below",
            surplus="more than published",
        )
    ]
    for row, counts in held.items():
        rows.append(
            explained_row(
                row,
                sum(counts.values()),
                published_count(dataset, row),
                {text: tally.count(fate, row) for fate, text in _LEFT_OUT.items()},
                maybe_left_out={"as no pictures by their ending": tally.count(Fate.NOT_PICTURE, row)},
                surplus="more than published",
            )
        )
    return tuple(rows)


def _actions(tally: Tally) -> tuple[Reason, ...]:
    new = Reason("new pictures", sum(tally.count(fate) for fate in PLACED))
    return (new, *(Reason(fate.value, tally.count(fate)) for fate in Fate if tally.count(fate)))


def _examples(tally: Tally, labels: Mapping[Path, str]) -> dict[str, tuple[str, ...]]:
    """The first files of each fate; those of an unpacked archive go by the archive's name."""

    def readable(path: str) -> str:
        for folder, label in labels.items():
            if path.startswith(f"{folder}/"):
                return f"{label}: {Path(path).relative_to(folder)}"
        return path

    found = {fate.value: tuple(readable(path) for path in tally.examples(fate)) for fate in Fate}
    return {reason: paths for reason, paths in found.items() if paths}


def _missing_notes(held: Mapping[str, Mapping[str, int]], missing: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    for row, names in missing.items():
        if names:
            yield f"{len(names)} classes without {row}: {enumerate_names(names, 10)}."
    for row, without in _WITHOUT.items():
        if row in held and not held[row]:
            yield without
