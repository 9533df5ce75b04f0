"""Scores of features without a trained model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pcmsn.errors import ConfigError
from pcmsn.training.baseline import assess_features
from pcmsn.training.config import RunConfig


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ({"spec": "tiny"}, "--backbone tiny is trained by a run"),
        ({"finetune": "best"}, "is fine-tuned by a run and can"),
    ],
)
def test_extractors_that_only_a_run_makes_are_refused(
    small_config: RunConfig, tmp_path: Path, backbone: dict[str, str], message: str
) -> None:
    config = replace(small_config, backbone=replace(small_config.backbone, **backbone))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message):
        assess_features(config, family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
