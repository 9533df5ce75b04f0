"""Small data that many tests share."""

from __future__ import annotations

import os

# Small tensors gain nothing from threads, and threads that wait for each other stall a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pcmsn.data.layouts import folder, list_dataset
from pcmsn.data.records import Dataset
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyNetwork, save_tiny
from pcmsn.seeding import seeded_torch
from pcmsn.semantics.vectors import write_class_vectors
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config

SHARED = Path(__file__).parents[2] / "shared"
CLASSES = dict.fromkeys(("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen"), 6)
WritePictures = Callable[..., Path]


@pytest.fixture(scope="module")  # Playwright's event loop stays in the thread: it must be gone before other modules run
def headless_browser() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="tests in a browser need playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("tests in a browser need chromium, and it is not installed here")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


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


@pytest.fixture
def small_settings(tmp_path: Path, write_pictures: WritePictures) -> dict[str, dict[str, Any]]:
    """Eight coloured classes, a random tiny network and three short epochs, as settings on top of any preset."""
    pictures = write_pictures(tmp_path / "zoo", CLASSES)
    generator = np.random.default_rng(0)
    write_class_vectors(tmp_path / "semantics" / "zoo" / "random.npz", list(CLASSES), generator.normal(size=(8, 10)))
    with seeded_torch(0, "test"):
        save_tiny(TinyNetwork(TinyArchitecture(input_size=32, widths=(4, 8, 12))), tmp_path / "network")
    split = tmp_path / "zoo.toml"
    split.write_text('train = ["ant", "bee", "cat", "dog"]\nval = ["elk", "fox"]\ntest = ["gnu", "hen"]\n')
    return {
        "data": {"dataset": str(pictures), "split": str(split)},
        "semantics": {"root": str(tmp_path / "semantics"), "sources": ["random"]},
        "backbone": {"spec": f"tiny:{tmp_path / 'network'}"},
        "model": {"dim": 8, "hidden": 16},
        "training": {"epochs": 3, "batch_size": 8, "batches_per_epoch": 4},
    }


@pytest.fixture
def small_config(small_settings: dict[str, dict[str, Any]]) -> RunConfig:
    """Preset ``paper`` with the small settings."""
    return build_config(preset="paper", overrides=small_settings)
