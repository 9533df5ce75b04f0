"""All pictures of a data set in columns, so that hundreds of thousands of them stay small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.inventory import ClassFolder, Place


@dataclass(frozen=True, eq=False)
class PlaceListing:
    """A place with its class folders."""

    place: Place
    folders: tuple[ClassFolder, ...]

    @property
    def exists(self) -> bool:
        """Whether the place's folder is there."""
        return self.place.folder.is_dir()

    @property
    def pictures(self) -> int:
        """The number of pictures in all class folders."""
        return sum(len(folder.pictures) for folder in self.folders)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The pictures of all places, one after the other; N in all."""

    listings: tuple[PlaceListing, ...]
    class_names: tuple[str, ...]
    """The names of all class folders, sorted."""
    place: NDArray[np.int16]
    """(N,) positions in ``listings``."""
    label: NDArray[np.int32]
    """(N,) positions in ``class_names``."""
    names: tuple[str, ...]
    """N file names, without their folders."""

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path:
        """The file of one picture."""
        folder = self.listings[int(self.place[index])].place.folder
        return folder / self.class_names[int(self.label[index])] / self.names[index]

    def in_row(self, indices: Sequence[int] | NDArray[np.int64], row: str) -> NDArray[np.int64]:
        """Those of ``indices`` whose pictures are in the place with this row: sketches, photos or original photos."""
        indices = np.asarray(indices, dtype=np.int64)
        places = [number for number, listing in enumerate(self.listings) if listing.place.row == row]
        return indices[np.isin(self.place[indices], places)]

    def class_sizes(self, row: str) -> NDArray[np.int64]:
        """(len(class_names),) numbers of pictures of each class in the place with this row."""
        indices = self.in_row(np.arange(len(self)), row)
        return np.bincount(self.label[indices], minlength=len(self.class_names))


def catalogue_of(listings: Sequence[PlaceListing]) -> Catalogue:
    """The catalogue of all pictures in the class folders of ``listings``."""
    class_names = tuple(sorted({folder.name for listing in listings for folder in listing.folders}))
    position = {name: index for index, name in enumerate(class_names)}
    sizes: list[int] = []
    places: list[int] = []
    labels: list[int] = []
    names: list[str] = []
    for number, listing in enumerate(listings):
        for folder in listing.folders:
            sizes.append(len(folder.pictures))
            places.append(number)
            labels.append(position[folder.name])
            names += folder.pictures
    return Catalogue(
        tuple(listings),
        class_names,
        place=np.repeat(np.array(places, dtype=np.int16), sizes),
        label=np.repeat(np.array(labels, dtype=np.int32), sizes),
        names=tuple(names),
    )
