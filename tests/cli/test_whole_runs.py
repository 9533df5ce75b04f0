"""train, then --resume, then test, through the command line, on a data set that takes a second."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import config_to_toml

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, small_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    (tmp_path / "run.toml").write_text(config_to_toml(small_config))
    monkeypatch.chdir(tmp_path)
    environment = {"PCMSN_CACHE": str(tmp_path / "cache"), "COLUMNS": "200", "TERM": "dumb"}

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments), env=environment)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_a_run_is_trained_extended_and_tested(invoke: Invoke, tmp_path: Path) -> None:
    trained = invoke("train", "--config", "run.toml", "--out", "runs/one", "--device", "cpu")
    assert trained.exit_code == 0
    assert "of 3, validation mAP@all" in trained.stdout
    assert "test it with: pcmsn test --run runs/one" in trained.stdout
    assert "epoch 3/3" in trained.stderr and "epoch 3/3" not in trained.stdout

    longer = invoke("train", "--resume", "--out", "runs/one", "--epochs", "4", "--device", "cpu", "--json")
    assert json.loads(longer.stdout)["epochs"] == 4

    table = invoke("test", "--run", "runs/one", "--device", "cpu", "--grid", "g.png", "--embeddings", "e.npz").stdout
    assert "val+test, 4 unseen classes" in table and "test, 2 unseen classes" in table
    assert "binary, 8 bits (ITQ)" in table
    assert "strict: nothing was chosen on these classes" in table

    tested = json.loads(invoke("test", "--run", "runs/one", "--device", "cpu", "--metrics", "sake", "--json").stdout)
    assert tested["metrics"] == "sake"
    assert tested["test"]["real"]["queries"] == 12

    forms = ("--generalized", "sem-pcyc", "--generalized", "pcmsn")
    table = invoke("test", "--run", "runs/one", "--device", "cpu", *forms).stdout
    assert "generalized-sem-pcyc, 4 unseen classes" in table
    assert "generalized-pcmsn: all photos of the seen classes are in the gallery, too" in table

    scored = json.loads(invoke("score", "e.npz", "--metrics", "sake", "--json").stdout)
    assert scored["mAP@all"] == pytest.approx(tested["val+test"]["real"]["mAP@all"])
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")


def test_untrained_features_are_scored_beside_chance(invoke: Invoke, small_config: RunConfig) -> None:
    source = ["--dataset", small_config.data.dataset, "--split", small_config.data.split]
    arguments = ["baseline", *source, "--backbone", small_config.backbone.spec, "--device", "cpu"]
    both, strict = json.loads(invoke(*arguments, "--json").stdout)
    assert (both["protocol"], strict["protocol"]) == ("val+test", "test")
    assert both["chance"] == pytest.approx(0.25)
    assert list(both["rows"]) == [
        "features, cosine",
        "standardised features, cosine",
        "standardised, 12 bits (ITQ)",
    ]
    assert "chance: mAP@all about 0.2500" in invoke(*arguments).stdout


def test_every_table_says_when_classes_of_the_split_are_missing(invoke: Invoke, small_config: RunConfig) -> None:
    split = Path(small_config.data.split)
    split.write_text(split.read_text().replace('"dog"', '"dog", "emu"'))
    source = ["--dataset", small_config.data.dataset, "--split", str(split), "--allow-missing-classes"]
    result = invoke("baseline", *source, "--backbone", small_config.backbone.spec, "--device", "cpu")
    assert result.stdout.count("1 of the 9 classes of split zoo are not in the data ('emu')") == 2


def test_ctrl_c_says_how_to_go_on(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pcmsn.training.session.train_run", interrupted)
    result = invoke("train", "--config", "run.toml", "--out", "runs/one")
    assert result.exit_code == 130
    assert "the same command goes on with what is there" in result.stderr
    Path("runs/one").mkdir(parents=True)
    Path("runs/one/run.json").write_text("{}")
    result = invoke("train", "--config", "run.toml", "--out", "runs/one", "--overwrite")
    assert result.exit_code == 130
    assert "Continue with: pcmsn train --resume --out runs/one" in result.stderr
