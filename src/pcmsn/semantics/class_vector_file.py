"""The ``.npz`` of class vectors: arrays, where they come from, and a fingerprint that shows a later change.

| array | what |
|---|---|
| ``names`` (C,) | class names |
| ``vectors`` (C, S) | one row a name, float32 or float64 |
| ``nodes`` (S,) | what each column stands for; hierarchical vectors only |
| ``source`` () | where the vectors come from, in words |
| ``format`` () | version of this format |
| ``fingerprint`` () | hash of all of the above |

Only the first two are needed: a user's own file may hold nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
"""Written into every file; a file of another format is refused."""


@dataclass(frozen=True, eq=False)
class ClassVectorFile:
    """The content of one file, as it is on disk."""

    names: tuple[str, ...]
    vectors: NDArray[Any]
    """(C, S), of the type on disk."""
    nodes: tuple[str, ...] | None = None
    """(S,) what each column stands for, where the file says it."""
    source: str = ""
    """Where the vectors come from, in words."""
    fingerprint: str = ""
    """As stored; empty for a user's own file."""


def fingerprint_of(names: Sequence[str], vectors: NDArray[Any], source: str, nodes: Sequence[str] | None) -> str:
    """16 hexadecimal digits that depend on every name, number and word of a file, the same on every machine."""
    little_endian = np.ascontiguousarray(vectors, dtype=vectors.dtype.newbyteorder("<"))
    described = [FORMAT, list(names), list(vectors.shape), little_endian.dtype.str, source, nodes and list(nodes)]
    digest = hashlib.sha256(json.dumps(described).encode())
    digest.update(little_endian.tobytes())
    return digest.hexdigest()[:16]


def write_npz(
    path: Path, names: Sequence[str], vectors: NDArray[Any], *, source: str, nodes: Sequence[str] | None
) -> str:
    """Write the arrays whole or not at all and return their fingerprint; the same content gives the same bytes."""
    fingerprint = fingerprint_of(names, vectors, source, nodes)
    arrays: dict[str, NDArray[Any]] = {
        "names": np.array(list(names), dtype=np.str_),
        "vectors": vectors,
        "source": np.array(source),
        "format": np.array(FORMAT),
        "fingerprint": np.array(fingerprint),
    }
    if nodes is not None:
        arrays["nodes"] = np.array(list(nodes), dtype=np.str_)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes names for flags
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return fingerprint


def read_npz(path: Path) -> ClassVectorFile:
    """The content of a file, checked against its fingerprint where it has one; no pickle is admitted.

    Raises ValueError that says what is wrong with it.
    """
    if not is_zipfile(path):
        # NumPy would take it for a pickle and advise to load it unsafely.
        raise ValueError("it is no .npz file")
    with np.load(path, allow_pickle=False) as archive:
        missing = {"names", "vectors"} - set(archive.files)
        if missing:
            raise ValueError(f"it lacks the array {' and '.join(sorted(missing))}, it has {sorted(archive.files)}")
        arrays = {name: archive[name] for name in archive.files}
    vectors = arrays["vectors"]
    names = _texts(arrays, "names")
    if vectors.ndim != 2 or len(names) != len(vectors):
        raise ValueError(f"{len(names)} names for vectors of shape {vectors.shape}")
    content = ClassVectorFile(
        names=names,
        vectors=vectors,
        nodes=_texts(arrays, "nodes") if "nodes" in arrays else None,
        source=_text(arrays, "source"),
        fingerprint=_text(arrays, "fingerprint"),
    )
    if content.fingerprint:
        _check_unchanged(content, arrays.get("format"))
    return content


def _texts(arrays: dict[str, NDArray[Any]], name: str) -> tuple[str, ...]:
    if arrays[name].ndim != 1:
        raise ValueError(f"its array {name} has the shape {arrays[name].shape}, expected one dimension")
    return tuple(str(item) for item in arrays[name])


def _text(arrays: dict[str, NDArray[Any]], name: str) -> str:
    array = arrays.get(name)
    return str(array) if array is not None and array.shape == () else ""


def _check_unchanged(content: ClassVectorFile, version: NDArray[Any] | None) -> None:
    if version is None or version.shape != () or str(version) != str(FORMAT):
        raise ValueError(
            f"it has format {version}, this version of pcmsn reads format {FORMAT}; build it again with "
            "pcmsn semantics build, or use the version of pcmsn that wrote it"
        )
    found = fingerprint_of(content.names, content.vectors, content.source, content.nodes)
    if found != content.fingerprint:
        raise ValueError(
            f"it has changed since it was built: its content gives the fingerprint {found}, it carries "
            f"{content.fingerprint}; build it again, or write names and vectors alone to a file of your own"
        )
