"""Photos of no files, for benchmarks of galleries: vectors and codes are given, everything else is made up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pcmsn.gallery.records import EmbeddedPhoto, ModelIdentity, PhotoRecord

LABELS = 100


def made_up_model(dim: int, bits: int) -> ModelIdentity:
    """A model that does not exist."""
    return ModelIdentity(fingerprint="f" * 64, dim=dim, bits=bits, name="benchmark", run="/runs/benchmark")


def made_up_id(number: int) -> str:
    """The id of a photo by its number."""
    return f"{number:032x}"


def made_up_photo(
    number: int, vector: NDArray[np.float32], code: NDArray[np.uint8], thumbnail_bytes: int
) -> EmbeddedPhoto:
    """A photo as a store takes it, with a thumbnail of so many bytes, rounded down to a multiple of 8."""
    record = PhotoRecord(
        photo_id=made_up_id(number),
        path=f"/photos/{number % LABELS:03d}/{number:09d}.jpg",
        content_hash=f"{number:064x}",
        size=50_000,
        modified_ns=number,
        label=f"label {number % LABELS}",
        width=640,
        height=480,
    )
    return EmbeddedPhoto(record, vector, code, number.to_bytes(8, "big") * (thumbnail_bytes // 8))
