"""Vectors and codes that come to a gallery must be of the length that its model makes, in every store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pcmsn.errors import GalleryError
from pcmsn.gallery.records import EmbeddedPhoto, ModelIdentity, Queries


def refuse_unfitting_photos(identity: ModelIdentity, photos: Sequence[EmbeddedPhoto]) -> None:
    """Raise GalleryError for the first photo whose vector or code has another length or is not finite."""
    dim, length = identity.dim, (identity.bits + 7) // 8
    for photo in photos:
        if photo.vector.shape != (dim,) or photo.code.shape != (length,):
            raise GalleryError(
                f"{photo.record.path}: the gallery keeps vectors of {dim} values and codes of {length} bytes, got "
                f"{photo.vector.shape} and {photo.code.shape}"
            )
        if not np.isfinite(photo.vector).all():
            raise GalleryError(f"{photo.record.path}: its vector is not finite; the model's weights are damaged")


def refuse_unfitting_queries(identity: ModelIdentity, queries: Queries) -> None:
    """Raise GalleryError for queries of another length."""
    dim, length = identity.dim, (identity.bits + 7) // 8
    if queries.vectors.shape[1:] != (dim,) or queries.codes.shape[1:] != (length,):
        raise GalleryError(
            f"this gallery is searched by vectors of {dim} values and codes of {length} bytes, got "
            f"{queries.vectors.shape} and {queries.codes.shape}; embed the sketch with the gallery's own model"
        )
