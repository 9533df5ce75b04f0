"""finetune through the command line: alone, continued, in two processes, and then train on what it made."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import BackboneError, CheckpointError, ConfigError
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import config_to_toml

FAST = ("--epochs", "2", "--batch-size", "8", "--bottleneck", "6", "--learning-rate", "0.003", "--device", "cpu")
Invoke = Callable[..., Result]


@pytest.fixture
def source(tmp_path: Path, small_config: RunConfig) -> list[str]:
    """The small run's data and network as options."""
    (tmp_path / "run.toml").write_text(config_to_toml(small_config))
    data = small_config.data
    return ["--dataset", data.dataset, "--split", data.split, "--backbone", small_config.backbone.spec]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(tmp_path)
    environment = {"PCMSN_CACHE": str(tmp_path / "cache"), "COLUMNS": "200", "TERM": "dumb"}

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments), env=environment)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_extractors_are_made_and_trained_on(invoke: Invoke, source: list[str], tmp_path: Path) -> None:
    made = invoke("finetune", *source, *FAST)
    assert made.exit_code == 0
    lines = made.stdout.splitlines()
    assert lines[0].startswith("sketch: epoch ") and lines[1].startswith("photo: epoch ")
    assert lines[2] == "learning curves: extractors/zoo-network-0/curves.png"
    assert lines[3] == "train with:     pcmsn train --backbone finetuned:extractors/zoo-network-0"
    assert "sketch: epoch 2/2  loss" in made.stderr and "pictures/s" in made.stderr
    assert (tmp_path / "extractors" / "zoo-network-0" / "curves.png").read_bytes().startswith(b"\x89PNG")

    backbone = ("--backbone", "finetuned:extractors/zoo-network-0")
    trained = invoke("train", "--config", "run.toml", *backbone, "--out", "runs/one", "--device", "cpu")
    assert trained.exit_code == 0 and "test it with" in trained.stdout
    record = json.loads((tmp_path / "runs" / "one" / "run.json").read_text())
    assert record["dims"]["sketch"] == 6 and record["photo_extractor"]["name"] == "network (fine-tuned)"
    assert f'spec = "finetuned:{tmp_path}' in (tmp_path / "runs" / "one" / "config.toml").read_text()

    other = tmp_path / "other.toml"
    other.write_text('train = ["elk", "bee", "cat", "dog"]\nval = ["ant", "fox"]\ntest = ["gnu", "hen"]\n')
    with pytest.raises(BackboneError, match=r"keeps unseen \('ant'\)"):
        invoke("train", "--config", "run.toml", *backbone, "--split", str(other), "--out", "runs/two")


def test_one_side_says_how_the_other_is_made(invoke: Invoke, source: list[str]) -> None:
    made = invoke("finetune", *source, *FAST, "--modality", "photo", "--out", "mine")
    assert made.stdout.splitlines()[-1] == (
        "the other side: pcmsn finetune --modality sketch --out mine, with the same other options"
    )
    found = json.loads(invoke("finetune", *source, *FAST, "--modality", "sketch", "--out", "mine", "--json").stdout)
    assert found["out"] == "mine" and list(found["networks"]) == ["sketch"]
    about = found["networks"]["sketch"]
    assert (about["epochs"], about["classes"], about["pictures"], about["unreadable"]) == (2, 4, 20, 0)
    assert found["curves"] == "mine/curves.png" and found["released"] == []
    with pytest.raises(CheckpointError, match="mine already holds sketch and photo; continue with --resume"):
        invoke("finetune", *source, *FAST, "--out", "mine")


def test_resuming_takes_no_other_settings(invoke: Invoke, source: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="--resume needs --out with the folder of the fine-tuning to continue"):
        invoke("finetune", "--resume")
    with pytest.raises(
        ConfigError, match=r"--resume continues mine as it was configured, got schedule.epochs, --preset too; leave"
    ):
        invoke("finetune", "--resume", "--out", "mine", "--epochs", "3", "--preset", "released")
    with pytest.raises(ConfigError, match=r"got --print-config too; leave"):
        invoke("finetune", "--resume", "--out", "mine", "--print-config")
    invoke("finetune", *source, *FAST, "--out", "mine")
    resumed = invoke("finetune", "--resume", "--out", "mine", "--device", "cpu")
    assert resumed.stdout.splitlines()[-1] == "train with:     pcmsn train --backbone finetuned:mine"


def test_ctrl_c_says_how_to_go_on(invoke: Invoke, source: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pcmsn.training.finetune.session.finetune", interrupted)
    result = invoke("finetune", *source, "--out", "mine")
    assert result.exit_code == 130
    assert "Continue with: pcmsn finetune --resume --out mine" in result.stderr


def test_the_configuration_is_printed_as_toml_that_is_read_back(invoke: Invoke, tmp_path: Path) -> None:
    printed = invoke("finetune", "--preset", "released", "--input-size", "160", "--shared", "--print-config").stdout
    (tmp_path / "f.toml").write_text(printed)
    assert invoke("finetune", "--config", "f.toml", "--print-config").stdout == printed
    assert 'statistics = "plain"' in printed and "input_size = 160" in printed and "shared = true" in printed


def test_two_processes_give_the_result_of_one(source: list[str], tmp_path: Path) -> None:
    """Launched as a user does it, in 32 bits: of bf16's 8, sums in another order leave too few to compare.

    The trunk's batch statistics stay, because each process would have its own.
    """
    options = [*source, *FAST, "--modality", "photo", "--batch-norm", "frozen", "--validate-retrieval"]
    options += ["--precision", "32"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    (tmp_path / "zoo" / "photo" / "bee" / "003.png").write_bytes(b"not a picture")

    def run(name: str, *more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pcmsn", "finetune", *options, "--out", str(tmp_path / name), *more]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    both = run("both", "--devices", "2")
    assert both.returncode == 0, both.stderr
    assert both.stdout.count("photo: epoch") == 1  # one process speaks
    assert both.stderr.count("epoch 2/2") == 1
    alone = CliRunner().invoke(app, ["finetune", *options, "--out", str(tmp_path / "alone")])
    assert alone.exit_code == 0
    first, second = (load_file(tmp_path / name / "photo" / "model.safetensors") for name in ("alone", "both"))
    for name, tensor in first.items():
        torch.testing.assert_close(second[name], tensor, atol=2e-5, rtol=1e-4)
    one, two = (json.loads((tmp_path / name / "photo" / "extractor.json").read_text()) for name in ("alone", "both"))
    assert one["trained_on"] == two["trained_on"] and one["trained_on"]["unreadable"] == 1
    measured = []
    for name in ("alone", "both"):
        with (tmp_path / name / "photo" / "history.csv").open(encoding="utf-8", newline="") as file:
            measured.append([float(row["validation_mAP@all"]) for row in csv.DictReader(file)])
    assert measured[0] == pytest.approx(measured[1], abs=0.02) and len(measured[0]) == 2
    shutil.rmtree(tmp_path / "both")
