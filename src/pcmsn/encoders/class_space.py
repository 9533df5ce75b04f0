"""Vectors for names: where a model's classes lie in the space of its sketches and photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import CheckpointError

CLASSES = "classes.npz"


@dataclass(frozen=True, eq=False)
class ClassSpace:
    """The classes of a model: the kinds that it was taught, then others that it can tell apart in photos."""

    names: tuple[str, ...]
    synsets: tuple[str, ...]
    """Their meanings in WordNet 3.0."""
    vectors: NDArray[np.float32]
    """(C, dim) of length 1."""


def write_class_space(path: Path, names: Sequence[str], synsets: Sequence[str], vectors: NDArray[np.floating]) -> None:
    """Writes names, synsets and their (C, dim) vectors, which are kept in 16 bits."""
    np.savez_compressed(path, names=np.asarray(names), synsets=np.asarray(synsets), vectors=vectors.astype(np.float16))


def read_class_space(folder: Path) -> ClassSpace:
    """The classes of an exported model. Raises CheckpointError for a model without them, or damaged ones."""
    path = folder / CLASSES
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names, synsets = arrays["names"].tolist(), arrays["synsets"].tolist()
            vectors = arrays["vectors"].astype(np.float32)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); expected a model that knows names") from error
    if not len(names) == len(synsets) == len(vectors):
        raise CheckpointError(f"{path} is damaged: {len(names)} names, {len(synsets)} synsets, {len(vectors)} vectors")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return ClassSpace(tuple(names), tuple(synsets), vectors / np.maximum(lengths, 1e-9))
