"""``pcmsn compare`` as a user types it: methods side by side, published figures apart, two runs query by query."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.cli.compare_tables import spread_text
from pcmsn.errors import ConfigError
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import config_to_toml
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.runner import Outcome, Report
from pcmsn.training.experiments.tables import Spread
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, small_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """``invoke("--methods", "raw")`` on the small data, with the jobs in this process."""
    (tmp_path / "small.toml").write_text(config_to_toml(small_config))

    def run(
        jobs: list[Job], function: Callable[[Job], dict[str, Any]], *, progress: Callable[[Report], None], **_: object
    ) -> Outcome:
        results: dict[str, dict[str, Any]] = {}
        for job in jobs:
            results[job.name] = json.loads(json.dumps(function(job)))
            progress(Report(job, "done", len(results), len(jobs), results[job.name]))
        return Outcome(results)

    monkeypatch.setattr("pcmsn.training.methods.comparing.comparison.run_jobs", run)

    def call(*arguments: str | Path, columns: int = 120) -> Result:
        line = ["compare", *map(str, arguments), "--cache", str(tmp_path / "cache"), "--device", "cpu"]
        return CliRunner().invoke(app, line, env={"COLUMNS": str(columns), "TERM": "dumb"})

    return call


def of_small(tmp_path: Path, *more: str) -> list[str]:
    return ["--config", str(tmp_path / "small.toml"), "--out", str(tmp_path / "out"), *more]


@pytest.mark.parametrize("columns", [80, 120])
def test_every_row_says_method_backbone_dimensions_and_protocol(invoke: Invoke, tmp_path: Path, columns: int) -> None:
    result = invoke(*of_small(tmp_path, "--methods", "raw,cca", "--seeds", "0,1"), columns=columns)
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    for part in ("raw features", "CCA", "network, 12-d, val+test", "network, 3-d, test", "mAP@all", "P@200"):
        assert part in text
    assert "zoo, split zoo · val+test · sem-pcyc metrics · 2 seeds" in text
    assert "No codes, since embeddings are shorter than 64: raw features (12-d), CCA (3-d)." in text
    assert max(len(line) for line in result.stdout.splitlines()) <= columns
    assert "2 of 4: raw, seed 1, val+test mAP@all" in result.stderr


def test_the_comparison_is_one_json_object_with_published_figures_apart(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke(*of_small(tmp_path, "--methods", "raw", "--seeds", "0", "--json", "--published"))
    content = json.loads(result.stdout)
    assert [(row["method"], row["protocol"]) for row in content["rows"]] == [("raw", "val+test"), ("raw", "test")]
    assert content["published"] == []
    assert (tmp_path / "out" / "comparison.json").is_file()


def test_published_figures_are_never_in_a_table_with_ours(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pcmsn.training.methods.comparing.published import published_figures

    monkeypatch.setattr(
        "pcmsn.training.methods.comparing.published.published_figures", lambda _: published_figures("Sketchy")
    )
    shown = invoke(*of_small(tmp_path, "--methods", "raw", "--seeds", "0", "--published"), columns=200).stdout
    ours, *published = shown.split("Published on zoo, ")
    assert "PCMSN (IEEE TIP 2020)" not in ours
    assert len(published) == len(published_figures("Sketchy"))
    assert published[0].startswith("SEM-PCYC's protocol · split sem-pcyc, val+test · metrics sem-pcyc")
    assert all(figure in published[0] for figure in (".523", ".616", ".506", ".349"))
    assert "SAKE" in published[1] and "PCMSN" not in published[1]
    assert "raw features" not in "".join(published)


def test_a_data_set_without_published_figures_is_said(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke(*of_small(tmp_path, "--methods", "raw", "--seeds", "0", "--published"))
    assert "No published figures are recorded on zoo." in result.stdout


def test_a_method_that_fails_is_named_and_the_others_are_shown(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(jobs: list[Job], function: Callable[[Job], dict[str, Any]], **_: object) -> Outcome:
        return Outcome({jobs[0].name: function(jobs[0])}, {jobs[1].name: "it broke"})

    monkeypatch.setattr("pcmsn.training.methods.comparing.comparison.run_jobs", run)
    result = invoke(*of_small(tmp_path, "--methods", "raw,cca", "--seeds", "0"))
    assert result.exit_code == 1
    assert "raw features" in result.stdout and "CCA" not in result.stdout
    assert "cca, seed 0 has failed: it broke" in result.stderr


def test_unknown_methods_and_seeds_are_refused(invoke: Invoke, tmp_path: Path) -> None:
    for arguments, text in (
        (("--methods", "raw,tripplet"), "no method 'tripplet' .did you mean 'triplet'"),
        (("--methods", "raw", "--seeds", "0,x"), "--seeds must be different numbers"),
    ):
        error = invoke(*of_small(tmp_path, *arguments)).exception
        assert isinstance(error, ConfigError)
        with pytest.raises(ConfigError, match=text):
            raise error


@pytest.fixture
def two_runs(tmp_path: Path, small_config: RunConfig) -> tuple[Path, Path]:
    for seed in (0, 1):
        config = replace(small_config, training=replace(small_config.training, seed=seed, epochs=1))
        train_run(config, RunFolder(tmp_path / f"run{seed}"), cache=tmp_path / "cache", device="cpu")
    return tmp_path / "run0", tmp_path / "run1"


@pytest.mark.parametrize("columns", [80, 120])
def test_two_runs_are_shown_with_difference_intervals_and_p_values(
    invoke: Invoke, two_runs: tuple[Path, Path], columns: int
) -> None:
    result = invoke(*two_runs, columns=columns)
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "val+test: 4 unseen classes, 24 queries, 24 photos · sem-pcyc metrics" in text
    for part in ("A - B", "interval over classes", "p over queries", "queries on which A / B is ahead", "seed 1"):
        assert part in text
    assert max(len(line) for line in result.stdout.splitlines()) <= columns


def test_two_runs_as_json(invoke: Invoke, two_runs: tuple[Path, Path]) -> None:
    content = json.loads(invoke(*two_runs, "--json").stdout)
    first = content["comparisons"][0]
    assert first["difference"] == pytest.approx(first["map_a"] - first["map_b"])
    assert 0 < first["by_classes"]["p_value"] <= 1
    assert first["by_classes"]["interval"]["low"] <= first["by_classes"]["interval"]["high"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("a",), "takes two run folders, or none to compare methods; got 1"),
        (("a", "b", "--epochs", "3", "--methods", "raw"), "got training.epochs, --methods too"),
        (("a", "b", "--published"), "got --published too"),
    ],
)
def test_what_does_not_go_with_two_runs_is_refused(invoke: Invoke, arguments: tuple[str, ...], text: str) -> None:
    error = invoke(*arguments).exception
    assert isinstance(error, ConfigError) and text in str(error)


def test_spreads_are_short_and_left_out_where_seeds_do_not_count() -> None:
    assert spread_text(Spread((0.2, 0.4))) == ".300±.141"
    assert spread_text(Spread((0.25, 0.25))) == ".250"
    assert spread_text(Spread((1.0,))) == "1.000"


def test_the_help_names_every_method() -> None:
    from pcmsn.training.methods import method_names

    shown = CliRunner().invoke(app, ["compare", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0
    assert ", ".join(method_names()) in " ".join(shown.output.replace("│", " ").split())
