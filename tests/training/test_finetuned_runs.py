"""Runs that fine-tune their extractor first: in their own folder, on seen classes, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pcmsn.errors import BackboneError, ConfigError
from pcmsn.features.backbones.composite import Joined, networks_below
from pcmsn.features.backbones.finetuned import FinetunedBackbone, read_trained_on
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config
from pcmsn.training.finetune import for_run
from pcmsn.training.finetune.for_run import finetuning_of
from pcmsn.training.preparation import open_extractors
from pcmsn.training.run_folder import RunFolder, RunRecord
from pcmsn.training.session import train_run
from pcmsn.training.split_dataset import open_split_dataset
from pcmsn.training.testing import assess_run
from pcmsn.training.trained_run import load_with_networks

FAST = """
[extractor]
shared = true
bottleneck = 6
[fitting]
learning_rate = 0.003
[schedule]
epochs = 2
batch_size = 8
held_out = 0.3
"""


@pytest.fixture
def config(small_settings: dict[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    monkeypatch.setattr("pcmsn.training.finetune.session.write_curves", lambda histories, path: path)
    (tmp_path / "fast.toml").write_text(FAST)
    backbone = {**small_settings["backbone"], "finetune": str(tmp_path / "fast.toml")}
    return build_config(preset="best-finetuned", overrides={**small_settings, "backbone": backbone})


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., RunRecord]:
    def run(config: RunConfig, **options: Any) -> RunRecord:
        return train_run(config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu", **options)

    return run


def test_the_fine_tuned_network_stands_beside_the_original_in_the_runs_folder(
    config: RunConfig, train: Callable[..., RunRecord], tmp_path: Path
) -> None:
    for name in ("gnu", "hen"):  # test classes are not even read
        for modality in ("sketch", "photo"):
            for path in (Path(config.data.dataset) / modality / name).iterdir():
                path.write_bytes(b"not a picture")
    record = train(config)
    learned = read_trained_on(tmp_path / "run" / "finetuned" / "shared")
    assert set(learned.classes) == {"ant", "bee", "cat", "dog"} and learned.best_epoch <= 2
    assert record.dims.sketch == 6 + 12 + 12 + 8 + (12 + 12 + 8)  # bottleneck and trunk's layers, then the original's
    _, extractors = load_with_networks(tmp_path / "run")
    assert isinstance(extractors.sketch, Joined) and extractors.sketch is extractors.photo
    assert [type(network) is FinetunedBackbone for network in networks_below(extractors.sketch)] == [True, False]


def test_a_finetuned_run_is_tested_like_any_other(
    config: RunConfig, train: Callable[..., RunRecord], tmp_path: Path
) -> None:
    train(config)
    found = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    assert [result.protocol for result in found.protocols] == ["val+test", "test"]


def test_a_run_finds_its_original_network_where_it_was_moved_to(
    config: RunConfig, train: Callable[..., RunRecord], tmp_path: Path
) -> None:
    train(config)
    (tmp_path / "network").rename(tmp_path / "moved")
    with pytest.raises(BackboneError):
        load_with_networks(tmp_path / "run")
    _, extractors = load_with_networks(tmp_path / "run", backbone=f"tiny:{tmp_path / 'moved'}")
    assert [type(network) is FinetunedBackbone for network in networks_below(extractors.sketch)] == [True, False]


def test_what_is_fine_tuned_is_used_again_and_another_seed_fine_tunes_anew(
    config: RunConfig, train: Callable[..., RunRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(config)
    monkeypatch.setattr(for_run, "finetune", lambda *_, **__: pytest.fail("fine-tuned again"))
    assert train(config).sketch_extractor == first.sketch_extractor
    monkeypatch.undo()
    monkeypatch.setattr("pcmsn.training.finetune.session.write_curves", lambda histories, path: path)
    other = train(replace(config, training=replace(config.training, seed=1)))
    assert other.sketch_extractor != first.sketch_extractor
    assert read_trained_on(tmp_path / "run" / "finetuned" / "shared").seed == 1


def test_fine_tuning_that_was_stopped_goes_on_with_the_same_command(
    config: RunConfig, train: Callable[..., RunRecord], tmp_path: Path
) -> None:
    def stop_in_the_second_epoch(stage: str, done: int, total: int, detail: str = "") -> None:
        if stage == "fine-tuning shared: epoch 2/2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, progress=stop_in_the_second_epoch)
    assert not RunFolder(tmp_path / "run").holds_a_run()
    stages: list[str] = []
    train(config, progress=lambda stage, *_: stages.append(stage))
    assert "fine-tuning shared: epoch 2/2" in stages and "fine-tuning shared: epoch 1/2" not in stages
    assert RunFolder(tmp_path / "run").holds_a_run()


def test_the_preset_says_how_and_the_run_says_on_what(small_settings: dict[str, dict[str, Any]]) -> None:
    config = build_config(preset="best-finetuned", overrides={**small_settings, "training": {"seed": 3}})
    wanted = finetuning_of(config)
    assert wanted.extractor.shared and wanted.schedule.epochs == 3 and wanted.schedule.seed == 3
    assert wanted.data.dataset == config.data.dataset and wanted.trunk.spec == config.backbone.spec
    with pytest.raises(ConfigError, match="no preset 'beste'"):
        finetuning_of(replace(config, backbone=replace(config.backbone, finetune="beste")))


def test_a_shared_network_is_refused_for_tiny_before_that_pair_is_trained(
    config: RunConfig, train: Callable[..., RunRecord], tmp_path: Path
) -> None:
    tiny = replace(config, backbone=replace(config.backbone, spec="tiny"))
    with pytest.raises(ConfigError, match="--backbone tiny is a network for each modality, .*train --finetune default"):
        train(tiny)
    assert not (tmp_path / "run" / "tiny").exists()


def test_ready_made_features_can_not_be_fine_tuned(config: RunConfig, tmp_path: Path) -> None:
    split_dataset = open_split_dataset(config)
    features = replace(config, backbone=replace(config.backbone, spec=f"features:{tmp_path}"))
    with pytest.raises(ConfigError, match="ready-made features .* cannot be fine-tuned; pass --backbone NETWORK"):
        open_extractors(features, split_dataset, tmp_path / "run")
