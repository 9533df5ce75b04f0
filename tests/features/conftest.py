"""Small pictures and a small network that the extraction and cache tests share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pcmsn.data.records import Pictures
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone


@pytest.fixture(scope="session")
def small_backbone() -> TinyBackbone:
    return TinyBackbone.untrained(0, TinyArchitecture(input_size=16, widths=(4, 8)))


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Pictures]:
    """Writes noise pictures under the given names into a folder and lists them."""

    def write(*names: str, folder: Path = tmp_path / "pictures") -> Pictures:
        for name in names:
            pixels = np.random.default_rng([ord(letter) for letter in name]).integers(0, 256, (20, 24, 3), np.uint8)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name)
        return Pictures("photo", folder, tuple(names), np.zeros(len(names), dtype=np.int64), ("cup",))

    return write
