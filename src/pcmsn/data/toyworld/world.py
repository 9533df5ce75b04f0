"""The toy world on disk: a folder of drawn photos and sketches, which is either complete or not there."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from PIL import Image

from pcmsn.data.records import Modality
from pcmsn.data.toyworld.categories import CATEGORIES
from pcmsn.data.toyworld.photo import draw_photo
from pcmsn.data.toyworld.sketch import draw_sketch
from pcmsn.errors import ConfigError, DataError, did_you_mean, enumerate_names
from pcmsn.seeding import numpy_generator

STATEMENT = (
    "Drawn by the pcmsn package from random numbers: the photos are not photographs, the sketches not hand-made."
)
"""What the toy world is, in one sentence, for every place where it is shown."""
FORMAT_VERSION = 1
"""Of the folder: one of another version is refused. It is raised when the same seed gives other pictures."""
DESCRIPTION = "toyworld.json"
"""The file in the folder that says what was drawn."""
FEW_PICTURES = 200
"""For fewer pictures it takes longer to start worker processes than to draw."""
STALE_SECONDS = 24 * 3600
"""A partial folder that is older than this was left by a run that was killed."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class ToyWorld:
    """Which pictures to draw; equal values give equal pictures."""

    seed: int = 0
    """A picture depends on this, its class, its modality, its number and its size alone."""
    size: int = 96
    """Width and height in pixels."""
    photos_per_class: int = 40
    sketches_per_class: int = 24

    def __post_init__(self) -> None:
        _check_integer("seed", self.seed, 0, 2**63 - 1)
        _check_integer("size", self.size, 32, 1024)
        _check_integer("photos_per_class", self.photos_per_class, 1, 10_000)
        _check_integer("sketches_per_class", self.sketches_per_class, 1, 10_000)

    @property
    def picture_count(self) -> int:
        """Number of pictures, of both modalities and all classes."""
        return len(CATEGORIES) * (self.photos_per_class + self.sketches_per_class)


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"toyworld.{name} must be an integer from {low} to {high}, got {value!r}")


@dataclass(frozen=True)
class _Batch:
    """The pictures that one task draws: one modality of one class."""

    config: ToyWorld
    folder: Path
    modality: Modality
    category: str
    count: int


def write_toyworld(
    config: ToyWorld, folder: Path, workers: int | None = None, progress: Progress | None = None
) -> Path:
    """The folder with ``photo/<class>/0000.jpg`` and ``sketch/<class>/0000.png``, drawn first if it is not there.

    A folder that already holds the same configuration is returned at once. Pictures are drawn into a folder beside
    it, which is renamed at the end, so that an interrupted run leaves nothing half-made under this name.
    ``workers`` processes draw (all processors by default, 1 for none beside this one); the pictures do not depend
    on their number. ``progress`` is called with (pictures done, pictures in all).
    Raises DataError when the folder holds something else, or when it cannot be written.
    """
    if _holds(folder, config):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(folder)
        partial = folder.with_name(f".{folder.name}.drawing-{os.getpid()}-{time.time_ns()}")
        try:
            _draw_all(config, partial, workers, progress)
            _write_description(config, partial)
            if not _holds(folder, config):
                partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"the toy world cannot be written to {folder}: {error.strerror or error}; "
            "free some space there (about 9 MB by default), or choose another folder"
        ) from error
    return folder


def _holds(folder: Path, config: ToyWorld) -> bool:
    """Whether the folder is complete for this configuration; an empty one is removed, as if it were not there."""
    advice = "choose another folder, or delete this one to have it drawn again"
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise DataError(f"{folder} is a file, expected a folder for the toy world; choose another folder")
    names = sorted(path.name for path in folder.iterdir())
    if not names:
        folder.rmdir()
        return False
    if DESCRIPTION not in names:
        raise DataError(
            f"{folder} holds {enumerate_names(names)} and no {DESCRIPTION}: it is no drawn toy world, "
            "and nothing in it is overwritten; choose another folder"
        )
    found = _read_description(folder / DESCRIPTION)
    expected = _description(config)
    for key in ("format_version", "config"):
        if found.get(key) != expected[key]:
            raise DataError(
                f"{folder} holds a toy world with {key} {found.get(key)!r}, expected {expected[key]!r}; {advice}"
            )
    missing = [name for name in ("photo", "sketch") if name not in names]
    if missing:
        raise DataError(f"{folder} lacks its folders {enumerate_names(missing)}; {advice}")
    return True


def _read_description(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}; delete its folder to have it drawn again") from error
    return found if isinstance(found, dict) else {}


def _description(config: ToyWorld) -> dict[str, Any]:
    return {"format_version": FORMAT_VERSION, "statement": STATEMENT, "config": asdict(config)}


def _write_description(config: ToyWorld, folder: Path) -> None:
    text = json.dumps(_description(config), indent=2, sort_keys=True)
    (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def _remove_stale(folder: Path) -> None:
    """Delete partial folders that killed runs left beside this one long ago."""
    for path in folder.parent.glob(f".{folder.name}.drawing-*"):
        if time.time() - path.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _draw_all(config: ToyWorld, folder: Path, workers: int | None, progress: Progress | None) -> None:
    if workers is not None and workers < 1:
        raise ConfigError(f"workers must be 1 or more, got {workers}")
    counts: dict[Modality, int] = {"photo": config.photos_per_class, "sketch": config.sketches_per_class}
    batches = [
        _Batch(config, folder, modality, category, count)
        for modality, count in counts.items()
        for category in CATEGORIES
    ]
    default = 1 if config.picture_count < FEW_PICTURES else os.cpu_count() or 1
    done = 0
    for count in _drawn(batches, min(workers or default, len(batches))):
        done += count
        if progress is not None:
            progress(done, config.picture_count)


def _drawn(batches: list[_Batch], workers: int) -> Iterator[int]:
    """Number of pictures of each batch, when it is done."""
    if workers == 1:
        yield from map(_draw_batch, batches)
        return
    # Started afresh, not forked: a fork of a process with torch's threads may hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield from _collected(pool, batches)
        except BrokenProcessPool as error:
            raise DataError(
                "a process that drew the toy world ended early (out of memory, or a script without an "
                "'if __name__ == \"__main__\"' guard); draw in this process instead with workers=1"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _collected(pool: Executor, batches: list[_Batch]) -> Iterator[int]:
    pending: set[Future[int]] = {pool.submit(_draw_batch, batch) for batch in batches}
    while pending:
        finished, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in finished:
            yield future.result()


def draw_picture(config: ToyWorld, category: str, modality: Modality, index: int) -> Image.Image:
    """Picture ``index`` of one class, as ``write_toyworld`` writes it; photos are RGB, sketches L.

    Raises DataError for a category that the toy world does not have.
    """
    if category not in CATEGORIES:
        hint = did_you_mean(category, CATEGORIES)
        raise DataError(f"no category {category!r} among the {len(CATEGORIES)} of the toy world{hint}")
    draw = draw_photo if modality == "photo" else draw_sketch
    generator = numpy_generator(config.seed, "toyworld", category, modality, index)
    return draw(CATEGORIES[category], generator, config.size)


def _draw_batch(batch: _Batch) -> int:
    """Draw and write the pictures of one modality of one class; returns their number."""
    folder = batch.folder / batch.modality / batch.category
    folder.mkdir(parents=True)
    for index in range(batch.count):
        picture = draw_picture(batch.config, batch.category, batch.modality, index)
        if batch.modality == "photo":
            picture.save(folder / f"{index:04d}.jpg", quality=92)
        else:
            picture.save(folder / f"{index:04d}.png", compress_level=6)
    return batch.count
