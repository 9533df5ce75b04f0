"""From the name that a user gives to the pictures on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pcmsn.data import layouts
from pcmsn.data.layouts import PhotoVariant
from pcmsn.data.records import Dataset
from pcmsn.data.toyworld import ToyWorld, write_toyworld
from pcmsn.errors import DataError, did_you_mean

BENCHMARKS = ("Sketchy", "TU-Berlin")
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
    if dataset == "Sketchy":
        return layouts.list_dataset(layouts.sketchy(data_root, photos))
    if dataset == "TU-Berlin":
        return layouts.list_dataset(layouts.tu_berlin(data_root))
    if dataset == TOYWORLD:
        root = write_toyworld(ToyWorld(), data_root / TOYWORLD, progress=progress)
        return layouts.list_dataset(layouts.folder(root, TOYWORLD))
    if not Path(dataset).is_dir():
        known = (*BENCHMARKS, TOYWORLD)
        raise DataError(
            f"no data set {dataset!r}{did_you_mean(dataset, known)}; expected {', '.join(known)}, "
            "or a folder with sketch/<class>/* and photo/<class>/*"
        )
    return layouts.list_dataset(layouts.folder(Path(dataset)))
