"""Class vectors (side information): reading them from files and joining several sources.

A source is a file ``<name>.npz`` with the arrays ``names`` (C,) and ``vectors`` (C, S), or a released ``<name>.npy``
that holds a pickled dict from class name to vector; the latter passes through an unpickler that admits NumPy arrays
and plain types only. The .npz files that this package writes say where they come from and carry a fingerprint of
their content (``class_vector_file``).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError, did_you_mean, enumerate_names
from pcmsn.semantics.class_vector_file import read_npz, write_npz
from pcmsn.semantics.hierarchy import MEASURES
from pcmsn.semantics.near_words import letters_of
from pcmsn.semantics.unpickling import read_pickled_npy

SUFFIXES = (".npz", ".npy")
_UNREADABLE = (OSError, ValueError, EOFError, BadZipFile, zlib.error, NotImplementedError)  # as NumPy and zipfile raise
_WORD_VECTORS = ("word2vec", "glove", "fasttext")
_BENCHMARKS = ("Sketchy", "TU-Berlin", "QuickDraw")


@dataclass(frozen=True, eq=False)
class ClassVectors:
    """One semantic vector a class."""

    names: tuple[str, ...]
    """Class names, one a row."""
    values: NDArray[np.float32]
    """(C, S) vectors, finite."""
    sources: tuple[str, ...]
    """Names of the files that the columns come from, in order."""
    origins: tuple[str, ...] = ()
    """What each source says of itself, for example its measure and information content; empty where it says nothing."""
    fingerprints: tuple[str, ...] = ()
    """The fingerprint that each source's file carries; empty for a file without one."""

    def __post_init__(self) -> None:
        where = "+".join(self.sources)
        if self.values.ndim != 2 or len(self.values) != len(self.names):
            raise SemanticsError(
                f"{where}: {len(self.names)} names with vectors of shape {self.values.shape}, expected one row a name"
            )
        if self.values.shape[1] == 0:
            raise SemanticsError(f"{where}: the vectors have no elements")
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise SemanticsError(f"{where}: more than one vector for {enumerate_names(twice)}")
        bad = np.flatnonzero(~np.isfinite(self.values).all(axis=1))
        if len(bad):
            names = enumerate_names(self.names[row] for row in bad)
            raise SemanticsError(f"{where}: the vectors of {names} hold NaN or infinity")

    @property
    def dim(self) -> int:
        """Number of elements S of a vector."""
        return int(self.values.shape[1])

    def of(self, classes: Iterable[str]) -> NDArray[np.float32]:
        """The vectors of ``classes`` as (len(classes), S), in that order.

        A name that differs in separators only is the same class (``tablelamp`` and ``table_lamp``). Raises
        SemanticsError that names every class without a vector and its near misses.
        """
        row = {name: index for index, name in enumerate(self.names)}
        by_letters = _unambiguous({name: letters_of(name) for name in self.names})
        found: list[int] = []
        missing: list[str] = []
        for name in classes:
            known = name if name in row else by_letters.get(letters_of(name))
            if known is None:
                missing.append(name)
            else:
                found.append(row[known])
        if missing:
            hints = ", ".join(f"{name!r}{did_you_mean(name, self.names)}" for name in missing[:5])
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            raise SemanticsError(
                f"no vector in {'+'.join(self.sources)} for {len(missing)} of the classes: {hints}{more}. "
                "Add their vectors to the file, rename the folders, or choose other side information with --semantics"
            )
        return self.values[found]


def _unambiguous(letters: Mapping[str, str]) -> dict[str, str]:
    """The name of each spelling by letters that belongs to one name only."""
    names: dict[str, list[str]] = {}
    for name, spelled in letters.items():
        names.setdefault(spelled, []).append(name)
    return {spelled: group[0] for spelled, group in names.items() if len(group) == 1}


def read_class_vectors(path: Path) -> ClassVectors:
    """The class vectors of one file.

    Raises SemanticsError for another format, vectors of unequal lengths, and a file whose content does not fit the
    fingerprint that it carries.
    """
    origin, fingerprint = "", ""
    try:
        if path.suffix == ".npz":
            content = read_npz(path)
            by_name = _checked(zip(content.names, content.vectors, strict=True))
            origin, fingerprint = content.source, content.fingerprint
        else:
            by_name = _read_npy(path)
    except _UNREADABLE as error:
        raise SemanticsError(
            f"{path} cannot be read as class vectors ({error}); expected .npz with the arrays names and vectors, "
            "or a released .npy with a pickled dict of class name to vector"
        ) from error
    lengths: dict[int, list[str]] = {}
    for name, vector in by_name.items():
        lengths.setdefault(len(vector), []).append(name)
    if len(lengths) > 1:
        usual = max(lengths, key=lambda length: len(lengths[length]))
        odd = [name for length, names in lengths.items() if length != usual for name in names]
        raise SemanticsError(
            f"{path}: the vector of {odd[0]!r} has {len(by_name[odd[0]])} elements, the others have {usual}; "
            "build the file again with vectors of one length"
        )
    names = tuple(by_name)
    values = np.stack([by_name[name] for name in names]).astype(np.float32) if names else np.zeros((0, 1), np.float32)
    return ClassVectors(
        names=names,
        values=values,
        sources=(path.stem,),
        origins=(origin,),
        fingerprints=(fingerprint,),
    )


def _read_npy(path: Path) -> dict[str, NDArray[np.float64]]:
    content = read_pickled_npy(path)
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not a dict")
    return _checked(content.items())


def _checked(items: Iterable[tuple[object, object]]) -> dict[str, NDArray[np.float64]]:
    result: dict[str, NDArray[np.float64]] = {}
    for name, vector in items:
        array = np.asarray(vector, dtype=np.float64)
        if not isinstance(name, str) or array.ndim != 1:
            raise ValueError(f"the entry {name!r} is not a name with a one-dimensional vector")
        if name in result:
            raise ValueError(f"more than one vector for {name!r}")
        result[name] = array
    return result


def concatenate(parts: Sequence[ClassVectors]) -> ClassVectors:
    """The vectors of the classes that every part has, the parts' columns side by side in the given order.

    Raises SemanticsError where there is no part.
    """
    if not parts:
        raise SemanticsError("no side information was named; pass --semantics NAME at least once")
    shared = [name for name in parts[0].names if all(name in part.names for part in parts[1:])]
    values = np.concatenate([part.of(shared) for part in parts], axis=1)
    return ClassVectors(
        names=tuple(shared),
        values=values,
        sources=tuple(source for part in parts for source in part.sources),
        origins=tuple(origin for part in parts for origin in part.origins or ("",) * len(part.sources)),
        fingerprints=tuple(value for part in parts for value in part.fingerprints or ("",) * len(part.sources)),
    )


def load_class_vectors(folder: Path, sources: Sequence[str]) -> ClassVectors:
    """The named sources of ``folder`` (``<folder>/<source>.npz`` or ``.npy``), joined in sorted order of their names.

    A source named twice is joined twice, as one released command does. Raises SemanticsError for a missing file, and
    where no source is named.
    """
    if not sources:
        raise _no_source_named(folder)
    return concatenate([read_class_vectors(find_source(folder, source)) for source in sorted(sources)])


def find_source(folder: Path, source: str) -> Path:
    """The file of one source; raises SemanticsError that lists what the folder has."""
    for suffix in SUFFIXES:
        path = folder / f"{source}{suffix}"
        if path.is_file():
            return path
    if not folder.is_dir():
        raise SemanticsError(
            f"no folder {folder} with side information; expected {folder / source}.npy or .npz. "
            f"Point --semantics-root at the folder that holds one folder a data set{_how_to_build(folder, source)}"
        )
    known = _sources_in(folder)
    raise SemanticsError(
        f"no side information {source!r} in {folder}{did_you_mean(source, known)}; "
        f"the folder has {enumerate_names(known, limit=12) or 'no .npy or .npz file'}{_how_to_build(folder, source)}"
    )


def _sources_in(folder: Path) -> list[str]:
    return sorted({path.stem for path in folder.iterdir() if path.suffix in SUFFIXES}) if folder.is_dir() else []


def _no_source_named(folder: Path) -> SemanticsError:
    """The error that proposes what the folder has, else the command that builds a first source for it."""
    known = _sources_in(folder)
    if known:
        return SemanticsError(
            f"no side information was named for {folder.name!r}; {folder} has {enumerate_names(known, limit=12)}: "
            f"pass --semantics {known[0]}"
        )
    return SemanticsError(
        f"no side information is known for {folder.name!r}, and none is in {folder}. Build it, then pass --semantics "
        f"hieremb-path: {_build_command(folder, 'hieremb-path', '--measure path')}"
    )


def _how_to_build(folder: Path, source: str) -> str:
    """The command that makes a file of this name, where the name says what it holds; else an empty string."""
    measure = source.removeprefix("hieremb-")
    if measure in MEASURES:
        kind = f"--measure {measure}"
    elif source.startswith(_WORD_VECTORS):
        kind = "--word-vectors FILE"
    else:
        return ""
    return f". Build it: {_build_command(folder, source, kind)}"


def _build_command(folder: Path, source: str, kind: str) -> str:
    classes = f"--dataset {folder.name}" if folder.name in _BENCHMARKS else "--classes FILE"
    return f"pcmsn semantics build {classes} {kind} --out {folder / source}.npz"


def write_class_vectors(
    path: Path,
    names: Sequence[str],
    vectors: NDArray[Any],
    *,
    source: str = "",
    nodes: Sequence[str] | None = None,
) -> str:
    """Write ``names`` and ``vectors`` (C, S) as an .npz that ``read_class_vectors`` reads, and return its fingerprint.

    ``source`` says in words where the vectors come from, ``nodes`` (S,) what each column stands for. The file is
    written whole or not at all. Raises SemanticsError for vectors that could not be read back.
    """
    vectors = np.asarray(vectors)
    if vectors.dtype not in (np.float32, np.float64):
        vectors = vectors.astype(np.float64)
    ClassVectors(names=tuple(names), values=vectors.astype(np.float32), sources=(path.stem,))
    if nodes is not None and len(nodes) != vectors.shape[1]:
        raise SemanticsError(f"{path.stem}: {len(nodes)} nodes for vectors of {vectors.shape[1]} elements")
    return write_npz(path, names, vectors, source=source, nodes=nodes)
