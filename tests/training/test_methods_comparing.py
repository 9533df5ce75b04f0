"""Jobs, rows, published figures and pairs of runs."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_methods import SPLIT, Toy, with_features

from pcmsn.errors import CheckpointError, ConfigError, EvaluationError, SemanticsError
from pcmsn.training.config import ModelConfig, RunConfig
from pcmsn.training.experiments.results import Job, plain_values
from pcmsn.training.experiments.runner import Outcome
from pcmsn.training.experiments.tables import Spread
from pcmsn.training.methods import load_method, method_names
from pcmsn.training.methods.comparing.comparison import (
    Comparison,
    compare_methods,
    gather,
    job_name,
    with_extractors_of,
)
from pcmsn.training.methods.comparing.job import MethodSettings, fit_and_score, fit_codes, method_task
from pcmsn.training.methods.comparing.published import published_figures
from pcmsn.training.methods.comparing.runs import RunComparison, compare_runs
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run
from pcmsn.training.testing import assess_run


def settings_for(name: str, out: Path, config: RunConfig) -> MethodSettings:
    method = load_method(name)
    return MethodSettings(name=name, method=method, config=config, semantic="", family="sem-pcyc", out=out)


@pytest.mark.parametrize("name", ["cca", "triplet"])
def test_features_of_unseen_classes_do_not_reach_a_method(name: str, tmp_path: Path) -> None:
    toy = Toy()
    inputs = toy.inputs(tmp_path)
    lost = np.full_like(inputs.unseen.sketches.features, np.nan)
    without = replace(inputs, unseen=with_features(inputs.unseen, lost, lost))
    settings = settings_for(name, tmp_path, toy.task(tmp_path, epochs=2, batches=2).config)
    found = [settings.method.fit(method_task(settings, each, seed=0)) for each in (inputs, without)]
    embedded = [fitted.embed(inputs.unseen) for fitted in found]
    assert found[0].validation_map == found[1].validation_map
    assert np.array_equal(embedded[0][0], embedded[1][0]) and np.array_equal(embedded[0][1], embedded[1][1])


@pytest.mark.parametrize("name", method_names())
def test_a_job_can_be_sent_to_another_process_and_its_settings_be_written_down(name: str, tmp_path: Path) -> None:
    settings = settings_for(name, tmp_path, RunConfig())
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert json.dumps(plain_values(settings))


def test_a_tiny_extractor_is_found_where_the_comparison_trained_it(small_config: RunConfig, tmp_path: Path) -> None:
    other = replace(small_config, backbone=replace(small_config.backbone, spec="tiny"))
    assert with_extractors_of(other, tmp_path).backbone.spec == f"tiny:{tmp_path / 'tiny'}"
    assert with_extractors_of(small_config, tmp_path) == small_config


def test_a_jobs_seed_wins_over_the_configurations_and_names_its_folder(tmp_path: Path) -> None:
    toy = Toy()
    task = method_task(settings_for("raw", tmp_path, RunConfig()), toy.inputs(tmp_path), seed=3)
    assert (task.seed, task.folder.name) == (3, "raw-seed3")
    assert task.data.train.classes == SPLIT.train and task.data.semantic.shape == (len(SPLIT.train), 0)


def test_a_job_scores_every_protocol_real_and_binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = Toy(sketch_dim=70, photo_dim=70)
    inputs = toy.inputs(tmp_path)
    monkeypatch.setattr("pcmsn.training.methods.comparing.job.open_inputs", lambda folder: inputs)
    config = replace(toy.task(tmp_path).config, model=ModelConfig(dim=8))
    results = {
        name: fit_and_score(Job(name=name, settings=settings_for(name, tmp_path, config), folder=tmp_path))
        for name in ("raw", "cca")
    }
    assert json.loads(json.dumps(results)) == results
    assert (results["raw"]["dim"], results["raw"]["bits"]) == (70, 64)
    assert (results["cca"]["dim"], results["cca"]["bits"]) == (8, None)
    assert {protocol: set(kinds) for protocol, kinds in results["raw"]["scores"].items()} == {
        "val+test": {"real", "binary"},
        "test": {"real", "binary"},
    }
    assert set(results["cca"]["scores"]["test"]) == {"real"}
    assert results["cca"]["scores"]["test"]["real"]["queries"] == 5 * len(SPLIT.test)


def test_codes_are_fitted_on_at_most_so_many_rows_and_of_no_fewer_than_64_elements() -> None:
    rows = np.random.default_rng(0).normal(size=(70, 64)).astype(np.float32)
    codes = fit_codes((rows, rows[:65]), seed=0)
    assert codes is not None and codes.bits == 64
    assert fit_codes((rows[:, :63], rows[:, :63]), seed=0) is None


def result(value: float, bits: int | None = 64) -> dict[str, object]:
    scores = {"mAP@all": value, "mAP@200": value, "P@100": value, "P@200": value, "notes": ["k is large"]}
    kinds = {"real": scores} | ({"binary": scores} if bits else {})
    return {"dim": 64, "bits": bits, "seconds": 10 * value, "scores": {"val+test": kinds, "test": kinds}}


def gathered(tmp_path: Path) -> Comparison:
    results = {
        job_name("cca", 0): result(0.2, None),
        job_name("cca", 1): result(0.4, None),
        job_name("raw", 0): result(0.1),
    }
    outcome = Outcome(results, {job_name("raw", 1): "it broke"})
    return gather(Toy().inputs(tmp_path), {"raw": "raw features", "cca": "CCA"}, (0, 1), outcome, "sem-pcyc")


def test_rows_hold_mean_and_spread_and_a_method_with_a_failed_seed_has_none(tmp_path: Path) -> None:
    found = gathered(tmp_path)
    assert [(row.method, row.protocol, row.bits) for row in found.rows] == [
        ("cca", "val+test", None),
        ("cca", "test", None),
    ]
    row = found.rows[0]
    assert (row.backbone, row.dim) == ("toy", 64)
    assert row.scores["mAP@all"] == Spread((0.2, 0.4))
    assert row.seconds.mean == pytest.approx(3.0)
    assert found.failures == {"raw, seed 1": "it broke"}
    assert "val+test: k is large" in found.notes


def test_a_comparison_is_plain_json(tmp_path: Path) -> None:
    content = json.loads(json.dumps(gathered(tmp_path).to_dict()))
    assert content["seeds"] == [0, 1] and content["backbone"] == "toy"
    assert content["rows"][0]["mAP@all"] == {
        "mean": pytest.approx(0.3),
        "deviation": pytest.approx(0.1414, abs=1e-4),
        "values": [0.2, 0.4],
    }


# Whole comparisons


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run here: a process of their own takes seconds to load torch."""

    def run(jobs: list[Job], function: Callable[[Job], dict[str, object]], **_: object) -> Outcome:
        return Outcome({job.name: json.loads(json.dumps(function(job))) for job in jobs})

    monkeypatch.setattr("pcmsn.training.methods.comparing.comparison.run_jobs", run)


@pytest.fixture
def compare(tmp_path: Path, small_config: RunConfig, in_this_process: None) -> Callable[..., Comparison]:
    def run(*methods: str, config: RunConfig = small_config, seeds: tuple[int, ...] = (0,)) -> Comparison:
        return compare_methods(
            config, methods, seeds, tmp_path / "out", family="sem-pcyc", cache=tmp_path / "cache", device="cpu"
        )

    return run


def test_pcmsn_in_a_comparison_is_the_run_that_train_and_test_give(
    compare: Callable[..., Comparison], small_config: RunConfig, tmp_path: Path
) -> None:
    config = replace(small_config, model=replace(small_config.model, dim=64))
    found = compare("pcmsn", config=config, seeds=(1,))
    again = replace(config, training=replace(config.training, seed=1))
    train_run(again, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    for folder in ("run", "out/pcmsn-seed1"):
        tested = assess_run(tmp_path / folder, family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
        expected = [
            (scores.protocol, score.map_all) for scores in tested.protocols for score in (scores.real, scores.binary)
        ]
        assert [(row.protocol, row.scores["mAP@all"].mean) for row in found.rows] == expected


def test_a_comparison_is_written_and_says_what_it_stands_on(compare: Callable[..., Comparison], tmp_path: Path) -> None:
    found = compare("raw", "triplet", seeds=(0, 1))
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == found.to_dict()
    assert (found.dataset, found.split, found.seeds) == ("zoo", "zoo", (0, 1))
    assert [(row.method, row.protocol, row.dim) for row in found.rows] == [
        ("raw", "val+test", 12),
        ("triplet", "val+test", 8),
        ("raw", "test", 12),
        ("triplet", "test", 8),
    ]
    assert found.rows[0].scores["mAP@all"].deviation == 0


def test_methods_without_side_information_need_none(
    compare: Callable[..., Comparison], small_config: RunConfig
) -> None:
    without = replace(small_config, semantics=replace(small_config.semantics, sources=()))
    assert compare("raw", "cca", config=without).rows
    with pytest.raises(SemanticsError, match="no side information was named for 'zoo'; .* pass --semantics random"):
        compare("raw", "pdfd", config=without)


@pytest.mark.parametrize(
    ("methods", "seeds", "text"),
    [
        (("raw", "raww"), (0,), "no method 'raww' .did you mean 'raw'"),
        (("raw", "raw"), (0,), "the method raw is given more than once"),
        (("raw",), (0, 0), "the seed 0 is given more than once"),
        ((), (0,), "no method is given"),
    ],
)
def test_a_request_that_does_not_fit_is_refused_before_anything_is_read(
    compare: Callable[..., Comparison], methods: tuple[str, ...], seeds: tuple[int, ...], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        compare(*methods, seeds=seeds)


def test_fine_tuning_is_refused_before_it_begins(
    compare: Callable[..., Comparison], small_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pcmsn.training.methods.comparing.comparison.prepare_inputs", lambda *_, **__: pytest.fail("it was prepared")
    )
    finetuning = replace(small_config, backbone=replace(small_config.backbone, finetune="default"))
    with pytest.raises(ConfigError, match="fine-tune first .pcmsn finetune --out FOLDER., then pass --backbone"):
        compare("raw", config=finetuning)


# Published figures


def test_published_figures_are_those_of_the_papers_under_their_own_protocols() -> None:
    figures = {
        (score.method, score.dims): (protocol.name, protocol.metrics, score.by_metric)
        for protocol in published_figures("Sketchy")
        for score in protocol.scores
    }
    assert figures["PCMSN (IEEE TIP 2020)", "64-d"] == (
        "SEM-PCYC's protocol",
        "sem-pcyc",
        {"mAP@all": 0.523, "P@100": 0.616},
    )
    assert figures["PCMSN (IEEE TIP 2020)", "64 bits"][2] == {"mAP@all": 0.506, "P@100": 0.615}
    assert figures["SEM-PCYC (CVPR 2019)", "64-d"][2] == {"mAP@all": 0.349, "P@100": 0.463}
    assert figures["SAKE", "512-d"] == ("SAKE's protocol", "sake", {"mAP@all": 0.547, "P@100": 0.692})
    assert figures["CLIP-AT", "not recorded"][2] == {"mAP@200": 0.723, "P@200": 0.725}
    on_tu_berlin = {
        (score.method, score.dims): score.by_metric
        for protocol in published_figures("TU-Berlin")
        for score in protocol.scores
    }
    assert on_tu_berlin["SEM-PCYC (CVPR 2019)", "64 bits"] == {"mAP@all": 0.293, "P@100": 0.392}
    assert on_tu_berlin["TCN", "512-d"] == {"mAP@all": 0.495, "P@100": 0.616}
    assert published_figures("toyworld") == ()


def test_no_published_table_mixes_metrics_or_splits() -> None:
    for dataset in ("Sketchy", "TU-Berlin", "QuickDraw"):
        for protocol in published_figures(dataset):
            assert protocol.metrics in ("sem-pcyc", "sake", "zse", "not recorded")
            assert {score.dataset for score in protocol.scores} == {dataset}
            assert json.dumps(protocol.to_dict())


# Pairs of runs


@pytest.fixture
def two_runs(small_config: RunConfig, tmp_path: Path) -> tuple[Path, Path]:
    for seed in (0, 1):
        config = replace(small_config, training=replace(small_config.training, seed=seed, epochs=1))
        train_run(config, RunFolder(tmp_path / f"run{seed}"), cache=tmp_path / "cache", device="cpu")
    return tmp_path / "run0", tmp_path / "run1"


def pair(runs: tuple[Path, Path], tmp_path: Path) -> RunComparison:
    return compare_runs(*runs, family="sem-pcyc", cache=tmp_path / "cache", device="cpu")


def test_two_runs_are_compared_query_by_query(two_runs: tuple[Path, Path], tmp_path: Path) -> None:
    found = pair(two_runs, tmp_path)
    assert [(each.protocol, each.codes) for each in found.pairs] == [
        ("val+test", "real"),
        ("val+test", "binary"),
        ("test", "real"),
        ("test", "binary"),
    ]
    tested = [assess_run(run, family="sem-pcyc", cache=tmp_path / "cache", device="cpu") for run in two_runs]
    first = found.pairs[0]
    assert (first.map_a, first.map_b) == tuple(each.protocols[0].real.map_all for each in tested)
    assert first.paired.difference == pytest.approx(first.map_a - first.map_b)
    assert (first.paired.queries, first.paired.by_classes.units) == (24, 4)
    assert found.pairs[2].paired.by_classes.units == 2
    assert json.dumps(found.to_dict())


def test_a_run_does_not_differ_from_itself(two_runs: tuple[Path, Path], tmp_path: Path) -> None:
    for each in pair((two_runs[0], two_runs[0]), tmp_path).pairs:
        assert (each.paired.difference, each.paired.better, each.paired.by_classes.p_value) == (0, 0, 1)


def test_runs_on_another_split_or_with_other_queries_are_refused(
    two_runs: tuple[Path, Path], small_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_runs
    record = RunFolder(second).read_record()
    other = replace(record.split, test=("gnu", "yak"))
    RunFolder(second).write_record(replace(record, split=other))
    with pytest.raises(
        EvaluationError, match=r"their test classes differ: only the first has 'hen', only the second 'yak'"
    ):
        pair(two_runs, tmp_path)
    RunFolder(second).write_record(replace(record, dataset="farm"))
    with pytest.raises(EvaluationError, match="run0 and .*run1 did not answer the same queries.* zoo and farm"):
        pair(two_runs, tmp_path)
    RunFolder(second).write_record(record)
    with pytest.raises(CheckpointError, match="is no run folder"):
        pair((first, tmp_path), tmp_path)


def test_runs_whose_pictures_differ_are_refused(
    two_runs: tuple[Path, Path], small_config: RunConfig, tmp_path: Path
) -> None:
    moved = tmp_path / "moved" / "zoo"
    moved.parent.mkdir()
    shutil.copytree(small_config.data.dataset, moved)
    (moved / "photo" / "gnu" / "002.png").rename(moved / "photo" / "gnu" / "zzz.png")
    folder = RunFolder(two_runs[1])
    config = folder.read_config()
    folder.write_config(replace(config, data=replace(config.data, dataset=str(moved))))
    with pytest.raises(
        EvaluationError, match=r"gallery photos differ, first in number .*: gnu/002.png and gnu/003.png"
    ):
        pair(two_runs, tmp_path)
