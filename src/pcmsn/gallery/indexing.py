"""Carrying out a plan: photos go through the model in portions, and are written every few hundred or few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pcmsn.gallery.embedder import Embedder, PhotoSource
from pcmsn.gallery.planning import IndexPlan, IndexReport, Progress
from pcmsn.gallery.records import EmbeddedPhoto
from pcmsn.gallery.store import GalleryStore

PHOTOS_A_COMMIT = 256
"""New photos that are written together, unless it takes long to embed them."""

SECONDS_A_COMMIT = 5.0
"""A kill loses at most about as much work as this, and the portion under way."""

_FIRST_PORTION = 16
_QUICK_SECONDS = 1.0

_CHANGES_AT_A_TIME = 5000

Item = TypeVar("Item")


def index_photos(
    plan: IndexPlan, store: GalleryStore, embedder: Embedder, progress: Progress | None = None
) -> IndexReport:
    """Carry out a plan on a store that is open for writing: remove, touch, relabel, then embed and add.

    What was embedded before an interruption is written on the way out. After a kill the gallery has every batch that
    was committed, and a new plan has the rest. Raises GalleryError where the store cannot take it.
    """
    started = time.monotonic()
    removed = change_known(plan, store)
    intake = Intake(plan, store, progress)
    try:
        _embed(plan.to_embed, embedder, intake)
    finally:
        intake.commit()
    return intake.report(removed=removed, seconds=time.monotonic() - started)


def change_known(plan: IndexPlan, store: GalleryStore) -> int:
    """Remove, touch and relabel photos that the store has, as planned; how many were removed."""
    removed = sum(store.delete(ids) for ids in _portions(plan.gone))
    for files in _portions(plan.to_touch):
        store.touch(files)
    for labels in _portions(plan.to_relabel):
        store.relabel(labels)
    return removed


class Intake:
    """Takes in a plan's photos as they are embedded: counts them, writes them now and then, and shows how far it got.

    ``progress`` is told of the photos that are done, how many come a second, and how long the rest will take.
    """

    def __init__(self, plan: IndexPlan, store: GalleryStore, progress: Progress | None) -> None:
        self._plan, self._store, self._progress = plan, store, progress
        self._added = 0
        self._updated = 0
        self._unreadable: list[tuple[Path, str]] = []
        self._waiting: list[EmbeddedPhoto] = []
        self._started = self._committed = time.monotonic()

    def add(self, photo: EmbeddedPhoto) -> None:
        """Take in a photo that is to be written."""
        self._waiting.append(photo)
        self.count(photo.record.photo_id)

    def count(self, photo_id: str) -> None:
        """Take in a photo that somebody else has written."""
        is_update = photo_id in self._plan.changed
        self._updated += is_update
        self._added += not is_update

    def leave_out(self, path: Path, reason: str) -> None:
        """Take note of a file that cannot be read."""
        self._unreadable.append((path, reason))

    def end_batch(self) -> None:
        """Write what waits, if it is much or has waited for long, and show how far it got."""
        if len(self._waiting) >= PHOTOS_A_COMMIT or time.monotonic() - self._committed > SECONDS_A_COMMIT:
            self.commit()
        self.show()

    def commit(self) -> None:
        """Write what waits."""
        photos, self._waiting = self._waiting, []
        if photos:
            self._store.upsert(photos)
        self._committed = time.monotonic()

    def show(self) -> None:
        """Tell ``progress`` how far it got."""
        total = len(self._plan.to_embed)
        if self._progress is None or not total:
            return
        done = self._added + self._updated + len(self._unreadable)
        seconds = time.monotonic() - self._started
        detail = ""
        if done and seconds > 0:
            detail = f"{done / seconds:.1f} a second, {_clock(seconds / done * (total - done))} left"
        self._progress("indexing", done, total, detail)

    def report(self, *, removed: int, seconds: float) -> IndexReport:
        """What became of the plan."""
        return IndexReport(
            added=self._added,
            updated=self._updated,
            unchanged=self._plan.unchanged,
            relabelled=len(self._plan.to_relabel),
            removed=removed,
            missing=self._plan.missing - len(self._plan.gone),
            skipped=self._plan.skipped,
            unreadable=tuple(sorted(self._unreadable)),
            seconds=seconds,
        )


def _embed(sources: Sequence[PhotoSource], embedder: Embedder, intake: Intake) -> None:
    intake.show()
    done, size = 0, _FIRST_PORTION
    while done < len(sources):
        started = time.monotonic()
        portion = sources[done : done + size]
        batch = embedder.embed_photos(portion)
        for photo in batch.photos:
            intake.add(photo)
        for path, reason in batch.unreadable:
            intake.leave_out(path, reason)
        intake.end_batch()
        done += len(portion)
        if time.monotonic() - started < _QUICK_SECONDS:  # larger portions keep a fast device busy
            size = min(2 * size, PHOTOS_A_COMMIT)


def _clock(seconds: float) -> str:
    """A time in minutes and seconds, or hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _CHANGES_AT_A_TIME):
        yield items[start : start + _CHANGES_AT_A_TIME]
