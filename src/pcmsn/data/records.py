"""The records that every other part works on: the pictures of one modality, and a data set of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import DataError, did_you_mean, enumerate_names

Modality = Literal["sketch", "photo"]


@dataclass(frozen=True, eq=False)
class Pictures:
    """The picture files of one modality with their classes, in a fixed order.

    Kept in columns (names and integer labels), so that hundreds of thousands of pictures stay small.
    """

    modality: Modality
    """Which side of the retrieval task the pictures are on."""
    folder: Path
    """The folder that ``names`` are relative to."""
    names: tuple[str, ...]
    """File names relative to ``folder`` with forward slashes, for example ``cup/ext_12.jpg``."""
    labels: NDArray[np.int64]
    """(N,) positions of the pictures' classes in ``classes``."""
    classes: tuple[str, ...]
    """Class names; sorted when the pictures were listed from a folder."""

    def __post_init__(self) -> None:
        if self.labels.shape != (len(self.names),):
            raise DataError(
                f"{len(self.names)} {self.modality} names with labels of shape {self.labels.shape}; "
                "expected one label a name"
            )

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path:
        """The file of one picture."""
        return self.folder / self.names[index]

    def class_name(self, index: int) -> str:
        """The class of one picture."""
        return self.classes[int(self.labels[index])]

    def counts(self) -> dict[str, int]:
        """Number of pictures of each class, empty classes included."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return {name: int(count) for name, count in zip(self.classes, counts, strict=True)}

    def select(self, indices: Sequence[int] | NDArray[np.int64]) -> Pictures:
        """The pictures at ``indices``, in that order, with the same classes."""
        indices = np.asarray(indices, dtype=np.int64)
        return replace(self, names=tuple(self.names[i] for i in indices), labels=self.labels[indices])

    def joined(self, other: Pictures) -> Pictures:
        """These pictures, then the other's, over both class lists in that order.

        Raises DataError for pictures of another folder or modality, and for a class that both have.
        """
        if (self.folder, self.modality) != (other.folder, other.modality):
            raise DataError(
                f"{self.modality} pictures of {self.folder} cannot be joined with {other.modality} pictures of "
                f"{other.folder}; expected one modality and folder"
            )
        both = sorted(set(self.classes) & set(other.classes))
        if both:
            raise DataError(
                f"{self.modality} pictures of {self.folder} cannot be joined: {enumerate_names(both)} in both parts"
            )
        return replace(
            self,
            names=self.names + other.names,
            labels=np.concatenate([self.labels, other.labels + len(self.classes)]),
            classes=self.classes + other.classes,
        )

    def of_classes(self, classes: Iterable[str]) -> Pictures:
        """The pictures of the given classes, relabelled by position in ``classes``; order of pictures is kept.

        Raises DataError for a class that these pictures do not have.
        """
        classes = tuple(classes)
        position = {name: index for index, name in enumerate(classes)}
        for name in classes:
            if name not in self.classes:
                hint = did_you_mean(name, self.classes)
                raise DataError(f"no class {name!r} among the {len(self.classes)} {self.modality} classes{hint}")
        new_label = np.array([position.get(name, -1) for name in self.classes], dtype=np.int64)
        labels = new_label[self.labels]
        keep = np.flatnonzero(labels >= 0)
        return replace(self, names=tuple(self.names[i] for i in keep), labels=labels[keep], classes=classes)


@dataclass(frozen=True, eq=False)
class Dataset:
    """The sketches and photos of one data set, both over the same classes in the same order."""

    name: str
    """As shown in tables, for example ``Sketchy``."""
    sketches: Pictures
    photos: Pictures
    notes: tuple[str, ...] = ()
    """Sentences that belong under every table of scores on this data set."""

    def __post_init__(self) -> None:
        if self.sketches.classes != self.photos.classes:
            raise DataError(f"{self.name}: sketches and photos have different class lists")

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order that labels count in."""
        return self.sketches.classes

    def of_classes(self, classes: Iterable[str]) -> Dataset:
        """The part of the data set that belongs to the given classes, relabelled by position in ``classes``."""
        classes = tuple(classes)
        return replace(self, sketches=self.sketches.of_classes(classes), photos=self.photos.of_classes(classes))
