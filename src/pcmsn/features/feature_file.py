"""Features with names in one ``.npz``: what ``pcmsn features`` writes and reads.

======================  ==============================================================================
``names`` (N,)          one name a row, ``<class>/<file>`` for a data set
``features`` (N, D)     float32
``source`` ()           what computed the features, in words
``seen_classes`` (K,)   the classes that a fine-tuned extractor learned from; empty where it is not known
``fingerprint`` ()      hash of names and features
``format`` ()           version of this format
======================  ==============================================================================

An extraction also has ``inputs`` (), a hash of the files that were tried, and its parts ``unreadable`` (K, 2),
name and reason of each that was skipped. Files are read and written in pieces, so that no size is too large.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.atomic import atomic_path
from pcmsn.errors import DataError

FORMAT = 1
"""Written into every file; a file of another format is refused."""

_ROWS_AT_A_TIME = 4096
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes

Names = NDArray[np.str_]
Values = NDArray[np.float32]


class NamedFeatures(Protocol):
    """Names with features, in memory or in a file."""

    @property
    def names(self) -> Names:
        """(N,) names."""

    @property
    def features(self) -> Values:
        """(N, D) features."""


class InMemory:
    """Names with features in memory."""

    def __init__(self, names: Sequence[str] | Names, features: Values) -> None:
        self.names: Names = np.array(names, dtype=np.str_)
        """(N,) names."""
        self.features = features
        """(N, D) features."""


class FeatureFile:
    """A feature file on disk; nothing is kept in memory, and every attribute is read when it is asked for.

    Raises DataError for a file that is missing, damaged or of another kind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        version = self._read("format") if self._has("format") else None
        if version is None or str(version) != str(FORMAT):
            raise DataError(
                f"{path} is no feature file of format {FORMAT}: its format is {version}; bring the features in with "
                "pcmsn features import"
            )

    @property
    def names(self) -> Names:
        """(N,) names."""
        return self._read("names")

    @property
    def features(self) -> Values:
        """(N, D) features."""
        values: Values = self._read("features")
        return values

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D), without reading the features."""
        with _opened(self.path) as archive, archive.zip.open("features.npy") as entry:
            np.lib.format.read_magic(entry)
            rows, dim = np.lib.format.read_array_header_1_0(entry)[0]
        return rows, dim

    @property
    def source(self) -> str:
        """What computed the features."""
        return str(self._read("source"))

    @property
    def seen_classes(self) -> tuple[str, ...]:
        """The classes that a fine-tuned extractor learned from."""
        return tuple(str(name) for name in self._read("seen_classes"))

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change with every name and every value."""
        return str(self._read("fingerprint"))

    @property
    def inputs(self) -> str:
        """Hash of the files that were tried; empty unless this is a part of a larger extraction."""
        return str(self._read("inputs")) if self._has("inputs") else ""

    @property
    def unreadable(self) -> list[tuple[str, str]]:
        """Name and reason of each file that was skipped, for a part; empty for any other file."""
        return [(str(name), str(reason)) for name, reason in self._read("unreadable")] if self.inputs else []

    def checked(self) -> InMemory:
        """Names and features in memory. Raises DataError when they are not those that the file was written with."""
        content = InMemory(self.names, self.features)
        digest = _Digest()
        digest.add(content)
        if digest.fingerprint() != self.fingerprint:
            raise DataError(f"{self.path} has changed since it was written; extract or import its features again")
        return content

    def _has(self, name: str) -> bool:
        with _opened(self.path) as archive:
            return name in archive.files

    def _read(self, name: str) -> NDArray[Any]:
        with _opened(self.path) as archive:
            array: NDArray[Any] = archive[name]
            return array


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The open archive. Raises DataError for a file that is missing, damaged or of another kind."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise DataError(f"{path} is a single array; bring it in with its names: pcmsn features import")
        with loaded:
            yield loaded
    except FileNotFoundError as error:
        raise DataError(f"there is no feature file {path}; pcmsn features extract or import makes one") from error
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise DataError(f"{path} is damaged or no feature file: {error}; extract or import it again") from error


def write_feature_file(
    path: Path,
    parts: Sequence[NamedFeatures],
    *,
    source: str,
    seen_classes: Sequence[str] = (),
    inputs: str = "",
    unreadable: Sequence[tuple[str, str]] = (),
) -> str:
    """Write the parts one after another as one file, whole or not at all, and return its fingerprint.

    One part is in memory at a time. Raises DataError for parts of different lengths of feature, and when the disk does
    not take the file.
    """
    extra: dict[str, NDArray[Any]] = {
        "source": np.array(source),
        "seen_classes": np.array(list(seen_classes), dtype=np.str_),
        "format": np.array(FORMAT),
    }
    if inputs:
        extra["inputs"] = np.array(inputs)
        extra["unreadable"] = np.array(list(unreadable), dtype=np.str_).reshape(-1, 2)
    try:
        with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            return _write(archive, parts, extra)
    except OSError as error:
        raise DataError(
            f"features cannot be written to {path}: {error.strerror or error}; free some space or pass another --out"
        ) from error


def _write(archive: zipfile.ZipFile, parts: Sequence[NamedFeatures], extra: Mapping[str, NDArray[Any]]) -> str:
    """Write all names, then all features, then the other arrays, and return the fingerprint."""
    width, rows = 1, 0
    for part in parts:
        names = part.names
        width, rows = max(width, names.dtype.itemsize // 4), rows + len(names)
    names_type, digest, dims = np.dtype(f"<U{width}"), _Digest(), set()
    with _array(archive, "names", names_type, (rows,), zipfile.ZIP_DEFLATED) as write:
        for part in parts:
            names = part.names
            digest.add_names(names)
            for start in range(0, len(names), _ROWS_AT_A_TIME):
                write(names[start : start + _ROWS_AT_A_TIME].astype(names_type))
    first = parts[0].features.shape[1] if parts else 0
    with _array(archive, "features", np.dtype("<f4"), (rows, first), zipfile.ZIP_STORED) as write:
        for part in parts:
            features = part.features
            dims.add(features.shape[1])
            if len(dims) > 1:
                raise DataError(f"features of different lengths cannot be in one file: {sorted(dims)}")
            digest.add_features(features)
            for start in range(0, len(features), _ROWS_AT_A_TIME):
                write(features[start : start + _ROWS_AT_A_TIME].astype("<f4"))
    fingerprint = digest.fingerprint()
    for name, array in {**extra, "fingerprint": np.array(fingerprint)}.items():
        with _array(archive, name, array.dtype, array.shape, zipfile.ZIP_DEFLATED) as write:
            write(array)
    return fingerprint


@contextmanager
def _array(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], compression: int
) -> Iterator[Callable[[NDArray[Any]], object]]:
    """A function that takes an array's rows piece by piece."""
    about = zipfile.ZipInfo(f"{name}.npy", _LONG_AGO)
    about.compress_type = compression
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with archive.open(about, "w", force_zip64=True) as entry:
        file: IO[bytes] = entry
        np.lib.format.write_array_header_1_0(file, header)
        yield lambda rows: file.write(np.ascontiguousarray(rows).tobytes())


class _Digest:
    """The fingerprint of names and features that come in pieces."""

    def __init__(self) -> None:
        self._names, self._features = hashlib.sha256(), hashlib.sha256()
        self._shape = [0, 0]

    def add(self, part: NamedFeatures) -> None:
        self.add_names(part.names)
        self.add_features(part.features)

    def add_names(self, names: Names) -> None:
        for name in names:
            self._names.update(str(name).encode("utf-8", "surrogatepass") + b"\x1f")

    def add_features(self, features: Values) -> None:
        self._shape = [self._shape[0] + len(features), features.shape[1]]
        self._features.update(np.ascontiguousarray(features, dtype="<f4").data)

    def fingerprint(self) -> str:
        described = [FORMAT, self._shape, self._names.hexdigest(), self._features.hexdigest()]
        return hashlib.sha256(json.dumps(described).encode()).hexdigest()
