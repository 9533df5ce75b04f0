"""``pcmsn ablate`` as a user types it; the runs themselves are made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import PcmsnError
from pcmsn.training.config import RunConfig
from pcmsn.training.experiments import ablation
from pcmsn.training.experiments.ablation_tables import PARTS, RECIPE
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.runner import Outcome, Report

ROWS = [[row.name for row in table.rows] for table in (PARTS, RECIPE)]
Fake = Callable[..., Outcome]


def scores(value: float) -> dict[str, Any]:
    names = ("mAP@all", "mAP@200", "P@100", "P@200")
    return {
        protocol: {kind: dict.fromkeys(names, value) for kind in ("real", "binary")}
        for protocol in ("val+test", "test")
    }


def made_up(job: Job) -> dict[str, Any]:
    """Rows rise by 0.01 but the full one, which is below all; seeds differ by 0.001."""
    row = job.name.split(", seed")[0]
    place = next(names.index(row) for names in ROWS if row in names)
    value = 0.3 + (0.01 * place if place < 7 else -0.1) + 0.001 * job.seed
    return {
        "scores": scores(value),
        "validation_mAP@all": [0.9, value / 2],
        "best_epoch": 2,
        "epochs": job.settings.config.training.epochs,
        "seconds_per_epoch": 0.5,
    }


@pytest.fixture
def jobs_run(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that a command asked for; their results are made up."""
    seen: list[Job] = []

    def run_jobs(jobs: Sequence[Job], function: object, *, progress: Callable[[Report], None], **_: object) -> Outcome:
        outcome = Outcome()
        for count, job in enumerate(jobs, start=1):
            seen.append(job)
            outcome.results[job.name] = made_up(job)
            progress(Report(job, "done", count, len(jobs), outcome.results[job.name]))
        return outcome

    monkeypatch.setattr(ablation, "run_jobs", run_jobs)
    return seen


@pytest.fixture
def ablate(small_config: RunConfig, tmp_path: Path) -> Callable[..., Result]:
    def invoke(*arguments: str, columns: int = 200) -> Result:
        data, backbone = small_config.data, small_config.backbone
        given = ["--dataset", data.dataset, "--split", data.split, "--backbone", backbone.spec]
        given += ["--semantics-root", small_config.semantics.root, "--semantics", "random"]
        given += ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), "--device", "cpu"]
        return CliRunner().invoke(app, ["ablate", *given, *arguments], env={"COLUMNS": str(columns), "TERM": "dumb"})

    return invoke


def test_the_table_has_eight_rows_with_the_papers_numbers_and_says_where_its_order_fails(
    ablate: Callable[..., Result], jobs_run: list[Job]
) -> None:
    result = ablate()
    assert result.exit_code == 0, result.output
    assert len(jobs_run) == 24
    assert {job.settings.config.training.epochs for job in jobs_run} == {8}
    lines = {row.name: next(line for line in result.stdout.splitlines() if row.name in line) for row in PARTS.rows}
    assert "0.301 ± 0.001" in lines["single step"] and "0.327 0.244" in lines["single step"]
    assert "> 1: yes" in lines["unshared decoders"]
    assert "> 7: no" in lines["full (cmt + cross rec)"] and "0.201 ± 0.001" in lines["full (cmt + cross rec)"]
    assert "compare orders, not values" in result.stdout
    assert "24 of 24: full (cmt + cross rec), seed 2, val+test mAP@all 0.2020 (best epoch 2 of 8" in result.stderr


@pytest.mark.parametrize("columns", [80, 120])
def test_no_cell_of_the_table_is_cut_short(ablate: Callable[..., Result], jobs_run: list[Job], columns: int) -> None:
    output = ablate(columns=columns).stdout
    assert "…" not in output
    assert max(len(line) for line in output.splitlines()) <= columns


def test_json_and_the_written_files_hold_every_run(
    ablate: Callable[..., Result], jobs_run: list[Job], tmp_path: Path
) -> None:
    result = ablate("--json", "--seeds", "4,7", "--epochs", "3")
    content = json.loads(result.stdout)
    assert (content["table"], content["seeds"], content["epochs"]) == ("parts", [4, 7], 3)
    assert content["rows"][7]["order"] == "no"
    assert content["rows"][0]["mAP@all"]["test"]["values"] == [pytest.approx(0.304), pytest.approx(0.307)]
    assert json.loads((tmp_path / "out" / "parts.json").read_text()) == content
    assert len((tmp_path / "out" / "parts.csv").read_text().splitlines()) == 1 + 16


def test_one_seed_has_no_spread_and_the_note_says_so(ablate: Callable[..., Result], jobs_run: list[Job]) -> None:
    output = ablate("--seeds", "0").stdout
    assert "1 seed" in output and "±" not in output
    assert "one seed, so no spread is known" in output
    assert "> 1: yes*" in output


def test_runs_that_fail_are_told_of_and_the_command_ends_with_1(
    ablate: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ablation, "run_jobs", lambda jobs, *_, **__: Outcome({}, {job.name: "no memory" for job in jobs})
    )
    result = ablate("--seeds", "0")
    assert result.exit_code == 1
    assert "single step, seed 0 has failed: no memory" in result.stderr
    assert result.stdout.count("failed") == 16


def test_an_interrupted_table_says_how_to_go_on(ablate: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(ablation, "run_jobs", stopped)
    result = ablate()
    assert result.exit_code == 130
    assert "stopped; 0 finished runs are in" in result.stderr and "The same command continues" in result.stderr


def test_missing_side_information_is_named_with_the_command_that_builds_it(ablate: Callable[..., Result]) -> None:
    result = ablate("--table", "semantics")
    assert isinstance(result.exception, PcmsnError)
    assert str(result.exception).count("pcmsn semantics build") == 4


def test_seeds_that_are_none_are_refused(ablate: Callable[..., Result]) -> None:
    assert "like 0,1,2; got 'a'" in str(ablate("--seeds", "a").exception)


def test_the_recipes_table_is_of_preset_best_and_says_which_part_adds_nothing(
    ablate: Callable[..., Result], jobs_run: list[Job]
) -> None:
    result = ablate("--table", "recipe", "--seeds", "0,1")
    assert result.exit_code == 0, result.output
    config = jobs_run[0].settings.config
    assert (config.preset, config.model.kind, config.training.epochs) == ("best", "branches", 12)
    assert "Preset best, less one part a row" in result.stdout and "fine-tuned VGG16" not in result.stdout
    lines = {
        row.name: next(line for line in result.stdout.splitlines() if f" {row.name} " in line) for row in RECIPE.rows
    }
    assert "< 1" not in lines["best"]
    assert "< 1: no " in lines["without contrastive loss"]  # the made-up scores rise from row to row
    assert "< 1: yes" in lines["without standardisation"]
    assert "0.150 ± 0.000 0.300 ± 0.001" in " ".join(lines["best"].replace("│", " ").split())
    assert "the means on validation;" in " ".join(result.stdout.split())


OWN = """
title = "Trials"
preset = "best"
epochs = 3

[[rows]]
name = "single step"

[[rows]]
name = "unshared decoders"
below = "single step"
loss.temperature = 0.05
"""


def test_a_table_of_ones_own_is_trained_and_named_by_its_file(
    ablate: Callable[..., Result], jobs_run: list[Job], tmp_path: Path
) -> None:
    file = tmp_path / "trials.toml"
    file.write_text(OWN)
    result = ablate("--table", str(file), "--seeds", "0,1")
    assert result.exit_code == 0, result.output
    configs = [job.settings.config for job in jobs_run]
    assert [config.loss.temperature for config in configs] == [0.1, 0.05, 0.1, 0.05]
    assert {(config.preset, config.training.epochs) for config in configs} == {("best", 3)}
    assert "Trials" in result.stdout and "< 1: no" in result.stdout
    assert "validation mAP@all 0.1500 (best epoch 2 of 3" in result.stderr and "val+test mAP@all" not in result.stderr
    assert (tmp_path / "out" / "trials.json").exists()


def test_unknown_tables_are_refused(ablate: Callable[..., Result]) -> None:
    message = str(ablate("--table", "recipes").exception)
    assert "no table 'recipes' (did you mean 'recipe'?); expected 'parts', 'semantics', 'recipe'" in message
