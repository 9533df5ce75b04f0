"""A run of a fraction of a second, and its report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pcmsn.report.opening import ReportRequest
from pcmsn.training.config import RunConfig
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run


@pytest.fixture
def trained_run(tmp_path: Path, small_config: RunConfig) -> Path:
    """The run folder of the small configuration, three epochs."""
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    return tmp_path / "run"


@pytest.fixture
def request_for(tmp_path: Path) -> Callable[..., ReportRequest]:
    """``request_for(run, pictures=False)``: a request on the CPU with the test's own cache."""

    def make(run: Path, **options: Any) -> ReportRequest:
        return ReportRequest(run=run, cache=tmp_path / "cache", device="cpu", **options)

    return make
