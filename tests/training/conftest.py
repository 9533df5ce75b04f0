"""A fine-tuning that takes a fraction of a second, for the tests that need one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pcmsn.training.config import RunConfig
from pcmsn.training.finetune.config import FinetuneConfig, build_finetune_config
from pcmsn.training.finetune.session import FinetuneResult, Hardware, finetune

FAST: dict[str, dict[str, Any]] = {
    "extractor": {"bottleneck": 6},
    "fitting": {"learning_rate": 0.003},
    "schedule": {"epochs": 3, "batch_size": 8, "held_out": 0.3, "precision": "32"},  # auto differs from CPU to CPU
}


@pytest.fixture
def finetune_config(small_config: RunConfig) -> Callable[..., FinetuneConfig]:
    """``finetune_config(schedule={"epochs": 2})``: the small run's classes and network, three epochs, other values."""
    base = {
        "data": {"dataset": small_config.data.dataset, "split": small_config.data.split},
        "trunk": {"spec": small_config.backbone.spec},
    }

    def make(**tables: dict[str, Any]) -> FinetuneConfig:
        names = {*base, *FAST, *tables}
        merged = {name: {**base.get(name, {}), **FAST.get(name, {}), **tables.get(name, {})} for name in names}
        return build_finetune_config(overrides=merged)

    return make


@pytest.fixture
def run_finetune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FinetuneResult]:
    """``run_finetune(config, "name")`` trains into ``tmp_path/name`` on the CPU, without the picture of the curves."""
    monkeypatch.setattr("pcmsn.training.finetune.session.write_curves", lambda histories, path: path)

    def run(config: FinetuneConfig | None, name: str = "extractors", **options: Any) -> FinetuneResult:
        return finetune(config, tmp_path / name, hardware=Hardware(device="cpu"), **options)

    return run
