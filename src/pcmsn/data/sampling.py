"""A small data set from a large one: some pictures of each class, in the same layout.

Which pictures are taken depends on the seed, the modality, the class and the names of its pictures only, neither on the
order of a directory nor on other classes. A larger sample contains the smaller one, so that a sample grows in place.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data import layouts
from pcmsn.data.datasets import BENCHMARKS, find_layout
from pcmsn.data.inventory import class_folders
from pcmsn.data.layouts import Layout, PhotoVariant
from pcmsn.data.linking import hard_link, same_content, symbolic_link
from pcmsn.data.records import Dataset, Modality, Pictures
from pcmsn.errors import DataError, enumerate_names
from pcmsn.seeding import numpy_generator

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ShortClass:
    """A class with fewer pictures than asked for; all of them were taken."""

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
    short: tuple[ShortClass, ...]


def sample_layout(dataset: str, target: Path, photos: PhotoVariant = "extended") -> Layout:
    """Where a sample goes: of a benchmark, below the data root ``target``; of another data set, into ``target``."""
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
    """Put that many sketches and photos of each class (of all, or of ``classes``) into ``target``, and count them.

    A class with fewer pictures gives all it has. Files are copied whole or, with ``link``, linked: hard where the file
    system allows it, else by a symbolic link, else copied after all. Files that are there already stay.
    ``progress(done, total)`` counts pictures.

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
    _check_target(sketches, target.sketches)
    _check_target(photos, target.photos)
    pairs = [*_targets(sketches, target.sketches), *_targets(photos, target.photos)]
    written = 0
    for number, (source_path, target_path) in enumerate(pairs, start=1):
        written += _place(source_path, target_path, link)
        if progress is not None:
            progress(number, len(pairs))
    short = (*_short_classes(sketches, sketches_per_class), *_short_classes(photos, photos_per_class))
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
    """Each picture's file and its place in the sample."""
    return [(pictures.path(index), folder / name) for index, name in enumerate(pictures.names)]


def _short_classes(pictures: Pictures, count: int) -> list[ShortClass]:
    return [ShortClass(pictures.modality, name, found) for name, found in pictures.counts().items() if found < count]


def _check_target(pictures: Pictures, folder: Path) -> None:
    """Refuse a target with pictures that do not belong to the sample: they would become part of the small data set."""
    if folder.resolve() == pictures.folder.resolve():
        raise DataError(f"{folder} is the data set itself; choose another folder with --to")
    listed = {f"{found.name}/{name}" for found in class_folders(folder) for name in found.pictures}
    strangers = sorted(listed - set(pictures.names))
    if strangers:
        raise DataError(
            f"{folder} holds {len(strangers)} pictures that are not in this sample, such as "
            f"{enumerate_names(strangers, 2)}; a sample only grows with the same data set, seed and classes. "
            "Empty the folder or choose another one with --to"
        )


def _place(source: Path, target: Path, link: bool) -> bool:
    """Write one picture unless it is there; whether it was written. Another file with its name is an error."""
    if os.path.lexists(target):
        if target.is_file() and same_content(source, target):
            return False
        raise DataError(f"{target} is there with other content than {source}; move it away or choose another folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (link and (hard_link(source, target) or symbolic_link(source, target))):
            _copy(source, target)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "; free some space and repeat the command, or use --link" if full else ""
        raise DataError(f"cannot write {target}: {error.strerror or error}{advice}") from error
    return True


def _copy(source: Path, target: Path) -> None:
    """Copy by way of a hidden name, which no listing takes.

    Files are not synced to disk one by one: for thousands of pictures that would take minutes.
    """
    temporary = target.with_name(f".{target.name}.partial")
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
