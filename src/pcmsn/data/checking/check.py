"""The check of a whole data set, even of one that ``layouts.list_dataset`` refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.checking.catalogue import Catalogue, PlaceListing, catalogue_of
from pcmsn.data.checking.contents import Contents, Progress, equal_pictures, read_contents
from pcmsn.data.checking.duplicates import duplicate_findings
from pcmsn.data.checking.findings import CheckReport, Finding, Weight, finding_if_any
from pcmsn.data.checking.folders import folder_findings
from pcmsn.data.class_names import known_class_names
from pcmsn.data.datasets import BENCHMARKS, exact_name
from pcmsn.data.inventory import class_folders, places_of
from pcmsn.data.published import CLASSES, ORIGINALS, PHOTOS, SKETCHES, CountRow, explained_row, published_count
from pcmsn.data.splits import default_split_name, published_split
from pcmsn.errors import DataError, did_you_mean

FOLDER = "folder"
"""The name that stands for a user's own folder where a benchmark could be named."""
_LACKING = "not here (never downloaded, or removed as duplicates or unreadable)"
_ABSENT = {ORIGINALS: "not here; only --photos original needs them"}


def check(
    root: Path,
    dataset: str | None = None,
    *,
    quick: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """What a data set holds, compared with the published counts, and all that is wrong with it.

    ``dataset`` is a benchmark below ``root``, or ``folder`` for ``root`` itself with ``sketch/`` and ``photo/``, which
    it is by default where ``root`` has one of these. Every picture is decoded, unless ``quick``; equal pictures are
    found either way. ``workers`` threads read, by default one a core. Raises DataError where there is no such data set
    at all.
    """
    if not root.is_dir():
        raise DataError(f"no folder {root}; expected the folder that holds the data set")
    dataset = _known(dataset) if dataset is not None else _what_is_in(root)
    listings = [PlaceListing(place, tuple(class_folders(place.folder))) for place in places_of(dataset, root)]
    if not any(listing.exists for listing in listings):
        raise DataError(_not_there(root, dataset, listings))
    split = published_split(dataset, default_split_name(dataset)) if dataset in BENCHMARKS else None
    catalogue = catalogue_of(listings)
    contents = read_contents(catalogue, decode=not quick, workers=workers, progress=progress)
    dataset_root = root / dataset if dataset in BENCHMARKS else root
    findings = [
        *folder_findings(dataset, dataset_root, listings, split),
        *_unreadable_findings(catalogue, contents),
        *duplicate_findings(catalogue, _comparable(contents), split),
    ]
    rows = _rows(dataset, listings)
    return CheckReport(
        dataset if dataset in BENCHMARKS else root.resolve().name,
        dataset_root,
        rows=rows,
        findings=tuple(sorted(findings, key=lambda finding: get_args(Weight).index(finding.weight))),
        decoded=contents.decoded,
        notes=tuple(_notes(rows, quick)),
    )


def _known(dataset: str) -> str:
    known = (*BENCHMARKS, FOLDER)
    name = exact_name(dataset, known)
    if name not in known:
        raise DataError(
            f"no data set {dataset!r}{did_you_mean(dataset, known)}; expected {', '.join(BENCHMARKS)} or {FOLDER}"
        )
    return name


def _what_is_in(root: Path) -> str:
    """``folder`` for a user's own data set; raises DataError for anything else, with the name to pass."""
    here = root.resolve()
    if here.name in BENCHMARKS:
        raise DataError(
            f"{root} is the data set itself; pass the folder above it: "
            f"pcmsn data check {here.parent} --dataset {here.name}"
        )
    if not ((root / "sketch").is_dir() or (root / "photo").is_dir()):
        raise DataError(
            f"{root} has neither sketch/ nor photo/; say what it holds: --dataset {', '.join(BENCHMARKS)} or {FOLDER}"
        )
    return FOLDER


def _comparable(contents: Contents) -> list[NDArray[np.int64]]:
    """Groups of equal pictures; damaged files, which are never trained on or retrieved, belong to none."""
    digests = contents.digests.copy()
    digests[list(contents.unreadable)] = 0
    return equal_pictures(digests)


def _not_there(root: Path, dataset: str, listings: Sequence[PlaceListing]) -> str:
    expected = " and ".join(str(listing.place.folder) for listing in listings[:2])
    hint = f"; {root} looks like the data set itself: pass {root.parent}" if root.resolve().name == dataset else ""
    return f"no {dataset} in {root}: expected {expected} with one folder a class{hint}"


def _unreadable_findings(catalogue: Catalogue, contents: Contents) -> list[Finding]:
    findings = []
    positions = np.array(sorted(contents.unreadable), dtype=np.int64)
    for row in (SKETCHES, PHOTOS, ORIGINALS):
        damaged = catalogue.in_row(positions, row)
        if not len(damaged):
            continue
        lost = np.bincount(catalogue.label[damaged], minlength=len(catalogue.class_names))
        sizes = catalogue.class_sizes(row)
        worst = int(np.argmax(lost / np.maximum(sizes, 1)))
        side = "as queries and in training" if row == SKETCHES else "in the gallery and in training"
        effect = (
            f"every run leaves them out and says so: {len(damaged)} of {int(sizes.sum()):,} are missing {side}, "
            f"most in class {catalogue.class_names[worst]!r} ({lost[worst]} of {sizes[worst]})"
        )
        examples = [
            f"{catalogue.class_names[int(catalogue.label[index])]}/{catalogue.names[index]}: "
            f"{contents.unreadable[int(index)]}"
            for index in damaged
        ]
        findings += finding_if_any(f"unreadable {row}", examples, "changes", effect)
    return findings


def _notes(rows: Sequence[CountRow], quick: bool) -> Iterator[str]:
    if any(row.difference and row.found for row in rows):
        yield (
            "Other counts than the published ones: scores compare with published scores only as far as the pictures "
            "are the same."
        )
    if quick:
        yield "Pictures were not decoded (--quick): damaged ones may remain."


def _rows(dataset: str, listings: Sequence[PlaceListing]) -> tuple[CountRow, ...]:
    known = set(known_class_names(dataset))
    filled = {listing.place.row: {folder.name for folder in listing.folders if folder.pictures} for listing in listings}
    photos = filled[PHOTOS] or filled.get(ORIGINALS, set())
    both = filled[SKETCHES] & photos
    count = len(both & known) if known else len(both)
    rows = [
        explained_row(
            CLASSES, count, published_count(dataset, CLASSES), {}, lacking="not complete here", surplus="too many"
        )
    ]
    for listing in listings:
        rows.append(
            explained_row(
                listing.place.row,
                listing.pictures,
                published_count(dataset, listing.place.row),
                {},
                maybe_left_out={"no pictures by their ending": sum(len(folder.others) for folder in listing.folders)},
                lacking=_LACKING if listing.exists else _ABSENT.get(listing.place.row, _LACKING),
                surplus="more than published",
            )
        )
    return tuple(rows)
