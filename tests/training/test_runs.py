"""Whole runs on a small data set: the same again, continued, tested; unseen classes kept out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pcmsn.errors import CheckpointError, ConfigError, DataError, SemanticsError, SplitError
from pcmsn.evaluation.embeddings_file import read_embeddings
from pcmsn.evaluation.scoring import mean_average_precision, score
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyNetwork, save_tiny
from pcmsn.features.store import FeatureCache
from pcmsn.features.tables import ExtractionSettings
from pcmsn.losses.weights import GanForm
from pcmsn.semantics.vectors import write_class_vectors
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config
from pcmsn.training.history import Epoch, Silent
from pcmsn.training.loop import TrainingRun, embed
from pcmsn.training.preparation import prepare_training
from pcmsn.training.run_folder import MODEL, ExtractorRecord, RunFolder, RunRecord, check_extractors
from pcmsn.training.session import train_run
from pcmsn.training.step import LossTerms
from pcmsn.training.testing import assess_run


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., RunRecord]:
    def run(config: RunConfig, name: str = "run", **options: Any) -> RunRecord:
        return train_run(config, RunFolder(tmp_path / name), cache=tmp_path / "cache", device="cpu", **options)

    return run


def weights(tmp_path: Path, name: str = "run", file: str = "state.safetensors") -> dict[str, torch.Tensor]:
    return load_file(tmp_path / name / file)


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(params=["paper", "best"])
def any_config(small_settings: dict[str, dict[str, Any]], request: pytest.FixtureRequest) -> RunConfig:
    """Both models, to which the same promises hold."""
    return build_config(preset=request.param, overrides=small_settings)


class StopAt(Silent):
    """Interrupts a run in the middle of an epoch, as Ctrl-C does."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.place = (epoch, batch)

    def on_batch(self, epoch: int, batch: int, terms: LossTerms) -> None:
        if (epoch, batch) == self.place:
            raise KeyboardInterrupt


def test_the_same_seed_gives_the_same_best_run(
    train: Callable[..., RunRecord], small_settings: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    config = build_config(preset="best", overrides=small_settings)
    train(config, "first")
    torch.rand(7)
    train(config, "second")
    assert same(weights(tmp_path, "first"), weights(tmp_path, "second"))
    assert same(weights(tmp_path, "first", MODEL), weights(tmp_path, "second", MODEL))


def test_with_a_cosine_schedule_the_learning_rate_ends_near_zero_and_without_it_stays(
    train: Callable[..., RunRecord], small_settings: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: dict[str, list[float]] = {}
    plain = TrainingRun._train

    def watched(self: TrainingRun, number: int) -> Iterator[LossTerms]:
        for terms in plain(self, number):
            seen = {group["lr"] for optimizer in self.step.optimizers.values() for group in optimizer.param_groups}
            rates.setdefault(self.config.optimisation.schedule, []).extend(seen)
            yield terms

    monkeypatch.setattr(TrainingRun, "_train", watched)
    for schedule in ("constant", "cosine"):
        overrides = {**small_settings, "optimisation": {"schedule": schedule}}
        train(build_config(preset="best", overrides=overrides), schedule)
    assert set(rates["constant"]) == {1e-3}
    assert len(rates["constant"]) == len(rates["cosine"]) == 12
    assert max(rates["cosine"]) == 1e-3 and rates["cosine"][-1] < 0.03e-3


def test_what_is_saved_of_a_best_run_is_the_average_that_was_validated(
    train: Callable[..., RunRecord], small_settings: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    config = build_config(preset="best", overrides=small_settings)
    record = train(replace(config, training=replace(config.training, epochs=1)))
    state, best = weights(tmp_path), weights(tmp_path, file=MODEL)
    name = "sketch_branches.first.weight"
    assert torch.equal(best[f"model.{name}"], state[f"average.{name}"])
    assert not torch.equal(best[f"model.{name}"], state[f"model.{name}"])
    settings = ExtractionSettings(FeatureCache(tmp_path / "cache"))
    val = prepare_training(config, tmp_path / "run", settings).data.val
    sketches, photos = embed(RunFolder(tmp_path / "run").load_trained().model, val)
    score = mean_average_precision(sketches, val.sketches.labels, photos, val.photos.labels)
    assert score == pytest.approx(record.best_score)


def test_the_same_seed_gives_the_same_weights_to_the_bit(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    gans: tuple[GanForm, ...] = ("log", "least-squares")
    for gan in gans:
        config = replace(small_config, loss=replace(small_config.loss, gan=gan))
        train(config, f"first-{gan}")
        torch.manual_seed(99)  # what else draws from torch's own generator does not matter
        torch.rand(7)
        train(config, f"second-{gan}")
        assert same(weights(tmp_path, f"first-{gan}"), weights(tmp_path, f"second-{gan}"))
    other = replace(small_config, training=replace(small_config.training, seed=1))
    train(other, "other")
    assert not same(weights(tmp_path, "first-log"), weights(tmp_path, "other"))


@pytest.mark.parametrize("place", [(1, 2), (2, 1), (3, 4)])
def test_an_interrupted_run_continues_to_the_same_result(
    train: Callable[..., RunRecord], any_config: RunConfig, tmp_path: Path, place: tuple[int, int]
) -> None:
    expected = train(any_config, "whole")
    with pytest.raises(KeyboardInterrupt):
        train(any_config, "stopped", observer=StopAt(*place))
    assert RunFolder(tmp_path / "stopped").read_record().epochs_done == place[0] - 1
    stored = RunFolder(tmp_path / "stopped").read_config()
    assert train(stored, "stopped", resume=True) == expected
    for file in ("state.safetensors", MODEL):
        assert same(weights(tmp_path, "whole", file), weights(tmp_path, "stopped", file))


def test_a_kill_between_the_best_weights_and_the_state_costs_that_epoch_only(
    train: Callable[..., RunRecord], any_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = train(any_config, "whole")
    plain, calls = RunFolder.write_state, iter(range(9))

    def dies_the_second_time(self: RunFolder, *arguments: Any) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        plain(self, *arguments)

    monkeypatch.setattr(RunFolder, "write_state", dies_the_second_time)
    with pytest.raises(KeyboardInterrupt):
        train(any_config, "killed")
    monkeypatch.undo()
    assert train(RunFolder(tmp_path / "killed").read_config(), "killed", resume=True) == expected
    assert same(weights(tmp_path, "whole"), weights(tmp_path, "killed"))


def test_more_epochs_can_be_added_to_a_finished_run(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    longer = replace(small_config, training=replace(small_config.training, epochs=5))
    train(longer, "long")
    train(small_config, "short")
    train(longer, "short", resume=True)
    assert same(weights(tmp_path, "long"), weights(tmp_path, "short"))


def test_pictures_of_test_classes_do_not_change_training_at_all(
    train: Callable[..., RunRecord], any_config: RunConfig, tmp_path: Path
) -> None:
    """Every test picture is replaced by bytes that no decoder accepts; the run neither notices nor changes."""
    train(any_config, "before")
    for modality in ("sketch", "photo"):
        for name in ("gnu", "hen"):
            for path in (Path(any_config.data.dataset) / modality / name).iterdir():
                path.write_bytes(b"not a picture")
    train_run(any_config, RunFolder(tmp_path / "after"), cache=tmp_path / "another cache", device="cpu")
    assert same(weights(tmp_path, "before"), weights(tmp_path, "after"))
    assert same(weights(tmp_path, "before", MODEL), weights(tmp_path, "after", MODEL))


def test_pictures_of_validation_classes_choose_the_epoch_and_nothing_else(
    train: Callable[..., RunRecord], any_config: RunConfig, tmp_path: Path, write_pictures: Callable[..., Path]
) -> None:
    train(any_config, "before")
    other = write_pictures(tmp_path / "other", dict.fromkeys(("ant", "elk", "fox"), 6), seed=9)
    for modality in ("sketch", "photo"):
        for name in ("elk", "fox"):
            for path in (other / modality / name).iterdir():
                (Path(any_config.data.dataset) / modality / name / path.name).write_bytes(path.read_bytes())
    train(any_config, "after")
    before, after = weights(tmp_path, "before"), weights(tmp_path, "after")
    assert same(before, after)


def test_vectors_of_unseen_classes_do_not_change_training(
    train: Callable[..., RunRecord], any_config: RunConfig, tmp_path: Path
) -> None:
    train(any_config, "before")
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(8, 10))
    vectors[4:] = 7.0
    names = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen"]
    write_class_vectors(tmp_path / "semantics" / "zoo" / "random.npz", names, vectors)
    train(any_config, "after")
    assert same(weights(tmp_path, "before"), weights(tmp_path, "after"))


def test_every_epoch_is_logged_and_the_best_is_the_one_with_the_highest_validation_score(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    seen: list[Epoch] = []

    class Remember(Silent):
        def on_epoch(self, epoch: Epoch) -> None:
            seen.append(epoch)

    record = train(small_config, observer=Remember())
    with (tmp_path / "run" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    scores = [float(row["validation_mAP@all"]) for row in rows]
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert scores == [epoch.validation_map for epoch in seen]
    assert record.best_epoch == int(np.argmax(scores)) + 1
    assert record.best_score == max(scores)
    assert record.finished
    assert list((tmp_path / "run" / "tensorboard").iterdir())


def test_early_stop_counts_epochs_without_a_better_score(
    train: Callable[..., RunRecord], small_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.3, 0.5, 0.4, 0.5, 0.2, 0.9])
    monkeypatch.setattr("pcmsn.training.loop.mean_average_precision", lambda *_: next(scores))
    config = replace(small_config, training=replace(small_config.training, epochs=6, early_stop=2))
    record = train(config)
    assert (record.epochs_done, record.best_epoch, record.best_score) == (4, 2, 0.5)


def with_split(config: RunConfig, val: str, test: str) -> RunConfig:
    """The configuration with its split's file replaced: ``val`` and ``test`` are lists in TOML."""
    names = '["ant", "bee", "cat", "dog"]'
    Path(config.data.split).write_text(f"train = {names}\nval = {val}\ntest = {test}\n")
    return config


def test_with_one_validation_class_no_epoch_is_better_so_the_last_is_kept_and_training_does_not_stop_early(
    train: Callable[..., RunRecord], small_config: RunConfig
) -> None:
    config = with_split(small_config, '["elk"]', '["fox", "gnu", "hen"]')
    notes: list[str] = []
    record = train(replace(config, training=replace(config.training, early_stop=1)), note=notes.append)
    assert (record.best_epoch, record.epochs_done, record.best_score) == (3, 3, 1.0)
    assert any(note.startswith("split zoo: val has 1 class ('elk'): every photo is right") for note in notes)


def test_a_test_of_one_class_says_that_its_score_says_nothing(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    train(with_split(small_config, '["elk", "fox", "gnu"]', '["hen"]'))
    assessment = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    assert assessment.protocols[1].real.map_all == 1
    (note,) = assessment.notes
    assert (
        note == "split zoo: test has 1 class ('hen'): every photo is right, so the score is 1 whatever the model does."
    )


def test_a_finished_run_of_the_same_settings_is_reused_and_says_so(
    train: Callable[..., RunRecord], any_config: RunConfig, tmp_path: Path
) -> None:
    record, notes = train(any_config, reuse=True), list[str]()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    assert train(any_config, reuse=True, observer=StopAt(1, 1), note=notes.append) == record
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before
    assert notes[-1] == f"{tmp_path / 'run'}: trained before, and not again; delete the folder to train it anew"


def test_an_unfinished_run_of_the_same_settings_is_continued_to_the_same_result(
    train: Callable[..., RunRecord], any_config: RunConfig, tmp_path: Path
) -> None:
    expected, notes = train(any_config, "whole"), list[str]()
    with pytest.raises(KeyboardInterrupt):
        train(any_config, "stopped", observer=StopAt(3, 1))
    assert train(any_config, "stopped", reuse=True, note=notes.append) == expected
    assert same(weights(tmp_path, "whole"), weights(tmp_path, "stopped"))
    assert notes[-1] == f"{tmp_path / 'stopped'}: begun before, continued after epoch 2"


def test_a_run_of_other_settings_or_another_extractor_or_version_is_not_reused(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    other = replace(small_config, training=replace(small_config.training, seed=1))
    expected = train(other, "expected")
    train(small_config)
    assert train(other, reuse=True) == expected

    folder = RunFolder(tmp_path / "run")
    folder.write_record(replace(expected, pcmsn_version="0.0.1"))
    assert train(other, reuse=True) == expected

    folder.write_record(replace(expected, photo_extractor=replace(expected.photo_extractor, fingerprint="0" * 64)))
    assert train(other, reuse=True) == expected

    (tmp_path / "run" / "run.json").write_text("{")
    assert train(other, reuse=True) == expected


def test_a_run_is_tested_on_both_protocols(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    train(small_config)
    assessment = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    both, strict = assessment.protocols
    assert (both.protocol, both.classes, both.real.queries, both.real.gallery) == ("val+test", 4, 24, 24)
    assert (strict.protocol, strict.classes, strict.real.queries, strict.real.gallery) == ("test", 2, 12, 12)
    assert 0 < both.binary.map_all <= 1
    assert any("the gallery has 24 photos, fewer than k = 100 and 200" in note for note in both.real.notes)
    again = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    assert again.to_dict()["test"]["real"]["mAP@all"] == strict.real.map_all


def test_the_best_epoch_is_what_is_tested(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.9, 0.1, 0.2])
    monkeypatch.setattr("pcmsn.training.loop.mean_average_precision", lambda *_: next(scores))
    train(small_config)
    one = replace(small_config, training=replace(small_config.training, epochs=1))
    monkeypatch.undo()
    train(one, "one")
    assert same(weights(tmp_path, "run", MODEL), weights(tmp_path, "one", MODEL))


def test_another_extractor_is_refused(train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path) -> None:
    train(small_config)
    save_tiny(TinyNetwork(TinyArchitecture(input_size=32, widths=(4, 8, 12))), tmp_path / "other")
    with pytest.raises(CheckpointError, match=r"was trained on sketch features of network .* got other"):
        assess_run(tmp_path / "run", family="sem-pcyc", backbone=f"tiny:{tmp_path / 'other'}", cache=tmp_path / "cache")


def test_the_same_extractor_with_other_preparation_is_refused() -> None:
    trained = ExtractorRecord(name="net", fingerprint="a" * 64, transform="squash")
    other = replace(trained, transform="model")
    record = SimpleNamespace(sketch_extractor=trained, photo_extractor=trained)
    check_extractors(record, trained, trained, Path("run"))  # type: ignore[arg-type]
    with pytest.raises(
        CheckpointError, match="photo pictures prepared for net in another way .*pass the same --resize"
    ):
        check_extractors(record, trained, other, Path("run"))  # type: ignore[arg-type]


def test_resuming_with_other_data_is_refused(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    train(small_config)
    names = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen"]
    write_class_vectors(tmp_path / "semantics" / "zoo" / "random.npz", names, np.ones((8, 11)))
    with pytest.raises(CheckpointError, match=r"was trained with dims .*semantic=10.* now it is .*semantic=11"):
        train(RunFolder(tmp_path / "run").read_config(), resume=True)


def test_resuming_with_another_split_is_refused(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    train(small_config)
    Path(small_config.data.split).write_text(
        'train = ["ant", "bee", "cat", "elk"]\nval = ["dog", "fox"]\ntest = ["gnu", "hen"]\n'
    )
    with pytest.raises(CheckpointError, match="trained on split zoo, in which other classes are now .* restore the"):
        train(RunFolder(tmp_path / "run").read_config(), resume=True)


def test_a_class_without_a_vector_stops_before_any_picture_is_decoded(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class_vectors(tmp_path / "semantics" / "zoo" / "random.npz", ["ants", "bee", "cat", "dog"], np.ones((4, 3)))
    monkeypatch.setattr("pcmsn.training.preparation.feature_tables", lambda *_: pytest.fail("pictures were read"))
    with pytest.raises(SemanticsError, match="no vector in random for 1 of the classes: 'ant' .did you mean 'ants'"):
        train(small_config)


def test_a_split_that_does_not_fit_stops_before_training(
    train: Callable[..., RunRecord], small_config: RunConfig
) -> None:
    Path(small_config.data.split).write_text('train = ["ant", "bee"]\nval = ["elk"]\ntest = ["gnu", "hen", "yak"]\n')
    with pytest.raises(SplitError, match=r"1 of its classes are not in the folder \('yak'\) and 3 folders are not"):
        train(small_config)


def without_split(config: RunConfig, **data: object) -> RunConfig:
    return replace(config, data=replace(config.data, split="", **data))  # type: ignore[arg-type]


def test_a_run_without_some_classes_of_its_split_says_so(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    text = 'train = ["ant", "bee", "cat", "dog", "emu"]\nval = ["elk", "fox"]\ntest = ["gnu", "hen", "yak"]\n'
    Path(small_config.data.split).write_text(text)
    with pytest.raises(SplitError, match="pass --allow-missing-classes"):
        train(small_config)
    told: list[str] = []
    train(replace(small_config, data=replace(small_config.data, allow_missing_classes=True)), note=told.append)
    expected = "2 of the 10 classes of split zoo are not in the data ('emu', 'yak'): not comparable"
    assert any(text.startswith(expected) for text in told)
    assessment = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    assert any(note.startswith(expected) for note in assessment.notes)
    assert assessment.to_dict()["notes"][0].startswith(expected)


def test_a_run_on_named_unseen_classes_reports_them_alone(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    (tmp_path / "unseen.txt").write_text("gnu\nhen\n")
    record = train(without_split(small_config, unseen_classes=str(tmp_path / "unseen.txt")))
    assert (len(record.split.train), len(record.split.val), record.split.test) == (4, 2, ("gnu", "hen"))
    assert RunFolder(tmp_path / "run").read_record().split == record.split
    assessment = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    assert [scores.protocol for scores in assessment.protocols] == ["test"]
    assert assessment.unseen.classes == ("gnu", "hen")


def test_a_run_on_file_lists_uses_the_listed_pictures_only(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    for part, classes in (("train", ("ant", "bee", "cat", "dog", "elk")), ("zero", ("gnu", "hen"))):
        for modality in ("sketch", "photo"):
            lines = [f"{modality}/{name}/{i:03d}.png {k}" for k, name in enumerate(classes) for i in range(4)]
            (lists / f"{modality}_{part}.txt").write_text("\n".join(lines))
    record = train(without_split(small_config, file_list=str(lists)))
    assert record.split.name == "file-list lists"
    assessment = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    (scores,) = assessment.protocols
    assert (scores.protocol, scores.real.queries, scores.real.gallery) == ("test", 8, 8)
    assert "Pictures of the file lists in lists." in assessment.notes


def test_generalised_protocols_add_seen_pictures(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    train(small_config)
    forms = ("generalized-pcmsn", "generalized-sem-pcyc")
    assessment = assess_run(
        tmp_path / "run", family="sem-pcyc", generalized=forms, cache=tmp_path / "cache", device="cpu"
    )
    sizes = {
        scores.protocol: (scores.classes, scores.real.queries, scores.real.gallery) for scores in assessment.protocols
    }
    assert sizes == {
        "val+test": (4, 24, 24),
        "test": (2, 12, 12),
        "generalized-sem-pcyc": (4, 24 + 4, 24 + 4),
        "generalized-pcmsn": (4, 24, 24 + 24),
    }
    first, *_, last = assessment.protocols
    assert last.real.map_all <= first.real.map_all
    assert last.binary.gallery == 48


def test_unseen_classes_can_be_named_in_one_way_only(small_config: RunConfig) -> None:
    with pytest.raises(ConfigError, match=r"data.split and data.file_list each name the unseen classes"):
        replace(small_config.data, file_list="lists")


def test_a_few_unreadable_pictures_are_skipped_and_counted(
    train: Callable[..., RunRecord], small_config: RunConfig, write_pictures: Callable[..., Path], tmp_path: Path
) -> None:
    names = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen")
    root = write_pictures(tmp_path / "more" / "zoo", dict.fromkeys(names, 12))
    (root / "photo" / "bee" / "003.png").write_bytes(b"not a picture")
    config = replace(small_config, data=replace(small_config.data, dataset=str(root)))
    notes: list[str] = []
    record = train(config, note=notes.append)
    assert record.unreadable == 1
    assert any("bee/003.png" in note for note in notes)


def test_many_unreadable_pictures_stop_the_run(train: Callable[..., RunRecord], small_config: RunConfig) -> None:
    for path in sorted((Path(small_config.data.dataset) / "photo" / "bee").iterdir())[:3]:
        path.write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"bee/000\.png"):
        train(small_config)


def test_embeddings_and_picture_of_a_run_can_be_written(
    train: Callable[..., RunRecord], small_config: RunConfig, tmp_path: Path
) -> None:
    train(small_config)
    assessment = assess_run(tmp_path / "run", family="sem-pcyc", cache=tmp_path / "cache", device="cpu")
    assessment.write_embeddings(tmp_path / "e.npz")
    content = read_embeddings(tmp_path / "e.npz")
    again = score(content.sketch_embedding, content.sketch_label, content.photo_embedding, content.photo_label)
    assert again.map_all == pytest.approx(assessment.protocols[0].real.map_all)
    assessment.write_grid(tmp_path / "grid.png", "title", rows=2, columns=3)
    assert (tmp_path / "grid.png").stat().st_size > 1000
