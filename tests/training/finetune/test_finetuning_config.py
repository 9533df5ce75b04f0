"""Settings of a fine-tuning: presets, TOML and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from pcmsn.errors import ConfigError
from pcmsn.training.finetune.config import (
    FinetuneConfig,
    build_finetune_config,
    finetune_config_to_toml,
    finetune_presets,
)


def test_the_preset_default_is_the_defaults() -> None:
    assert build_finetune_config() == FinetuneConfig()
    assert finetune_presets() == ("best", "default", "released")


def test_the_preset_released_is_what_the_released_files_are() -> None:
    extractor = build_finetune_config(preset="released").extractor
    assert (extractor.shared, extractor.bottleneck, extractor.invert_sketches, extractor.statistics) == (
        False,
        512,
        True,
        "plain",
    )


def test_the_command_line_wins_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "f.toml"
    file.write_text('preset = "released"\n[schedule]\nepochs = 7\nseed = 3\n[extractor]\nstatistics = "imagenet"\n')
    config = build_finetune_config(file=file, overrides={"schedule": {"epochs": 9}})
    assert (config.schedule.epochs, config.schedule.seed) == (9, 3)
    assert (config.extractor.statistics, config.extractor.invert_sketches) == ("imagenet", True)
    written = tmp_path / "again.toml"
    written.write_text(finetune_config_to_toml(config))
    assert build_finetune_config(file=written) == config


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"schedule": {"epoch": 3}}, r"unknown setting schedule.epoch .did you mean 'epochs'\?"),
        ({"schedule": {"batch_size": 1}}, r"schedule.batch_size must be >= 2, got 1"),
        ({"schedule": {"held_out": 1.0}}, r"schedule.held_out must be in \[0, 1\), got 1.0"),
        ({"schedule": {"precision": "64"}}, r"schedule.precision must be 'auto' or '32' or"),
        ({"fitting": {"learning_rate": 0.0}}, r"fitting.learning_rate must be in \(0, 1\], got 0.0"),
        ({"fitting": {"head_factor": 0.0}}, r"fitting.head_factor must be > 0"),
        ({"fitting": {"clip": -1.0}}, r"fitting.clip must be >= 0, got -1.0"),
        ({"fitting": {"average_decay": 1.0}}, r"fitting.average_decay must be in \[0, 1\), got 1.0"),
        ({"trunk": {"frozen_share": 1.5}}, r"trunk.frozen_share must be in \[0, 1\], got 1.5"),
        ({"extractor": {"bottleneck": -1}}, r"extractor.bottleneck must be >= 0, got -1"),
        ({"extractor": {"modality": "sketches"}}, r"extractor.modality must be .*did you mean 'sketch'"),
        (
            {"extractor": {"shared": True, "modality": "photo"}},
            r"one network for both modalities, got modality 'photo'",
        ),
    ],
)
def test_what_can_not_be_is_refused(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_finetune_config(overrides=tables)


def test_a_preset_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text("preset = 5\n")
    with pytest.raises(ConfigError, match="preset must be a text, got 5"):
        build_finetune_config(file=tmp_path / "f.toml")


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"no preset 'relased' .did you mean 'released'\?.; there are 'best', 'default'"
    ):
        build_finetune_config(preset="relased")
