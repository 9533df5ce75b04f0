"""Findings about folders and names: what can be seen without reading a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pcmsn.data.checking.catalogue import PlaceListing
from pcmsn.data.checking.findings import Finding, Weight, finding_if_any
from pcmsn.data.class_names import find_class_name, known_class_names, near_class_names
from pcmsn.data.inventory import sorted_entries
from pcmsn.data.layouts import is_stray
from pcmsn.data.preparing.staging import STAGING
from pcmsn.data.published import ORIGINALS, PHOTOS, SKETCHES
from pcmsn.data.splits import PARTS, Split
from pcmsn.semantics.near_words import letters_of

_REFUSED = "every command refuses the data set until this is put right"


def folder_findings(
    dataset: str, root: Path, listings: Sequence[PlaceListing], split: Split | None
) -> Iterable[Finding]:
    """All findings about the folders of a data set."""
    used = [listing for listing in listings if listing.place.row != ORIGINALS or listing.exists]
    yield from _missing_places(listings)
    yield from _name_findings(dataset, used)
    yield from _one_sided_classes(used)
    if split is not None:
        yield from _missing_classes(split, used)
    yield from _empty_classes(used)
    yield from _unlisted_files(used)
    yield from _strays(root, used)


def _missing_places(listings: Sequence[PlaceListing]) -> Iterable[Finding]:
    by_row = {listing.place.row: listing for listing in listings}
    for row in (SKETCHES, PHOTOS):
        listing = by_row[row]
        if listing.exists and listing.folders:
            continue
        if row == PHOTOS and ORIGINALS in by_row and by_row[ORIGINALS].folders:
            yield from finding_if_any(
                "missing folder of extended photos",
                [str(listing.place.folder)],
                "stops",
                "every command refuses the data set, but with --photos original",
            )
        else:
            yield from finding_if_any(f"missing folder of {row}", [str(listing.place.folder)], "stops", _REFUSED)


def _name_findings(dataset: str, listings: Sequence[PlaceListing]) -> Iterable[Finding]:
    known = set(known_class_names(dataset))
    if not known:
        yield from _two_spellings(listings)
        return
    misnamed, unknown = [], []
    for listing in listings:
        for folder in listing.folders:
            if folder.name in known:
                continue
            label = f"{folder.name!r} among the {listing.place.row}"
            prepared = find_class_name(dataset, folder.name, listing.place.modality)
            if prepared:
                misnamed.append(f"{label} should be {prepared!r}")
            else:
                near = near_class_names(dataset, folder.name)
                unknown.append(label + (f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""))
    yield from finding_if_any(
        "class folders under another name than the splits use",
        misnamed,
        "stops",
        f"{_REFUSED}: rename them, or prepare the downloads into a new folder (pcmsn data prepare)",
    )
    yield from finding_if_any(
        "folders that are no class of any split", unknown, "stops", f"{_REFUSED}; move them out of the data set"
    )


def _two_spellings(listings: Sequence[PlaceListing]) -> Iterable[Finding]:
    spellings: dict[str, set[str]] = {}
    for listing in listings:
        for folder in listing.folders:
            spellings.setdefault(letters_of(folder.name), set()).add(folder.name)
    double = [" and ".join(map(repr, sorted(names))) for names in spellings.values() if len(names) > 1]
    yield from finding_if_any(
        "classes spelled in two ways",
        sorted(double),
        "stops",
        "two names are two classes: the data set is refused, or the pictures of one count as wrong for the other",
    )


def _one_sided_classes(listings: Sequence[PlaceListing]) -> Iterable[Finding]:
    names = {listing.place.row: {folder.name for folder in listing.folders} for listing in listings if listing.folders}
    sketches = names.get(SKETCHES, set())
    for row in (PHOTOS, ORIGINALS):
        if sketches and row in names:
            effect = _REFUSED if row == PHOTOS else "only --photos original is refused until this is put right"
            one_sided = [f"{name!r} only as {SKETCHES}" for name in sorted(sketches - names[row])]
            one_sided += [f"{name!r} only as {row}" for name in sorted(names[row] - sketches)]
            weight: Weight = "stops" if row == PHOTOS else "changes"
            yield from finding_if_any(f"classes not both as {SKETCHES} and as {row}", one_sided, weight, effect)


def _missing_classes(split: Split, listings: Sequence[PlaceListing]) -> Iterable[Finding]:
    present = {folder.name for listing in listings for folder in listing.folders if folder.pictures}
    missing = [name for name in split.classes if name not in present]
    lost = ", ".join(
        f"{sum(name in missing for name in getattr(split, part))} of {len(getattr(split, part))} {part}"
        for part in PARTS
    )
    yield from finding_if_any(
        f"classes of split {split.name} without any picture",
        missing,
        "stops",
        f"runs need --allow-missing-classes, and their scores compare with no published ones: it loses {lost} classes",
    )


def _empty_classes(listings: Sequence[PlaceListing]) -> Iterable[Finding]:
    empty = [_short(folder.path) for listing in listings for folder in listing.folders if not folder.pictures]
    yield from finding_if_any("class folders without pictures", empty, "stops", _REFUSED)


def _unlisted_files(listings: Sequence[PlaceListing]) -> Iterable[Finding]:
    folders = [folder for listing in listings for folder in listing.folders]
    yield from finding_if_any(
        "folders inside class folders",
        [_short(folder.path / name) for folder in folders for name in folder.subfolders],
        "changes",
        "no listing looks into them: pictures in there are neither trained on nor retrieved",
    )
    yield from finding_if_any(
        "broken links",
        [_short(folder.path / name) for folder in folders for name in folder.broken_links],
        "changes",
        "the pictures are missing from training and gallery, and nothing says so",
    )
    yield from finding_if_any(
        "files in class folders that are no pictures by their ending",
        [_short(folder.path / name) for folder in folders for name in folder.others],
        "harmless",
        "listings pass over them",
    )


def _strays(root: Path, listings: Sequence[PlaceListing]) -> Iterable[Finding]:
    strays = [
        _short(folder.path / name) for listing in listings for folder in listing.folders for name in folder.strays
    ]
    for listing in listings:
        for entry in sorted_entries(listing.place.folder):
            if is_stray(entry.name) or not entry.is_dir():
                strays.append(_short(Path(entry.path)))
    yield from finding_if_any(
        "stray files and folders", strays, "harmless", "listings pass over them; they can be deleted"
    )
    staging = root / STAGING
    yield from finding_if_any(
        "unfinished preparation",
        [str(staging)] if staging.exists() else [],
        "changes",
        "pcmsn data prepare was stopped: pictures may be missing; run it again, which goes on and removes the folder",
    )


def _short(path: Path) -> str:
    """The last three parts of a path, which tell a file in a data set from the others."""
    return "/".join(path.parts[-3:])
