"""Features that were computed before, by this package or by others: a source of features without a network.

A folder with ``sketch.npz`` and ``photo.npz`` is both: the features, and, by their names ``<class>/<file>``, the data
set that is trained and tested on. No picture needs to be there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.class_names import find_class_name, known_class_names
from pcmsn.data.layouts import Layout
from pcmsn.data.records import Dataset, Modality, Pictures
from pcmsn.data.splits import Split
from pcmsn.errors import BackboneError, DataError, did_you_mean, enumerate_names
from pcmsn.features.backbones.base import Sources
from pcmsn.features.backbones.finetuned import leaked_classes
from pcmsn.features.feature_file import FeatureFile

READY_MADE = "features"
"""What ``--backbone features:FOLDER`` starts with."""


@dataclass(frozen=True, eq=False)
class StoredFeatures:
    """Features of named pictures that are there already: a source without a network."""

    name: str
    """As shown in tables and messages."""
    features: NDArray[np.float32]
    """(N, D)."""
    rows: Mapping[str, int]
    """Name of a picture -> its row."""
    fingerprint: str
    """Of the file."""
    transform_key: str = ""
    """No picture is prepared."""

    @property
    def feature_dim(self) -> int:
        """Length D of a feature."""
        return int(self.features.shape[1])

    def of(self, pictures: Pictures) -> NDArray[np.float32]:
        """The (N, D) features of N pictures, in their order. Raises DataError for a picture that has none."""
        missing = [name for name in pictures.names if name not in self.rows]
        if missing:
            raise DataError(
                f"{self.name}: no features of {len(missing)} {pictures.modality} pictures: {enumerate_names(missing)}"
            )
        return self.features[np.array([self.rows[name] for name in pictures.names], dtype=np.int64)]


def ready_made_folder(spec: str) -> Path | None:
    """The folder of ``features:FOLDER``; None for any other backbone."""
    kind, colon, place = spec.partition(":")
    return Path(place).expanduser() if kind == READY_MADE and colon and place else None


def list_ready_made(folder: Path, layout: Layout) -> Dataset:
    """The data set that the names of ready-made features describe, classes and files in sorted order.

    Classes of the benchmarks get their prepared names; ``layout`` says what the data set is called and where its
    pictures would be, which is looked at by nothing but the picture of results.
    Raises DataError for classes that a benchmark does not have, and for classes that one modality lacks.
    """
    sketch, photo = _open(folder, "sketch"), _open(folder, "photo")
    sketches = _pictures(sketch, "sketch", layout.sketches, layout.name)
    photos = _pictures(photo, "photo", layout.photos, layout.name)
    _check_same_classes(folder, sketches.classes, photos.classes)
    note = f"Ready-made features. Sketches: {sketch.source}. Photos: {photo.source}."
    return Dataset(name=layout.name, sketches=sketches, photos=photos, notes=(note,))


def load_ready_made(folder: Path, dataset_name: str, split: Split) -> Sources[StoredFeatures]:
    """The features of a folder, to be looked up by the names that ``list_ready_made`` gives.

    Raises DataError for missing or changed files, BackboneError if the extractor that computed them was fine-tuned on a
    class that the split keeps unseen.
    """
    return Sources(
        sketch=_load(folder, "sketch", dataset_name, split),
        photo=_load(folder, "photo", dataset_name, split),
    )


def _open(folder: Path, modality: Modality) -> FeatureFile:
    path = folder / f"{modality}.npz"
    if not path.is_file():
        raise DataError(
            f"no ready-made {modality} features: expected {path}, as pcmsn features import --out {folder} writes it"
        )
    return FeatureFile(path)


def _load(folder: Path, modality: Modality, dataset_name: str, split: Split) -> StoredFeatures:
    file = _open(folder, modality)
    name = f"ready-made features {folder.resolve().name}/{file.path.name}"
    _refuse_leaks(name, file.seen_classes, split)
    rows = {picture: row for row, picture in enumerate(_prepared(file, modality, dataset_name))}
    return StoredFeatures(name, file.checked().features, rows, file.fingerprint)


def _prepared(file: FeatureFile, modality: Modality, dataset_name: str) -> list[str]:
    """The stored names with the classes' prepared names, in the file's order. Raises DataError."""
    path, known = file.path, known_class_names(dataset_name)
    names = [PurePosixPath(str(name)) for name in file.names]
    bare = [str(name) for name in names if len(name.parts) != 2]
    if bare:
        raise DataError(
            f"{path} has names that are not <class>/<file>: {enumerate_names(bare)}; pcmsn features import makes them "
            "so, from longer paths or from labels"
        )
    classes = {name.parts[0]: name.parts[0] for name in names}
    if known:
        found = {name: find_class_name(dataset_name, name, modality) for name in classes}
        unknown = sorted(name for name, prepared in found.items() if prepared is None)
        if unknown:
            raise DataError(
                f"{path} has classes that {dataset_name} does not have: "
                f"{', '.join(repr(name) + did_you_mean(name, known) for name in unknown[:5])}; pass the --dataset that "
                "the features are of"
            )
        classes = {name: prepared for name, prepared in found.items() if prepared is not None}
    prepared = [f"{classes[name.parts[0]]}/{name.parts[1]}" for name in names]
    twice = sorted(name for name, count in Counter(prepared).items() if count > 1)
    if twice:
        raise DataError(f"{path} has several rows for one picture: {enumerate_names(twice)}; give each its own name")
    return prepared


def _pictures(file: FeatureFile, modality: Modality, root: Path, dataset_name: str) -> Pictures:
    ordered = sorted(tuple(name.split("/", 1)) for name in _prepared(file, modality, dataset_name))
    classes = tuple(sorted({class_name for class_name, _ in ordered}))
    position = {name: index for index, name in enumerate(classes)}
    labels = np.array([position[class_name] for class_name, _ in ordered], dtype=np.int64)
    return Pictures(modality, root, tuple("/".join(name) for name in ordered), labels, classes)


def _check_same_classes(folder: Path, sketch: tuple[str, ...], photo: tuple[str, ...]) -> None:
    if sketch == photo:
        return
    sides = (("sketch.npz", sorted(set(sketch) - set(photo))), ("photo.npz", sorted(set(photo) - set(sketch))))
    only = [f"{len(names)} only in {file} ({enumerate_names(names)})" for file, names in sides if names]
    raise DataError(f"{folder}: classes {' and '.join(only)}; import features of the same classes for both sides")


def _refuse_leaks(name: str, seen: tuple[str, ...], split: Split) -> None:
    leaked = leaked_classes(seen, split)
    if leaked:
        raise BackboneError(
            f"{name}: the extractor that computed them has seen {len(leaked)} classes that the split {split.name!r} "
            f"keeps unseen ({enumerate_names(leaked)}); pass the split that it was fine-tuned on, or other features"
        )
