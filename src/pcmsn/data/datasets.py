"""From the name that a user gives to the pictures on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pcmsn.data import layouts
from pcmsn.data.layouts import Layout, PhotoVariant
from pcmsn.data.records import Dataset
from pcmsn.data.toyworld import ToyWorld, write_toyworld
from pcmsn.errors import DataError, did_you_mean

BENCHMARKS = ("Sketchy", "TU-Berlin", "QuickDraw")
TOYWORLD = "toyworld"


def open_dataset(
    dataset: str,
    data_root: Path,
    *,
    photos: PhotoVariant = "extended",
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """The pictures of a benchmark or the toy world below ``data_root``, or of a user's own folder.

    The toy world is drawn into ``data_root/toyworld`` first where it is missing; ``progress(done, total)`` tells of
    that. Raises DataError for anything that is neither.
    """
    if dataset == TOYWORLD:
        write_toyworld(ToyWorld(), data_root / TOYWORLD, progress=progress)
    return layouts.list_dataset(find_layout(dataset, data_root, photos=photos))


def find_layout(dataset: str, data_root: Path, *, photos: PhotoVariant = "extended") -> Layout:
    """Where a benchmark or the toy world keeps its pictures below ``data_root``, or a user's own folder does.

    Raises DataError for anything that is neither; whether the pictures are there is not looked at.
    """
    if dataset == "Sketchy":
        return layouts.sketchy(data_root, photos)
    if dataset == "TU-Berlin":
        return layouts.tu_berlin(data_root)
    if dataset == "QuickDraw":
        return layouts.quickdraw(data_root)
    if dataset == TOYWORLD:
        return layouts.folder(data_root / TOYWORLD, TOYWORLD)
    if not Path(dataset).is_dir():
        known = (*BENCHMARKS, TOYWORLD)
        raise DataError(
            f"no data set {dataset!r}{did_you_mean(dataset, known)}; expected {', '.join(known)}, "
            "or a folder with sketch/<class>/* and photo/<class>/*"
        )
    return layouts.folder(Path(dataset))
