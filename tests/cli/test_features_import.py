from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import CheckpointError, ConfigError, EvaluationError, PcmsnError
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import config_to_toml

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, small_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs a command in a folder with ``run.toml``: eight classes in ``zoo``, a tiny network in ``network``."""
    (tmp_path / "run.toml").write_text(config_to_toml(small_config))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        environment = {"PCMSN_CACHE": str(tmp_path / "cache"), "COLUMNS": "200", "TERM": "dumb"}
        result = CliRunner().invoke(app, list(arguments), env=environment)
        if isinstance(result.exception, PcmsnError):
            raise result.exception
        assert result.exception is None, result.exception
        return result

    return run


def scores(invoke: Invoke, run: str) -> object:
    """All that is tested of a run, without its title, notes and times."""
    tested = json.loads(invoke("test", "--run", run, "--device", "cpu", "--json").stdout)
    return _without({"run", "notes", "seconds_per_query"}, tested)


def _without(names: set[str], value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {name: _without(names, inner) for name, inner in value.items() if name not in names}


def test_training_on_imported_features_is_training_on_the_pictures(
    invoke: Invoke, small_config: RunConfig, tmp_path: Path
) -> None:
    """Extracted, put into another order, imported: the same weights to the bit and the same scores."""
    zoo = Path(small_config.data.dataset)
    invoke("train", "--config", "run.toml", "--out", "pictures", "--device", "cpu")
    expected = scores(invoke, "pictures")
    extract = ("features", "extract", "--backbone", small_config.backbone.spec, "--device", "cpu")
    for side in ("sketch", "photo"):
        invoke(*extract, "--dataset", str(zoo), "--modality", side, "--out", f"{side}.npz")
    with np.load("photo.npz") as archive:
        order = np.random.default_rng(0).permutation(len(archive["names"]))
        np.save("photo.npy", archive["features"][order])
        Path("photo.txt").write_text("\n".join(f"far/away/{archive['names'][row]}" for row in order))
    arguments = ("--sketches", "sketch.npz", "--photos", "photo.npy", "--photo-names", "photo.txt", "--out", "ready")
    told = invoke("features", "import", *arguments).stdout
    assert "photo: 48 features of 12 values, 8 classes, fingerprint" in told
    assert "train with: pcmsn train --backbone features:ready --dataset NAME" in told

    zoo.rename(tmp_path / "moved")
    config = replace(
        small_config,
        backbone=replace(small_config.backbone, spec="features:ready"),
        data=replace(small_config.data, dataset="zoo"),
    )
    Path("ready.toml").write_text(config_to_toml(config))
    invoke("train", "--config", "ready.toml", "--out", "features", "--device", "cpu")
    for name in ("model.safetensors", "state.safetensors"):
        first, second = load_file(f"pictures/{name}"), load_file(f"features/{name}")
        assert first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)
    assert scores(invoke, "features") == expected

    record = json.loads(Path("features/run.json").read_text())
    with np.load("ready/photo.npz") as archive:
        assert record["photo_extractor"]["fingerprint"] == str(archive["fingerprint"])
    table = invoke("test", "--run", "features", "--device", "cpu").stdout
    assert "Ready-made features. Sketches: network, extractor" in table
    source = ("--dataset", "zoo", "--split", small_config.data.split, "--backbone", "features:ready")
    assert json.loads(invoke("baseline", *source, "--device", "cpu", "--json").stdout)[0]["chance"] == pytest.approx(
        0.25
    )

    with pytest.raises(
        EvaluationError, match=r"g.png cannot be drawn: no picture is on disk, for example .*zoo/sketch/"
    ):
        invoke("test", "--run", "features", "--device", "cpu", "--grid", "g.png")
    with np.load("photo.npz") as archive:
        np.savez("other.npz", names=archive["names"], features=archive["features"] + 1)
    invoke("features", "import", "--sketches", "sketch.npz", "--photos", "other.npz", "--out", "other")
    with pytest.raises(CheckpointError, match=r"was trained on photo features of ready-made features ready/photo.npz"):
        invoke("test", "--run", "features", "--device", "cpu", "--backbone", "features:other")


def test_classes_of_one_side_are_told_and_json_has_all(invoke: Invoke) -> None:
    np.savez("s.npz", names=["ant/1.png", "bee/1.png"], features=np.eye(2))
    np.savez("p.npz", names=["Ant/1.png", "cat/1.png"], features=np.eye(2))
    told = invoke("features", "import", "--sketches", "s.npz", "--photos", "p.npz", "--out", "out").stdout
    assert "only sketch features have bee" in told and "only photo features have cat" in told
    arguments = ("--sketches", "s.npz", "--photos", "p.npz", "--out", "out", "--overwrite", "--json")
    found = json.loads(invoke("features", "import", *arguments).stdout)
    assert found["photo"]["classes"] == ["Ant", "cat"] and found["sketch"]["feature_dim"] == 2


def test_file_lists_and_ready_made_features_do_not_go_together(invoke: Invoke) -> None:
    with pytest.raises(ConfigError, match="--file-list names pictures on disk, --backbone features:out features"):
        invoke("baseline", "--backbone", "features:out", "--file-list", "lists")
