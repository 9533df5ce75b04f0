"""From the downloads of a benchmark to the folder that this package, and PCMSN's own code, can read."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from pcmsn.data.datasets import BENCHMARKS
from pcmsn.data.inventory import Place, places_of, read_class_folder
from pcmsn.data.preparing.gathering import FoundFolder, Gathered, Gatherer, Progress
from pcmsn.data.preparing.placing import Placer
from pcmsn.data.preparing.planning import SourceReader, plan_class
from pcmsn.data.preparing.report import PreparationReport, build_report
from pcmsn.data.preparing.staging import remove_staging, staging_folder
from pcmsn.data.preparing.tally import Tally
from pcmsn.errors import DataError, did_you_mean, enumerate_names

_FULL = {errno.ENOSPC, errno.EDQUOT}

_EXPECTED = {
    "Sketchy": "expected 256x256/sketch/tx_000000000000/<class>, 256x256/photo/tx_000000000000/<class> or "
    "EXTEND_image_sketchy/<class> in it",
    "TU-Berlin": "expected png/<class> or ImageResized/<class> in it",
    "QuickDraw": "expected QuickDraw_sketches_final/<class> or QuickDraw_images_final/<class> in it",
}


def prepare(
    dataset: str,
    sources: Sequence[Path],
    target_root: Path,
    *,
    link: bool = False,
    keep_duplicates: bool = False,
    progress: Progress | None = None,
) -> PreparationReport:
    """Bring a benchmark into the layout of ``data.layouts`` in ``target_root/<dataset>``; report what was done.

    ``sources`` are archives as downloaded, unpacked folders, or folders that hold several of these. Pictures are copied
    or, with ``link``, linked where possible; of equal pictures in a class one is kept, unless ``keep_duplicates``.
    Files that are in the target already are never changed or removed. The same call after a kill at any moment gives
    the same tree; a second call places nothing. Raises DataError when nothing usable is found, for damaged archives
    and for a full disk.
    """
    if dataset not in BENCHMARKS:
        raise DataError(
            f"no benchmark {dataset!r}{did_you_mean(dataset, BENCHMARKS)}; expected {', '.join(BENCHMARKS)}"
        )
    places = {place.row: place for place in places_of(dataset, target_root)}
    dataset_root = target_root / dataset
    tally = Tally()
    try:
        gathered = Gatherer(dataset, target_root, tally, progress).gather(sources)
        _check_usable(dataset, sources, gathered)
        for row, by_class in sorted(gathered.folders.items()):
            placer = Placer(staging_folder(dataset_root) / "copying", link, keep_duplicates, row, tally)
            _fill_place(places[row], by_class, placer, progress)
        remove_staging(dataset_root)
    except OSError as error:
        raise DataError(_what_went_wrong(error, target_root)) from error
    return build_report(dataset, dataset_root, places.values(), gathered, tally)


def _fill_place(
    place: Place, by_class: dict[str, list[FoundFolder]], placer: Placer, progress: Progress | None
) -> None:
    stage = f"preparing {place.row}"
    total = sum(len(read_class_folder(found.path).pictures) for folders in by_class.values() for found in folders)
    done = 0

    def on_file() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(stage, done, total)

    for name, folders in sorted(by_class.items()):
        reader = SourceReader(place.row, placer.tally)
        sources = [
            source
            for found in folders
            for source in reader.read(read_class_folder(found.path), found.part, found.staged)
        ]
        plan = plan_class(sources, keep_duplicates=placer.keep_duplicates, row=place.row, tally=placer.tally)
        placer.fill(place.folder / name, plan, on_file)
    if progress and done < total:  # pictures that were left out are done, too
        progress(stage, total, total)


def _check_usable(dataset: str, sources: Sequence[Path], gathered: Gathered) -> None:
    folders = [found for by_class in gathered.folders.values() for each in by_class.values() for found in each]
    if any(read_class_folder(found.path).pictures for found in folders):
        return
    given = enumerate_names(str(source) for source in sources)
    reasons = " ".join(gathered.notes)
    raise DataError(
        f"no pictures of {dataset} in {given}: {_EXPECTED[dataset]}. {reasons}".strip()
        + " Pass the archives as downloaded, or the folders that they unpack to, with --from"
    )


def _what_went_wrong(error: OSError, target_root: Path) -> str:
    if error.errno in _FULL:
        return (
            f"{target_root}: no space is left on its disk ({error.strerror}). What is in place is whole; make room, "
            "then run the same command again, which goes on from here (--link takes no space for unpacked folders)"
        )
    path = error.filename2 or error.filename or target_root
    return f"{path}: {error.strerror or error}; what is in place is whole. Run the same command again to go on"
