"""The benchmarks as downloaded, drawn once for all tests of preparing; tests that change them take a copy."""

from pathlib import Path

import pytest
from benchmark_downloads import quickdraw_downloads, sketchy_downloads, tu_berlin_downloads


@pytest.fixture(scope="session")
def sketchy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sketchy_downloads(tmp_path_factory.mktemp("sketchy"))


@pytest.fixture(scope="session")
def small_sketchy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten classes: 20 sketches, 10 original photos, 20 photos of the extension, 18 pictures of variants."""
    classes = ("airplane", "ant", "bear", "bell", "cat", "hot_air_balloon", "jack_o_lantern", "mouse", "tank", "tree")
    return sketchy_downloads(tmp_path_factory.mktemp("small"), classes)


@pytest.fixture(scope="session")
def tu_berlin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tu_berlin_downloads(tmp_path_factory.mktemp("tu-berlin"))


@pytest.fixture(scope="session")
def quickdraw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quickdraw_downloads(tmp_path_factory.mktemp("quickdraw"))
