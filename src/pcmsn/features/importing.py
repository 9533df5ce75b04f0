"""Features as others keep them, brought into the one form that ``--backbone features:FOLDER`` reads.

======================  =============================================================================================
a feature file          as ``pcmsn features extract`` writes it, alone or as a folder of parts
``.npz``                features or feats, feat, x, embeddings; names or paths, files, filenames; labels or classes
``.npy``                (N, D) features, with a text file of N names
======================  =============================================================================================

A name ends in ``<class>/<file>``, or the class comes from the labels. Nothing pickled is read.
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.records import Modality
from pcmsn.errors import DataError, enumerate_names
from pcmsn.features.export import MANIFEST, part_files
from pcmsn.features.feature_file import FeatureFile, InMemory, write_feature_file
from pcmsn.files import read_text
from pcmsn.semantics.near_words import letters_of

# Names of arrays, in the order in which they are looked for.
FEATURES = ("features", "feats", "feat", "x", "embeddings")
NAMES = ("names", "paths", "files", "filenames", "name", "path", "filename")
LABELS = ("labels", "label", "classes", "class_names", "y")


@dataclass(frozen=True, kw_only=True)
class Given:
    """Where one modality's features, and what goes with them, are."""

    features: Path
    names: Path | None = None
    """A text file with one name a line, in the features' order."""
    labels: Path | None = None
    """A text file with one class name a line, in the features' order."""


@dataclass(frozen=True, eq=False)
class Imported:
    """What was brought in."""

    path: Path
    rows: int
    feature_dim: int
    classes: tuple[str, ...]
    """Class names as they were found, sorted."""
    fingerprint: str

    def only_here(self, other: Imported) -> list[str]:
        """Classes that the other modality does not have, but for the spelling of their names."""
        known = {letters_of(name) for name in other.classes}
        return [name for name in self.classes if letters_of(name) not in known]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "path": str(self.path), "classes": list(self.classes)}


@dataclass(frozen=True, eq=False)
class _Found:
    """What a file holds, before it is checked."""

    features: NDArray[Any]
    names: Sequence[str] | None
    labels: Sequence[str] | None
    source: str
    seen_classes: tuple[str, ...] = ()


def import_pair(sketches: Given, photos: Given, folder: Path, *, overwrite: bool = False) -> dict[Modality, Imported]:
    """Read, check and write both modalities' features, as ``sketch.npz`` and ``photo.npz`` in a folder.

    Raises DataError for what cannot be read or used; nothing is written then.
    """
    sides: dict[Modality, Given] = {"sketch": sketches, "photo": photos}
    targets = {modality: folder / f"{modality}.npz" for modality in sides}
    there = [str(path) for path in targets.values() if path.exists()]
    if there and not overwrite:
        raise DataError(f"{' and '.join(there)} already there; pass --overwrite to replace them, or another --out")
    ready = {modality: _checked(given) for modality, given in sides.items()}
    return {modality: _write(found, targets[modality]) for modality, found in ready.items()}


def _checked(given: Given) -> _Found:
    """One modality's features, ready to be written.

    Raises DataError for files that cannot be read, lengths that differ, values that are not finite, and names that
    have no class or occur twice.
    """
    found = _read(given.features)
    if given.names is not None:
        found = replace(found, names=_lines(given.names))
    if given.labels is not None:
        found = replace(found, labels=_lines(given.labels))
    features = _checked_features(found.features, given.features)
    return replace(found, features=features, names=_names_with_classes(found, given.features, len(features)))


def _write(found: _Found, target: Path) -> Imported:
    """Write one modality's checked features whole, and say what was brought in."""
    names, features = found.names or (), found.features
    content = InMemory(names, features)
    fingerprint = write_feature_file(target, [content], source=found.source, seen_classes=found.seen_classes)
    classes = tuple(sorted({name.split("/", 1)[0] for name in names}))
    return Imported(target, len(features), features.shape[1], classes, fingerprint)


def _read(path: Path) -> _Found:
    """What a file or a folder of parts holds. Raises DataError where it cannot be read."""
    if path.is_dir():
        return _read_parts(path)
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return _Found(loaded, None, None, path.name)
        with loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path} with features") from error
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise DataError(
            f"{path} cannot be read as .npz or .npy: it is damaged, of another format, or holds pickled objects "
            f"({error}); save plain arrays with numpy.savez"
        ) from error
    return _read_arrays(arrays, path)


def _read_parts(folder: Path) -> _Found:
    """A folder that ``pcmsn features extract`` wrote part by part."""
    files = [FeatureFile(path) for path in part_files(folder)]
    if not files or not (folder / MANIFEST).is_file():
        raise DataError(
            f"{folder} holds no finished features: expected {MANIFEST}, as pcmsn features extract writes it"
        )
    names = [str(name) for file in files for name in file.names]
    features = np.concatenate([file.features for file in files])
    return _Found(features, names, None, files[0].source, files[0].seen_classes)


def _read_arrays(arrays: dict[str, NDArray[Any]], path: Path) -> _Found:
    by_name = {name.casefold(): array for name, array in arrays.items()}
    features = _first(by_name, FEATURES)
    if features is None:
        raise DataError(
            f"{path} has no features: expected an array {' or '.join(FEATURES)}, it has "
            f"{enumerate_names(arrays) or 'none'}"
        )
    source, seen = by_name.get("source"), by_name.get("seen_classes")
    return _Found(
        features=features,
        names=_texts(_first(by_name, NAMES)),
        labels=_label_names(by_name, len(features) if features.ndim else 0),
        source=str(source) if source is not None and source.shape == () else path.name,
        seen_classes=tuple(_texts(seen) or ()),
    )


def _first(by_name: dict[str, NDArray[Any]], spellings: Sequence[str]) -> NDArray[Any] | None:
    """The array under the first of several names that is there."""
    return next((by_name[name] for name in spellings if name in by_name), None)


def _texts(array: NDArray[Any] | None) -> list[str] | None:
    """The strings of a one-dimensional array of text or bytes; None for any other."""
    if array is None or array.ndim != 1 or array.dtype.kind not in "US":
        return None
    return [item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in array]


def _label_names(by_name: dict[str, NDArray[Any]], rows: int) -> list[str] | None:
    """A class name a row: from text, or from numbers that count in a list of classes; None where there is neither."""
    present = [by_name[name] for name in LABELS if name in by_name]
    texts = [found for found in map(_texts, present) if found is not None]
    numbers = next((array for array in present if array.ndim == 1 and array.dtype.kind in "iu"), None)
    for names in texts:
        if len(names) == rows:
            return names
        if numbers is not None and len(numbers) == rows and rows and 0 <= numbers.min() <= numbers.max() < len(names):
            return [names[number] for number in numbers]
    return None


def _lines(path: Path) -> list[str]:
    """The lines of a text file that are not blank, stripped. Raises DataError."""
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text with one name a line: {error}") from error
    return [line.strip() for line in lines if line.strip()]


def _checked_features(features: NDArray[Any], path: Path) -> NDArray[np.float32]:
    """(N, D) features in float32. Raises DataError for another shape or type, and for values that are not finite."""
    if features.ndim != 2 or 0 in features.shape or features.dtype.kind not in "fiu":
        raise DataError(
            f"{path} has features of shape {features.shape} and type {features.dtype}; expected (N, D) numbers, one "
            "row a picture"
        )
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(features, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise DataError(
            f"{path} has {len(bad)} rows with values that are not finite in float32, the first is row {bad[0]}; leave "
            "these pictures out, or compute them again"
        )
    return values


def _names_with_classes(found: _Found, path: Path, rows: int) -> list[str]:
    """``<class>/<file>`` for each row. Raises DataError."""
    if found.names is None:
        raise DataError(
            f"{path} has no names: expected an array {', '.join(NAMES[:4])}, or a text file with one name a line: "
            "--sketch-names or --photo-names"
        )
    for what, texts in (("names", found.names), ("labels", found.labels)):
        if texts is not None and len(texts) != rows:
            raise DataError(f"{path}: {rows} rows of features, but {len(texts)} {what}; expected one a row")
    paths = [PurePosixPath(name.replace("\\", "/")) for name in found.names]
    if found.labels is not None:
        odd = sorted({label for label in found.labels if not label or "/" in label})
        if odd:
            raise DataError(f"{path}: {enumerate_names(odd)} cannot be the name of a class: it is empty or has a slash")
        names = [f"{label}/{name.name}" for label, name in zip(found.labels, paths, strict=True)]
    else:
        bare = [str(name) for name in paths if not name.parent.name]
        if bare:
            raise DataError(
                f"{path}: {len(bare)} names have no class: {enumerate_names(bare)}; expected <class>/<file>, an array "
                "labels, or a text file with one class a line: --sketch-labels or --photo-labels"
            )
        names = [f"{name.parent.name}/{name.name}" for name in paths]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(
            f"{path}: {len(twice)} names occur more than once: {enumerate_names(twice)}; each picture needs one "
            "row, and only the class and the file's own name count"
        )
    return names
