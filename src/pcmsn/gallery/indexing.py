"""Carrying out a plan: photos go through the model in portions, and are written every few hundred or few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pcmsn.gallery.embedder import EmbeddedBatch, Embedder, PhotoSource
from pcmsn.gallery.planning import IndexPlan, IndexReport, Progress
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
    was committed, and a new plan has the rest. Raises GalleryError where the store can not take it.
    """
    started = time.monotonic()
    removed = change_known(plan, store)
    committing = _Committing(store, plan.changed)
    unreadable = _embed(plan.to_embed, embedder, committing, _Rate(len(plan.to_embed), progress))
    return report_of(
        plan,
        added=committing.added,
        updated=committing.updated,
        removed=removed,
        unreadable=unreadable,
        seconds=time.monotonic() - started,
    )


def change_known(plan: IndexPlan, store: GalleryStore) -> int:
    """Remove, touch and relabel photos that the store has, as planned; how many were removed."""
    removed = sum(store.delete(ids) for ids in _portions(plan.gone))
    for files in _portions(plan.to_touch):
        store.touch(files)
    for labels in _portions(plan.to_relabel):
        store.relabel(labels)
    return removed


def report_of(
    plan: IndexPlan, *, added: int, updated: int, removed: int, unreadable: Iterable[tuple[Path, str]], seconds: float
) -> IndexReport:
    """What became of a plan that was carried out."""
    return IndexReport(
        added=added,
        updated=updated,
        unchanged=plan.unchanged,
        relabelled=len(plan.to_relabel),
        removed=removed,
        missing=plan.missing - len(plan.gone),
        skipped=plan.skipped,
        unreadable=tuple(unreadable),
        seconds=seconds,
    )


def _embed(
    sources: Sequence[PhotoSource], embedder: Embedder, committing: _Committing, rate: _Rate
) -> list[tuple[Path, str]]:
    """Embed and commit; the unreadable ones. However it ends, what is embedded is committed."""
    unreadable: list[tuple[Path, str]] = []
    rate.show(0)
    done, size = 0, _FIRST_PORTION
    try:
        while done < len(sources):
            started = time.monotonic()
            portion = sources[done : done + size]
            batch = embedder.embed_photos(portion)
            unreadable.extend(batch.unreadable)
            committing.add(batch)
            done += len(portion)
            rate.show(done)
            if time.monotonic() - started < _QUICK_SECONDS:  # larger ones keep a fast device busy
                size = min(2 * size, PHOTOS_A_COMMIT)
    finally:
        committing.commit()
    return unreadable


@dataclass(eq=False)
class _Committing:
    """Collects embedded photos and writes them every few hundred or every few seconds."""

    store: GalleryStore
    changed: frozenset[str]
    added: int = 0
    updated: int = 0
    _waiting: list[EmbeddedBatch] = field(default_factory=list)
    _last: float = field(default_factory=time.monotonic)

    def add(self, batch: EmbeddedBatch) -> None:
        self._waiting.append(batch)
        count = sum(len(waiting.photos) for waiting in self._waiting)
        if count >= PHOTOS_A_COMMIT or time.monotonic() - self._last > SECONDS_A_COMMIT:
            self.commit()

    def commit(self) -> None:
        photos = [photo for batch in self._waiting for photo in batch.photos]
        self._waiting = []
        if photos:
            self.store.upsert(photos)
            updated = sum(photo.record.photo_id in self.changed for photo in photos)
            self.updated += updated
            self.added += len(photos) - updated
        self._last = time.monotonic()


@dataclass(eq=False)
class _Rate:
    """Tells how many photos are done, how many a second, and how long the rest will take."""

    total: int
    progress: Progress | None
    _started: float = field(default_factory=time.monotonic)

    def show(self, done: int) -> None:
        if self.progress is None or not self.total:
            return
        seconds = time.monotonic() - self._started
        detail = ""
        if done and seconds > 0:
            detail = f"{done / seconds:.1f} a second, {clock(seconds / done * (self.total - done))} left"
        self.progress("indexing", done, self.total, detail)


def clock(seconds: float) -> str:
    """A time in minutes and seconds, or hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _portions(items: Sequence[Item], size: int = _CHANGES_AT_A_TIME) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
