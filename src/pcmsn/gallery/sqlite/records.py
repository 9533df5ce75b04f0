"""Rows of a gallery file's table of photos as records and hits."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.gallery.records import Hit, PhotoRecord
from pcmsn.gallery.sqlite.schema import as_path

COLUMNS = "photo_id, path, content_hash, size, modified_ns, label, width, height"
"""What ``record_of`` takes, in its order."""


def record_of(row: tuple[Any, ...]) -> PhotoRecord:
    """The record of a row with the ``COLUMNS``."""
    photo_id, path, content_hash, size, modified_ns, label, width, height = row
    return PhotoRecord(
        photo_id=photo_id,
        path=as_path(path),
        content_hash=content_hash,
        size=size,
        modified_ns=modified_ns,
        label=label,
        width=width,
        height=height,
    )


def hits_of(connection: sqlite3.Connection, distances: NDArray[np.float32], rows: NDArray[np.int64]) -> list[Hit]:
    """The photos of (n,) row numbers with their (n,) distances, ordered by distance, equal ones by photo id.

    Raises ValueError for a row number that no photo has.
    """
    query = f"SELECT {COLUMNS} FROM photos WHERE row = ?"
    hits = []
    for distance, row in zip(distances.tolist(), rows.tolist(), strict=True):
        found = connection.execute(query, (row,)).fetchone()
        if found is None:
            raise ValueError("a vector belongs to no photo")
        hits.append(Hit(photo=record_of(found), distance=distance))
    return sorted(hits, key=lambda hit: (hit.distance, hit.photo.photo_id))
