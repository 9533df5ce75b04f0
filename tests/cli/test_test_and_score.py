"""What pcmsn test and pcmsn score show of binary codes, ties and intervals."""

from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import ConfigError
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import config_to_toml


def invoke(*arguments: str | Path) -> Result:
    environment = {"COLUMNS": "200", "TERM": "dumb"}
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def embeddings(tmp_path: Path) -> Path:
    """Five classes in eight dimensions, about as mixed as a trained model's."""
    random = np.random.default_rng(0)
    centres, labels = random.normal(size=(5, 8)), (np.arange(40) % 5, np.arange(200) % 5)
    sketch, photo = (centres[label] + random.normal(size=(len(label), 8)) for label in labels)
    target = tmp_path / "e.npz"
    np.savez(target, sketch_embedding=sketch, sketch_label=labels[0], photo_embedding=photo, photo_label=labels[1])
    return target


def test_a_run_is_tested_with_intervals_and_released_codes(
    tmp_path: Path, small_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.toml").write_text(config_to_toml(small_config))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PCMSN_CACHE", str(tmp_path / "cache"))
    assert invoke("train", "--config", "run.toml", "--out", "run", "--device", "cpu").exit_code == 0

    table = invoke("test", "--run", "run", "--device", "cpu", "--itq", "released", "--intervals").stdout
    assert "binary, 8 bits (released ITQ)" in table
    assert "released ITQ: fitted on the test sketches themselves, only for comparison with published numbers." in table
    assert "95% low" in table
    assert "chance: mAP@all about 0." in table
    assert "bootstrap over classes and the queries inside them, 2000 resamples." in table

    tested = json.loads(
        invoke("test", "--run", "run", "--device", "cpu", "--json", "--intervals", "--expand", "3").stdout
    )
    assert tested["itq"] == "training"
    part = tested["val+test"]
    assert part["expanded"]["codes"] == "real, expanded by 3"
    assert part["chance"] == pytest.approx(1 / part["classes"])
    assert set(part["expanded"]["intervals"]) == set(part["real"]["intervals"])
    low, high = part["real"]["intervals"]["mAP@all"]
    assert low <= part["real"]["mAP@all"] <= high
    assert part["binary_neutral"]["metrics"] == "neutral"
    neutral = json.loads(invoke("test", "--run", "run", "--device", "cpu", "--json", "--metrics", "neutral").stdout)
    assert neutral["val+test"]["binary"]["mAP@all"] == part["binary_neutral"]["mAP@all"]
    assert "intervals" not in neutral["val+test"]["binary"]
    assert "expanded" not in neutral["val+test"]


def test_codes_show_what_random_order_among_ties_would_score() -> None:
    from pcmsn.cli.tables import neutral_note
    from pcmsn.evaluation.scoring import score_code_families

    labels = np.array([0, 0, 1, 1])
    same = score_code_families(np.ones((4, 8), bool), labels, np.ones((4, 8), bool), labels)
    (note,) = neutral_note(same["sem-pcyc"], same["neutral"])
    assert note.startswith("binary with equal distances in random order (--metrics neutral): mAP@all 0.6")
    apart = np.repeat([[False], [True]], 2, axis=0).repeat(8, axis=1)
    found = score_code_families(apart, labels, apart, labels)
    assert found["sem-pcyc"].map_all == 1
    assert neutral_note(found["sem-pcyc"], found["neutral"]) == []


def test_score_gives_intervals_when_asked(embeddings: Path) -> None:
    plain = json.loads(invoke("score", embeddings, "--json").stdout)
    by_classes = json.loads(invoke("score", embeddings, "--json", "--intervals").stdout)
    by_queries = json.loads(invoke("score", embeddings, "--json", "--intervals", "--resample", "queries").stdout)
    assert {name: by_classes[name] for name in plain} == plain
    assert by_classes["intervals"]["resampled"] == "classes"
    assert by_queries["intervals"]["resampled"] == "queries"
    for name, value in list(plain.items())[:4]:
        for found in (by_classes, by_queries):
            low, high = found["intervals"][name]
            assert low <= value <= high
    again = json.loads(invoke("score", embeddings, "--json", "--intervals").stdout)
    assert again == by_classes
    table = invoke("score", embeddings, "--intervals", "--resample", "queries").stdout
    assert "95% intervals: percentile bootstrap over queries, of these classes, 2000 resamples." in table


def test_expanded_queries_are_scored_beside_plain_ones_and_named_transductive(embeddings: Path) -> None:
    plain = json.loads(invoke("score", embeddings, "--json").stdout)
    both = json.loads(invoke("score", embeddings, "--json", "--intervals", "--expand", "5").stdout)
    table = invoke("score", embeddings, "--expand", "5").stdout

    expanded = both["expanded"]
    assert {name: both[name] for name in plain} == plain
    assert expanded["mAP@all"] > plain["mAP@all"]
    low, high = expanded["intervals"]["mAP@all"]
    assert low <= expanded["mAP@all"] <= high
    assert "real, expanded by 5 (transductive)" in table


def test_codes_are_not_expanded(embeddings: Path) -> None:
    refused = invoke("score", embeddings, "--expand", "5", "--codes", "itq-released")

    assert refused.exit_code == 2
    assert "it expands real-valued queries; leave out --codes" in refused.output


def test_score_knows_the_neutral_family(embeddings: Path) -> None:
    neutral, paper = (
        json.loads(invoke("score", embeddings, "--json", "--metrics", name).stdout) for name in ("neutral", "sem-pcyc")
    )
    assert list(neutral.values())[:4] == pytest.approx(list(paper.values())[:4])


def test_score_refuses_a_device_that_is_not_here(embeddings: Path) -> None:
    with pytest.raises(ConfigError, match="--device abacus cannot be used here"):
        invoke("score", embeddings, "--device", "abacus")


def test_score_ranks_on_the_device_asked_for(embeddings: Path) -> None:
    on_torch = mock.patch("pcmsn.evaluation.device_products.torch.device", return_value=torch.device("cpu"))
    with on_torch as asked, mock.patch("pcmsn.device.pick_device", return_value="cuda:1"):
        there = invoke("score", embeddings, "--json", "--device", "cuda:1")
    asked.assert_called_with("cuda:1")
    assert json.loads(there.stdout) == json.loads(invoke("score", embeddings, "--json").stdout)
