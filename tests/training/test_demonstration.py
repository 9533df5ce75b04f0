"""The demonstration's settings; the demonstration itself is run by ``make demo``."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcmsn.training.demonstration import EXTRACTOR, LENGTHS, demo_config
from pcmsn.training.split_dataset import resolved


@pytest.mark.parametrize("preset", LENGTHS)
def test_the_settings_are_the_same_wherever_the_command_is_given_so_that_its_runs_are_used_again(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = tmp_path / "demo"
    (demo / EXTRACTOR).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    beside = resolved(demo_config(Path("demo"), preset, 0))
    monkeypatch.chdir(demo)
    assert resolved(demo_config(demo, preset, 0)) == beside != resolved(demo_config(demo, preset, 1))
