"""What every store refuses, said in the same words: a missing gallery, another model, vectors of another length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pcmsn.errors import GalleryError
from pcmsn.gallery.records import EmbeddedPhoto, ModelIdentity, Queries


def missing_gallery(location: object) -> GalleryError:
    """The error for a location where there is no gallery."""
    return GalleryError(f"no gallery at {location}; make one: pcmsn index PHOTOS --run RUN --gallery {location}")


def open_for_searching_only(location: object) -> GalleryError:
    """The error for a change of a gallery that was not opened for writing."""
    return GalleryError(f"{location} is open for searching only; open it with writable=True")


def refuse_another_model(location: object, own: ModelIdentity, given: ModelIdentity) -> None:
    """Raise GalleryError unless the ``given`` model is the gallery's ``own``."""
    if own.fingerprint != given.fingerprint:
        raise GalleryError(
            f"{location} was made by another model: {own.name} ({own.fingerprint[:12]}, run {own.run}), got "
            f"{given.name} ({given.fingerprint[:12]}, run {given.run}). Pass the run that made it (--run {own.run}), "
            "or index the photos into a new gallery"
        )


def refuse_unfitting_photos(identity: ModelIdentity, photos: Sequence[EmbeddedPhoto]) -> None:
    """Raise GalleryError for the first photo whose vector or code has another length or is not finite."""
    dim, length = identity.dim, identity.code_bytes
    for photo in photos:
        if photo.vector.shape != (dim,) or photo.code.shape != (length,):
            raise GalleryError(
                f"{photo.record.path}: the gallery keeps vectors of {dim} values and codes of {length} bytes, got "
                f"arrays of shape {photo.vector.shape} and {photo.code.shape}; embed it with the gallery's own model"
            )
        if not np.isfinite(photo.vector).all():
            raise GalleryError(
                f"{photo.record.path}: its vector is not finite, so the model's weights are damaged; train the run "
                "again, or pass another one"
            )


def refuse_unfitting_queries(identity: ModelIdentity, queries: Queries) -> None:
    """Raise GalleryError for queries whose vectors or codes have another length."""
    dim, length = identity.dim, identity.code_bytes
    if queries.vectors.shape[1:] != (dim,) or queries.codes.shape[1:] != (length,):
        raise GalleryError(
            f"this gallery is searched by vectors of {dim} values and codes of {length} bytes, got arrays of shape "
            f"{queries.vectors.shape} and {queries.codes.shape}; embed the sketch with the gallery's own model"
        )
