"""What has to be done so that a gallery fits the files on disk, before anything is done."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pcmsn.errors import GalleryError
from pcmsn.gallery.embedder import PhotoSource
from pcmsn.gallery.records import photo_id_of
from pcmsn.gallery.store import GalleryStore, KnownFile
from pcmsn.gallery.walking import FoundFile, SkippedPath, absolute, is_gone, walk

Progress = Callable[[str, int, int, str], None]
"""Called with (what is going on, photos done, photos in all, a detail such as the rate), as ``Display.stage`` is."""

LabelOf = Callable[[Path], str | None]
"""A photo's label by its absolute path; None leaves a known photo's label as it is, and gives a new one none."""

_HASH_CHUNK = 1 << 20
_FILES_BETWEEN_REPORTS = 500


@dataclass(frozen=True, kw_only=True)
class IndexPlan:
    """The difference between the files on disk and a gallery. All of it is to be carried out."""

    to_embed: tuple[PhotoSource, ...] = ()
    """New photos and those whose content changed, in the files' order, with the labels that they are to have."""
    changed: frozenset[str] = frozenset()
    """Ids of those photos of ``to_embed`` that the gallery has with another content."""
    unchanged: int = 0
    """Photos whose content is as the gallery knows it."""
    to_touch: tuple[KnownFile, ...] = ()
    """Those of the unchanged photos whose files have another time of change."""
    to_relabel: tuple[tuple[str, str], ...] = ()
    """(photo id, label) of unchanged photos that are to have another label."""
    gone: tuple[str, ...] = ()
    """Ids to be removed; empty unless pruning was asked for."""
    missing: int = 0
    """Photos at or below the given paths whose files are not there any more, whether they are ``gone`` or kept."""
    skipped: tuple[tuple[Path, str], ...] = ()
    """(path, reason) of files that are no pictures or of an unsupported kind, and of folders that cannot be read."""


@dataclass(frozen=True, kw_only=True)
class IndexReport:
    """What indexing did."""

    added: int = 0
    """Photos that the gallery did not have."""
    updated: int = 0
    """Photos whose content changed, embedded again."""
    unchanged: int = 0
    """Photos that were not embedded again; some of them may have another label now."""
    relabelled: int = 0
    """Those of the unchanged photos that have another label now."""
    removed: int = 0
    """Photos that were pruned, because their files are gone."""
    missing: int = 0
    """Photos that are still in the gallery although their files are gone."""
    skipped: tuple[tuple[Path, str], ...] = ()
    """(path, reason) of files that are no pictures or of an unsupported kind, and of folders that cannot be read."""
    unreadable: tuple[tuple[Path, str], ...] = ()
    """(path, reason) of picture files that cannot be decoded, sorted; a photo that the gallery has stays as it was."""
    seconds: float = 0.0
    """Time that it took, without planning."""


def label_from_folder(path: Path) -> str:
    """The name of the folder that the photo is in; bytes in it that are no UTF-8 become replacement characters."""
    return _storable(path.parent.name)


def fixed_label(text: str | None) -> LabelOf:
    """The same label for every photo; None keeps the labels that there are."""
    stored = None if text is None else _storable(text)
    return lambda path: stored


def _storable(text: str) -> str:
    """The text as a gallery can keep it: names of files may hold bytes that are no text."""
    return os.fsencode(text).decode("utf-8", "replace")


def plan(
    paths: Sequence[Path],
    store: GalleryStore | None,
    *,
    label_of: LabelOf,
    prune: bool = False,
    prune_all: bool = False,
    exclude: Sequence[str] = (),
    progress: Progress | None = None,
) -> IndexPlan:
    """Compare the picture files at and below ``paths`` with a gallery; None stands for one that is not there yet.

    A file with the size and time that the gallery knows counts as unchanged. Where only the time differs its content is
    compared by SHA-256. ``prune`` removes the gallery's photos at or below ``paths`` whose files are gone, and no
    others; a path below which none of them is there any more may be a disk that is away, and needs ``prune_all``.
    ``exclude`` has patterns of names or paths to leave out. Raises GalleryError for a path that is not there, and for
    such a disk.
    """
    files = walk(paths, exclude)
    known = {file.photo_id: file for file in store.known_files()} if store is not None else {}
    comparison = _Comparison(known, label_of)
    for count, file in enumerate(files, start=1):
        if isinstance(file, SkippedPath):
            comparison.skipped.append((Path(file.path), file.reason))
        else:
            comparison.add(file)
        if progress and count % _FILES_BETWEEN_REPORTS == 0:
            progress("looking for photos", count, count + 1, "")
    missing = _missing(paths, comparison.unseen())
    if missing and prune and not prune_all:
        _refuse_an_empty_place(paths, known, comparison)
    return IndexPlan(
        to_embed=tuple(comparison.to_embed),
        changed=frozenset(comparison.changed),
        unchanged=comparison.unchanged,
        to_touch=tuple(comparison.to_touch),
        to_relabel=tuple(comparison.to_relabel),
        gone=tuple(missing) if prune else (),
        missing=len(missing),
        skipped=tuple(comparison.skipped),
    )


def skipped_by_suffix(skipped: Iterable[tuple[Path, str]], reason: str) -> dict[str, int]:
    """How many of the files that were left out for this reason have each ending, the most frequent first."""
    counts = Counter(path.suffix.lower() or "no ending" for path, why in skipped if why == reason)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@dataclass(eq=False)
class _Comparison:
    """Sorts files by what has to be done with them."""

    known: dict[str, KnownFile]
    label_of: LabelOf
    to_embed: list[PhotoSource] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    unchanged: int = 0
    to_touch: list[KnownFile] = field(default_factory=list)
    to_relabel: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, file: FoundFile) -> None:
        path = Path(file.path)
        photo_id, label = photo_id_of(path), self.label_of(path)
        known = self.known.get(photo_id)
        if known is None:
            self.to_embed.append(PhotoSource(path, label or ""))
            return
        self._seen.add(photo_id)
        label = known.label if label is None else label
        same_time = (known.size, known.modified_ns) == (file.size, file.modified_ns)
        if not same_time and not _has_content(file, known):
            self.changed.add(photo_id)
            self.to_embed.append(PhotoSource(path, label))
            return
        self.unchanged += 1
        if not same_time:
            self.to_touch.append(known._replace(size=file.size, modified_ns=file.modified_ns))
        if label != known.label:
            self.to_relabel.append((photo_id, label))

    def paths_seen(self) -> Iterable[str]:
        """The paths of what the gallery has and the walk met."""
        return (file.path for photo_id, file in self.known.items() if photo_id in self._seen)

    def unseen(self) -> Iterable[KnownFile]:
        """What the gallery has and the walk did not meet."""
        return (file for photo_id, file in self.known.items() if photo_id not in self._seen)


def _refuse_an_empty_place(paths: Sequence[Path], known: dict[str, KnownFile], comparison: _Comparison) -> None:
    """Raise GalleryError for a path that had photos and below which there is not one picture file now."""
    for start in (str(absolute(path)) for path in paths):
        below = start.rstrip(os.sep) + os.sep
        had = sum(file.path.startswith(below) for file in known.values())
        found = any(str(source.path).startswith(below) for source in comparison.to_embed)
        if had and not found and not any(path.startswith(below) for path in comparison.paths_seen()):
            raise GalleryError(
                f"none of the {had:,} photos below {start} is there any more, and no other picture; the disk may be "
                "away. Nothing was removed. If they are truly gone: --prune-all (prune_all=True)"
            )


def _has_content(file: FoundFile, known: KnownFile) -> bool:
    """Whether a file of another time still has the content that was indexed."""
    if file.size != known.size:
        return False
    digest = hashlib.sha256()
    try:
        with Path(file.path).open("rb") as content:
            while chunk := content.read(_HASH_CHUNK):
                digest.update(chunk)
    except OSError:
        return False  # embedding it says why it cannot be read
    return digest.hexdigest() == known.content_hash


def _missing(paths: Sequence[Path], unseen: Iterable[KnownFile]) -> list[str]:
    """Ids of photos at or below the paths whose files are surely gone, sorted by path."""
    starts = [str(absolute(path)) for path in paths]
    below = tuple(start.rstrip(os.sep) + os.sep for start in starts)
    candidates = sorted(
        (file.path, file.photo_id) for file in unseen if file.path.startswith(below) or file.path in starts
    )
    return [photo_id for path, photo_id in candidates if is_gone(path)]
