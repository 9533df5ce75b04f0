"""Embeddings with labels in one ``.npz`` file: anybody's, to be scored."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.atomic import atomic_path
from pcmsn.errors import EvaluationError, did_you_mean, enumerate_names


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What a file to be scored holds; values are checked when they are scored."""

    sketch_embedding: NDArray[np.floating]
    """(Q, D) one row a query sketch."""
    sketch_label: NDArray[np.generic]
    """(Q,) classes, integers or names."""
    photo_embedding: NDArray[np.floating]
    """(N, D) one row a gallery photo."""
    photo_label: NDArray[np.generic]
    """(N,) classes, of the same kind as the sketches'."""


KEYS = tuple(field.name for field in fields(Embeddings))
"""The names of the arrays in a file."""


def read_embeddings(path: Path) -> Embeddings:
    """The embeddings and labels in an ``.npz`` file; pickled objects are refused.

    Raises EvaluationError when the file is missing, is not such a file, is damaged, or holds other arrays.
    """
    arrays = _read_arrays(path)
    missing = [key for key in KEYS if key not in arrays]
    extra = sorted(set(arrays) - set(KEYS))
    if missing or extra:
        hint = did_you_mean(extra[0], missing) if extra and missing else ""
        problems = [f"lacks {enumerate_names(missing)}"] if missing else []
        problems += [f"also holds {enumerate_names(extra)}{hint}"] if extra else []
        raise EvaluationError(f"{path} {' and '.join(problems)}; expected are {enumerate_names(KEYS)}")
    return Embeddings(**arrays)


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    """Write an ``.npz`` file that ``read_embeddings`` reads, under a temporary name first, then renamed.

    Raises EvaluationError when the folder cannot be written, or for arrays that would need pickle.
    """
    arrays = {key: np.asarray(getattr(embeddings, key)) for key in KEYS}
    objects = [key for key, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise EvaluationError(f"{enumerate_names(objects)} hold Python objects; give numbers, or names as strings")
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # NumPy's stub takes the names for its own options
    except OSError as error:
        raise EvaluationError(f"embeddings cannot be written to {path}: {error.strerror or error}") from error


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise EvaluationError(f"{path} is a single array, not an .npz file with {enumerate_names(KEYS)}")
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except FileNotFoundError as error:
        raise EvaluationError(f"there is no file {path}; expected an .npz file with {enumerate_names(KEYS)}") from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        # NumPy advises to admit pickles, which run whatever code they hold.
        reason = "" if "allow_pickle" in str(error) else f" ({error})"
        raise EvaluationError(
            f"{path} is not a readable .npz file with {enumerate_names(KEYS)}: it is damaged, of another format, or "
            f"holds pickled objects{reason}"
        ) from error
