"""Whole small ablations: jobs from rows, one result a row and seed, the order judged."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pcmsn.data.splits import Split
from pcmsn.errors import ConfigError, SemanticsError
from pcmsn.semantics.vectors import write_class_vectors
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config
from pcmsn.training.experiments import ablation, runner
from pcmsn.training.experiments.ablation import Ablation, run_ablation, with_options
from pcmsn.training.experiments.ablation_tables import PARTS, SEMANTICS, AblationRow, AblationTable
from pcmsn.training.experiments.inputs import prepare_inputs, write_semantic
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.runner import Report
from pcmsn.training.experiments.training_job import TrainingSettings, train_and_score
from pcmsn.training.preparation import open_class_vectors
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run
from pcmsn.training.testing import assess_run

SHORT = AblationTable("parts", "two rows", (PARTS.rows[0], replace(PARTS.rows[7], above="single step")))


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run here, which saves the start of a process; how they run in processes is tested on their own."""

    def work_off(self: runner._Pool, jobs: Sequence[Job], count: int, collected: runner._Collected) -> None:
        for job in jobs:
            succeeded, text = runner._answer(job, self.function)
            (collected.done if succeeded else collected.failed)(job, text)

    monkeypatch.setattr(runner._Pool, "run", work_off)


@pytest.fixture
def config(small_config: RunConfig) -> RunConfig:
    return replace(small_config, training=replace(small_config.training, epochs=2))


def run(config: RunConfig, tmp_path: Path, table: AblationTable = SHORT, **options: object) -> Ablation:
    return run_ablation(
        config, table, (0, 1), tmp_path / "out", cache=tmp_path / "cache", device="cpu", processes=2, **options  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_full_row_is_the_configuration_itself_and_every_row_differs_from_it_as_named() -> None:
    base = build_config()
    rows = {row.name: with_options(base, row) for row in PARTS.rows}
    assert rows["full (cmt + cross rec)"] == base
    assert not rows["single step"].model.progressive
    assert rows["unshared decoders"].model.retrieval_decoder == "unshared"
    terms = {
        name: (config.loss.reconstruction and config.loss.reconstruction_kind, config.loss.cross_modal)
        for name, config in rows.items()
    }
    assert terms == {
        "single step": (0, 0),
        "unshared decoders": (0, 0),
        "shared decoder": (0, 0),
        "shared + own rec": ("own", 0),
        "shared + cross rec": ("cross", 0),
        "shared + cmt": (0, 0.4),
        "shared + cmt + own rec": ("own", 0.4),
        "full (cmt + cross rec)": ("cross", 0.4),
    }
    assert all((config.loss.adversarial, config.loss.classification) == (1, 0.4) for config in rows.values())


@pytest.mark.parametrize(
    "options",
    [
        {"data": {"split": "random"}},
        {"semantics": {"root": "elsewhere"}},
        {"backbone": {"layers": "several"}},
        {"training": {"seed": 3}},
    ],
)
def test_a_row_cannot_change_what_all_rows_have_in_common(options: dict[str, dict[str, object]]) -> None:
    """Rows share inputs and seeds: such a row would be a copy of the configuration under another name."""
    with pytest.raises(ConfigError, match="row 'other' changes what all rows have in common"):
        with_options(build_config(), AblationRow("other", options))


def test_a_row_with_unknown_settings_is_named() -> None:
    with pytest.raises(ConfigError, match=r"row 'hot': unknown setting loss.temprature \(did you mean 'temperature'"):
        with_options(build_config(), AblationRow("hot", {"loss": {"temprature": 1.0}}))


def test_rows_that_choose_parts_are_judged_on_the_validation_classes() -> None:
    """Made-up runs in which the row is better on the unseen classes and worse on the validation classes."""

    def made_up(validation: list[float], unseen: float) -> dict[str, object]:
        best = 1 + int(np.argmax(validation))
        scores = {protocol: {"real": {"mAP@all": unseen}} for protocol in ("val+test", "test")}
        return {"validation_mAP@all": validation, "best_epoch": best, "scores": scores}

    rows = (AblationRow("whole", {}), AblationRow("part", {}, above="whole"))
    runs = {"whole": {0: made_up([0.1, 0.5, 0.4], 0.3)}, "part": {0: made_up([0.2, 0.3, 0.1], 0.4)}}
    split = Split("made up", ("a", "b"), ("c", "d"), ("e", "f"))
    for judged, order in (("validation", "no*"), ("reported", "yes*")):
        table = AblationTable("own", "own", rows, judged=judged)  # type: ignore[arg-type]
        found = ablation._collected(build_config(), table, (0,), SimpleNamespace(split=split), runs, {})  # type: ignore[arg-type]
        assert found.rows[1].order == order
        assert found.rows[0].by_seed("validation") == {0: 0.5}
        assert found.columns[0] == ("validation" if judged == "validation" else "val+test")


def test_the_weights_of_a_data_set_stay_its_own() -> None:
    berlin = build_config(overrides={"data": {"dataset": "TU-Berlin"}})
    row = with_options(berlin, PARTS.rows[3])
    assert (row.loss.reconstruction, row.loss.classification, row.loss.reconstruction_kind) == (0.5, 0.1, "own")


def test_a_job_gives_the_scores_of_the_same_run_trained_and_tested_by_the_commands(
    config: RunConfig, tmp_path: Path
) -> None:
    config = replace(config, training=replace(config.training, seed=3))
    train_run(config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    expected = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu").to_dict()
    inputs = prepare_inputs(config, tmp_path / "out", cache=tmp_path / "cache", device="cpu")
    vectors = open_class_vectors(config.semantics, "zoo").of(inputs.split.train)
    settings = TrainingSettings(config=config, semantic=write_semantic(inputs.folder, vectors))
    result = train_and_score(Job(name="full", settings=settings, seed=3, folder=inputs.folder))
    assert result["best_epoch"] == RunFolder(tmp_path / "run").read_record().best_epoch
    for protocol in ("val+test", "test"):
        for kind in ("real", "binary"):
            for name in ("mAP@all", "mAP@200", "P@100", "P@200"):
                assert result["scores"][protocol][kind][name] == expected[protocol][kind][name]


def test_a_table_has_every_row_with_every_seed_and_is_not_computed_twice(config: RunConfig, tmp_path: Path) -> None:
    found = run(config, tmp_path)
    assert [result.row.name for result in found.rows] == ["single step", "full (cmt + cross rec)"]
    assert all(list(result.runs) == [0, 1] for result in found.rows)
    assert found.rows[0].order is None and found.rows[1].order in ("yes", "yes*", "no", "no*")
    assert found.failures == {}
    reports: list[Report] = []
    again = run(config, tmp_path, report=reports.append)
    assert {report.outcome for report in reports} == {"stored"}
    assert again.to_dict() == found.to_dict()
    as_json, as_csv = found.write(tmp_path / "out")
    content = json.loads(as_json.read_text())
    assert content["rows"][1]["mAP@all"]["val+test"]["values"] == list(found.rows[1].by_seed("val+test").values())
    with as_csv.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["seed"]) for row in rows] == [
        (name, seed) for name in ("single step", "full (cmt + cross rec)") for seed in ("0", "1")
    ]
    assert float(rows[0]["test binary P@100"]) >= 0


@pytest.mark.usefixtures("in_this_process")
def test_where_things_are_does_not_decide_a_result(config: RunConfig, tmp_path: Path) -> None:
    run(config, tmp_path)
    moved = tmp_path / "moved" / "zoo"
    moved.parent.mkdir()
    Path(config.data.dataset).rename(moved)
    reports: list[Report] = []
    run(replace(config, data=replace(config.data, dataset=str(moved))), tmp_path, report=reports.append)
    assert {report.outcome for report in reports} == {"stored"}


@pytest.mark.usefixtures("in_this_process")
def test_a_run_that_fails_leaves_a_hole_and_its_reason(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ablation.run_jobs

    def without_one(jobs: list[Job], *arguments: object, **options: object) -> object:
        outcome = plain([job for job in jobs if job.name != "single step, seed 0"], *arguments, **options)  # type: ignore[arg-type]
        outcome.failures["single step, seed 0"] = "no memory"
        return outcome

    monkeypatch.setattr(ablation, "run_jobs", without_one)
    found = run(config, tmp_path)
    assert list(found.rows[0].runs) == [1]
    assert found.rows[1].order in ("yes*", "no*")
    assert found.to_dict()["failures"] == {"single step, seed 0": "no memory"}


def test_every_missing_side_information_is_named_with_its_command_before_anything_is_read(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen"]
    write_class_vectors(tmp_path / "semantics" / "zoo" / "hieremb-path.npz", names, np.eye(8))
    monkeypatch.setattr(ablation, "prepare_inputs", lambda *_, **__: pytest.fail("features were asked for"))
    with pytest.raises(SemanticsError) as raised:
        run(config, tmp_path, SEMANTICS)
    lines = str(raised.value).splitlines()
    assert [line.split("'")[1] for line in lines] == ["glove-wiki-gigaword", "word2vec-google-news", "hieremb-jcn"]
    assert "pcmsn semantics build --classes FILE --measure jcn --out" in lines[2]
    assert "pcmsn semantics build --classes FILE --word-vectors FILE --out" in lines[0]


@pytest.mark.usefixtures("in_this_process")
def test_rows_of_side_information_get_their_own_vectors(config: RunConfig, tmp_path: Path) -> None:
    names = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen"]
    generator = np.random.default_rng(0)
    for name, columns in (("hieremb-path", 5), ("glove-wiki-gigaword", 4)):
        write_class_vectors(tmp_path / "semantics" / "zoo" / f"{name}.npz", names, generator.normal(size=(8, columns)))
    table = AblationTable("semantics", "two rows", (SEMANTICS.rows[0], replace(SEMANTICS.rows[4], above="GloVe")))
    found = run(config, tmp_path, table)
    first, second = (result.by_seed("val+test") for result in found.rows)
    assert first != second
    shapes = sorted(np.load(path).shape for path in found.inputs.folder.glob("semantic-*.npy"))
    assert shapes == [(4, 4), (4, 9)]
