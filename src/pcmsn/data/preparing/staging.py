"""Unpacking the archives of a distribution inside the target, so that a killed run can go on where it was.

An archive is unpacked into ``<data set>/.preparing/<name>-<fingerprint>/files``. When it is whole, ``whole.json``
beside it says so and keeps the counts of what was not unpacked. The files stay there until everything is in its place
(placing links them, which takes no space), so a run after a kill sees all that the first one saw.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pcmsn.data.archives.unpacking import unpack
from pcmsn.data.atomic import write_text_atomically
from pcmsn.data.pictures import has_picture_suffix
from pcmsn.data.preparing.distribution import unused_member
from pcmsn.data.preparing.tally import Fate

STAGING = ".preparing"
_WHOLE = "whole.json"
_ENDS_READ = 1 << 20


@dataclass(frozen=True)
class StagedArchive:
    """An unpacked archive."""

    files: Path
    """The folder with its files."""
    left_out: dict[Fate, int]
    """Members that were not unpacked, by reason."""


def staging_folder(dataset_root: Path) -> Path:
    """Where the archives of one data set are unpacked."""
    return dataset_root / STAGING


def stage_archive(
    dataset: str, archive: Path, dataset_root: Path, progress: Callable[[int, int], None] | None
) -> StagedArchive:
    """The archive unpacked in the staging folder, at once if an earlier run did it.

    ``progress(done, total)`` counts bytes of the archive. Raises DataError as ``unpack`` does.
    """
    folder = staging_folder(dataset_root) / f"{archive.name}-{fingerprint(archive)}"
    whole = folder / _WHOLE
    if not whole.is_file():
        counts: Counter[str] = Counter()

        def wanted(member: PurePosixPath) -> bool:
            reason = unused_member(dataset, member)
            if reason is not None and (reason is Fate.SYSTEM or has_picture_suffix(member)):
                counts[reason.name] += 1
            return reason is None

        unpacked = unpack(archive, folder / "files", wanted=wanted, progress=progress)
        counts[Fate.CASE.name] += len(unpacked.skipped)
        write_text_atomically(whole, json.dumps({"left_out": counts}))
    left_out = json.loads(whole.read_text(encoding="utf-8"))["left_out"]
    return StagedArchive(folder / "files", {Fate[name]: count for name, count in left_out.items()})


def remove_staging(dataset_root: Path) -> None:
    """Remove what was unpacked; the marks of whole archives go first, so that a kill in between leaves none."""
    folder = staging_folder(dataset_root)
    for whole in folder.glob(f"*/{_WHOLE}"):
        whole.unlink()
    if folder.exists():
        shutil.rmtree(folder)


def fingerprint(archive: Path) -> str:
    """Twelve hex digits of an archive's size, first and last megabyte: quick, and the same after a move."""
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        size = file.seek(0, 2)
        digest.update(str(size).encode())
        for start in (0, max(0, size - _ENDS_READ)):
            file.seek(start)
            digest.update(file.read(_ENDS_READ))
    return digest.hexdigest()[:12]
