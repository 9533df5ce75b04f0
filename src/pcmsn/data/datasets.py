"""From the name that a user gives to the pictures on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pcmsn.data import layouts
from pcmsn.data.layouts import Layout, PhotoVariant
from pcmsn.data.records import Dataset
from pcmsn.data.toyworld import ToyWorld, write_toyworld
from pcmsn.errors import DataError, did_you_mean

BENCHMARKS = ("Sketchy", "TU-Berlin", "QuickDraw")
TOYWORLD = "toyworld"


def exact_name(name: str, known: Iterable[str]) -> str:
    """The one of the ``known`` names that ``name`` is in another case; where there is none, ``name`` itself."""
    return {each.casefold(): each for each in known}.get(name.casefold(), name)


def exact_dataset_name(name: str) -> str:
    """What a user gave as a data set: a benchmark or the toy world, in any case, by its own name; else as it is.

    A folder that is there wins over a name in another case.
    """
    return name if Path(name).is_dir() else exact_name(name, (*BENCHMARKS, TOYWORLD))


def open_dataset(
    dataset: str,
    data_root: Path,
    *,
    photos: PhotoVariant = "extended",
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """The pictures of a benchmark or the toy world below ``data_root``, or of a user's own folder.

    The toy world is first drawn into ``data_root/toyworld`` if it is missing; ``progress(done, total)`` counts its
    pictures. Raises DataError for a name that is none of these, and for pictures that are not as they must be.
    """
    if dataset == TOYWORLD:
        write_toyworld(ToyWorld(), data_root / TOYWORLD, progress=progress)
    return layouts.list_dataset(find_layout(dataset, data_root, photos=photos))


def find_layout(dataset: str, data_root: Path, *, photos: PhotoVariant = "extended") -> Layout:
    """Where a benchmark or the toy world keeps its pictures below ``data_root``, or a user's own folder does.

    It does not look whether the pictures are there. Raises DataError for a name that is none of these.
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
