"""What ``pip install pcmsn`` brings is enough for people with photos; other commands say what they need.

The modules of the extra ``train`` are hidden from a process of its own; ``.ci/run`` does the same in an environment
that truly lacks them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pcmsn.cli.app import TRAIN_MODULES
from pcmsn.training.config import RunConfig
from pcmsn.training.exporting.export import export_run
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run

HIDING = f"""
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(TRAIN_MODULES)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
from pcmsn.cli.app import main
main()
"""


def light(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """``pcmsn`` in a process that lacks the modules of the extra ``train``."""
    return subprocess.run(
        [sys.executable, "-c", HIDING, *map(str, arguments)], check=False, capture_output=True, text=True
    )


def test_photos_are_indexed_and_found(small_config: RunConfig, tmp_path: Path) -> None:
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    export_run(tmp_path / "run", tmp_path / "model")
    gallery = tmp_path / "p.gallery"
    indexed = light("index", tmp_path / "zoo" / "photo", "--model", tmp_path / "model", "--gallery", gallery)
    assert indexed.returncode == 0 and "48 added" in indexed.stdout, indexed.stderr
    sketch = next((tmp_path / "zoo" / "sketch").rglob("*.png"))
    found = light("search", sketch, "--gallery", gallery, "-k", "3", "--save", tmp_path / "found.png")
    assert found.returncode == 0 and len(found.stdout.splitlines()) == 4, found.stderr
    assert (tmp_path / "found.png").is_file()


@pytest.mark.parametrize("command", ["train", "test --run r", "report --run r", "compare a b", "finetune", "demo"])
def test_a_command_that_needs_more_says_how_to_get_it(command: str, tmp_path: Path) -> None:
    done = light(*command.split())
    assert done.returncode == 1
    assert "needs the extra 'train' (not installed: " in done.stderr and "pip install 'pcmsn[train]'" in done.stderr


@pytest.mark.parametrize("command", ["", "find", "index", "search", "serve", "train", "data check"])
def test_help_needs_nothing_more(command: str) -> None:
    assert light(*command.split(), "--help").returncode == 0


def test_the_models_that_come_with_the_package_are_listed() -> None:
    done = light("models", "--json")
    assert done.returncode == 0, done.stderr
    everyday = next(model for model in json.loads(done.stdout) if model["name"] == "everyday")
    assert everyday["dim"] == 64 and everyday["megabytes"] <= 15 and Path(everyday["card"]).is_file()
    assert "everyday: 64 numbers per picture" in light("models").stdout
