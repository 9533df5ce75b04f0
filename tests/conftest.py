"""Small data that many tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pcmsn.data.layouts import folder, list_dataset
from pcmsn.data.records import Dataset

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder beside the repository with real data; tests that need it skip where it is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} with real pictures and published vectors is not here")
    return SHARED


def _write_pictures(root: Path, classes: dict[str, int], seed: int = 0, size: int = 24) -> Path:
    """A folder data set: each class is a colour, a picture of it that colour with noise; sketches are grey."""
    generator = np.random.default_rng(seed)
    for modality in ("sketch", "photo"):
        for number, (name, count) in enumerate(classes.items()):
            target = root / modality / name
            target.mkdir(parents=True)
            colour = np.array([(37 * number) % 200, (91 * number) % 200, (151 * number) % 200])
            for index in range(count):
                pixels = colour + generator.integers(0, 56, size=(size, size, 3))
                if modality == "sketch":
                    pixels = 255 - pixels
                Image.fromarray(pixels.astype(np.uint8)).save(target / f"{index:03d}.png")
    return root


WritePictures = Callable[..., Path]


@pytest.fixture
def write_pictures() -> WritePictures:
    """``write_pictures(root, {"ant": 3, "bee": 2})`` makes a folder data set and gives its root."""
    return _write_pictures


@pytest.fixture
def folder_dataset(tmp_path: Path) -> Callable[[dict[str, int]], Dataset]:
    """Makes and lists a folder data set with the given number of pictures a class."""

    def make(classes: dict[str, int]) -> Dataset:
        return list_dataset(folder(_write_pictures(tmp_path / "pictures", classes)))

    return make
