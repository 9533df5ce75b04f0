"""Embeddings, codes and labels, checked before anything is computed from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pcmsn.errors import EvaluationError

LARGEST = 1e150
"""Values beyond this would overflow when they are squared."""


def checked_embeddings(sketch: ArrayLike, photo: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(Q, D) and (N, D) float64 embeddings of sketches and photos.

    Raises EvaluationError when one is empty, not numeric, not two-dimensional, not finite, or when D differs.
    """
    sketches, photos = _checked_embedding("sketch", sketch), _checked_embedding("photo", photo)
    if sketches.shape[1] != photos.shape[1]:
        raise EvaluationError(
            f"sketch embeddings have {sketches.shape[1]} dimensions and photo embeddings {photos.shape[1]}; "
            "both must come from one model"
        )
    return sketches, photos


def checked_codes(sketch: ArrayLike, photo: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(Q, bits) and (N, bits) bool codes of sketches and photos, one bit an element.

    Raises EvaluationError when one is empty, not two-dimensional, holds other values than 0 and 1, or when bits differ.
    """
    sketches, photos = _checked_code("sketch", sketch), _checked_code("photo", photo)
    if sketches.shape[1] != photos.shape[1]:
        raise EvaluationError(f"sketch codes have {sketches.shape[1]} bits and photo codes {photos.shape[1]}")
    return sketches, photos


def checked_labels(
    sketch: ArrayLike, photo: ArrayLike, queries: int, gallery: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(queries,) and (gallery,) labels as integers that are equal where the given ones are.

    Labels may be integers, whole floats, strings or bytes.

    Raises EvaluationError when lengths do not fit or the two are of different kinds.
    """
    sketches, photos = _checked_label("sketch", sketch, queries), _checked_label("photo", photo, gallery)
    if sketches.dtype.kind == "U" or photos.dtype.kind == "U":
        if sketches.dtype.kind != photos.dtype.kind:
            raise EvaluationError(
                f"sketch labels are {sketches.dtype} and photo labels {photos.dtype}; give both as integers or both "
                "as class names, so that equal labels mean the same class"
            )
        _, codes = np.unique(np.concatenate([sketches, photos]), return_inverse=True)
        codes = codes.reshape(-1).astype(np.int64)
        return codes[:queries], codes[queries:]
    return sketches.astype(np.int64), photos.astype(np.int64)


def _checked_embedding(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values)
    _check_matrix(f"{name} embeddings", array, "dimensions")
    if array.dtype.kind not in "fiu":
        raise EvaluationError(f"{name} embeddings must be real numbers, got an array of {array.dtype}")
    array = np.ascontiguousarray(array, dtype=np.float64)
    fits = (np.abs(array) <= LARGEST).all(axis=1)
    if not fits.all():
        row = int(np.argmin(fits))
        kind = "values above 1e150" if np.isfinite(array[row]).all() else "NaN or infinite values"
        count = int((~fits).sum())
        raise EvaluationError(
            f"{count} of {len(array)} {name} embeddings hold {kind}, the first in row {row}; "
            "look for a diverged model or an unreadable picture there"
        )
    return array


def _checked_code(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(values)
    _check_matrix(f"{name} codes", array, "bits")
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind not in "iu" or not np.isin(array, (0, 1)).all():
        raise EvaluationError(
            f"{name} codes must be bool or hold 0 and 1 only, one bit an element, got {array.dtype}; "
            "packed codes are unpacked with pcmsn.hashing.hamming.unpack_codes"
        )
    return array.astype(np.bool_)


def _checked_label(name: str, values: ArrayLike, count: int) -> NDArray[np.generic]:
    array = np.asarray(values)
    if array.shape != (count,):
        raise EvaluationError(f"{count} {name} rows need {count} labels in one dimension, got shape {array.shape}")
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    elif array.dtype.kind == "f" and (array == np.round(array)).all():
        array = array.astype(np.int64)
    elif array.dtype.kind == "O" and all(isinstance(label, (str, bytes)) for label in array.tolist()):
        array = np.array([label.decode("utf-8", "replace") if isinstance(label, bytes) else label for label in array])
    if array.dtype.kind not in "iuU":
        raise EvaluationError(f"{name} labels must be integers or class names, got an array of {array.dtype}")
    return array


def _check_matrix(what: str, array: NDArray[np.generic], columns: str) -> None:
    if array.ndim != 2:
        raise EvaluationError(f"{what} must be a (rows, {columns}) array, got shape {array.shape}")
    if 0 in array.shape:
        raise EvaluationError(f"{what} are empty, got shape {array.shape}; expected at least one row and one column")
