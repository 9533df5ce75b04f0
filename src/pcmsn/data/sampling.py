"""A small data set from a large one: some pictures of each class, in the same layout.

Which pictures are taken depends on the seed, the modality, the class and the names of its pictures only, not on the
order of a directory or on other classes; and the first n of a larger sample are the smaller sample, so that a sample
grows in place.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data import layouts
from pcmsn.data.datasets import BENCHMARKS, find_layout
from pcmsn.data.inventory import is_stray
from pcmsn.data.layouts import Layout, PhotoVariant
from pcmsn.data.pictures import has_picture_suffix
from pcmsn.data.records import Dataset, Modality, Pictures
from pcmsn.errors import DataError, enumerate_names
from pcmsn.seeding import numpy_generator

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Short:
    """A class with fewer pictures than asked for, all of which were taken."""

    modality: Modality
    class_name: str
    pictures: int


@dataclass(frozen=True)
class Sample:
    """What a sample holds, and how it came there."""

    layout: Layout
    classes: int
    sketches: int
    photos: int
    written: int
    """Files that were copied or linked now; the others were there."""
    short: tuple[Short, ...]


def sample_layout(dataset: str, target: Path, photos: PhotoVariant = "extended") -> Layout:
    """Where a sample of ``dataset`` goes: a benchmark below ``target`` as in any data root, another one into it."""
    return find_layout(dataset, target, photos=photos) if dataset in BENCHMARKS else layouts.folder(target)


def sample(
    dataset: Dataset,
    target: Layout,
    *,
    sketches_per_class: int,
    photos_per_class: int,
    seed: int,
    link: bool = False,
    classes: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Sample:
    """Put so many sketches and photos of each class (all, or ``classes``) into ``target`` and count them.

    A class with fewer gives all. Files are copied whole or, with ``link``, linked: hard, else symbolic. Files that are
    there already stay. ``progress(done, total)`` counts pictures.
    Raises DataError for counts below 1, an unknown class, a target that holds pictures outside the sample, and a full
    disk; what was written by then is kept, and the same call continues.
    """
    if min(sketches_per_class, photos_per_class) < 1:
        raise DataError(
            f"a sample needs at least 1 sketch and 1 photo a class, got {sketches_per_class} and {photos_per_class}"
        )
    chosen = dataset.of_classes(sorted(set(classes))) if classes is not None else dataset
    sketches = _choose(chosen.sketches, sketches_per_class, seed)
    photos = _choose(chosen.photos, photos_per_class, seed)
    pairs = [*_targets(sketches, target.sketches), *_targets(photos, target.photos)]
    for source, folder in ((sketches, target.sketches), (photos, target.photos)):
        _check_target(source, folder)
    written = 0
    for number, (source_path, target_path) in enumerate(pairs, start=1):
        written += _place(source_path, target_path, link)
        if progress is not None:
            progress(number, len(pairs))
    short = (*_short(sketches, sketches_per_class), *_short(photos, photos_per_class))
    return Sample(target, len(chosen.classes), len(sketches), len(photos), written, short)


def _choose(pictures: Pictures, count: int, seed: int) -> Pictures:
    """At most ``count`` pictures of each class, sorted by name."""
    by_class: dict[str, list[int]] = {name: [] for name in pictures.classes}
    for index in sorted(range(len(pictures)), key=lambda index: pictures.names[index]):
        by_class[pictures.class_name(index)].append(index)
    chosen: list[int] = []
    for name in sorted(by_class):
        indices = by_class[name]
        order = numpy_generator(seed, "sample", pictures.modality, name).permutation(len(indices))
        chosen += [indices[position] for position in sorted(order[:count])]
    return pictures.select(chosen)


def _targets(pictures: Pictures, folder: Path) -> list[tuple[Path, Path]]:
    return [(pictures.path(index), folder / name) for index, name in enumerate(pictures.names)]


def _short(pictures: Pictures, count: int) -> list[Short]:
    return [Short(pictures.modality, name, found) for name, found in pictures.counts().items() if found < count]


def _check_target(pictures: Pictures, folder: Path) -> None:
    """Refuse a target with pictures that do not belong to the sample: they would be in the small data set."""
    if folder.resolve() == pictures.folder.resolve():
        raise DataError(f"{folder} is the data set itself; choose another folder with --to")
    strangers = sorted(_listed(folder) - set(pictures.names))
    if strangers:
        raise DataError(
            f"{folder} holds {len(strangers)} pictures that are not in this sample, such as "
            f"{enumerate_names(strangers, 2)}; a sample only grows with the same data set, seed and classes. "
            "Empty the folder or choose another one with --to"
        )


def _listed(folder: Path) -> set[str]:
    """What a listing of the data set would take, as ``class/name``."""
    if not folder.is_dir():
        return set()
    found = set()
    for path in folder.iterdir():
        if path.is_dir() and not is_stray(path.name):
            found |= {f"{path.name}/{file.name}" for file in path.iterdir() if _is_listed(file.name)}
    return found


def _is_listed(name: str) -> bool:
    return has_picture_suffix(name) and not is_stray(name)


def _place(source: Path, target: Path, link: bool) -> bool:
    """Whether a picture was written; it stays when it is there, and another file with its name is an error."""
    if os.path.lexists(target):
        if target.is_file() and (target.samefile(source) or filecmp.cmp(source, target, shallow=False)):
            return False
        raise DataError(f"{target} is there with other content than {source}; move it away or choose another folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if link:
            _link(source, target)
        else:
            _copy(source, target)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "; free some space and repeat the command, or use --link" if full else ""
        raise DataError(f"can not write {target}: {error.strerror or error}{advice}") from error
    return True


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EEXIST):
            raise
        target.symlink_to(source.resolve())


def _copy(source: Path, target: Path) -> None:
    """Copy by way of a hidden name, which no listing takes; not synced, as thousands of pictures would take minutes."""
    temporary = target.with_name(f".{target.name}.partial")
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
