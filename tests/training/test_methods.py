"""Every method on a problem that can be learned; unseen classes stay out; the same seed gives the same again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_methods import SPLIT, Toy, first_rows, with_features

from pcmsn.errors import ConfigError, TrainingError
from pcmsn.evaluation.families import SEM_PCYC
from pcmsn.training import methods
from pcmsn.training.baseline import compare_features
from pcmsn.training.methods import check_methods, load_method, method_names
from pcmsn.training.methods.cca import CCA
from pcmsn.training.methods.fitting.task import Fitted, Method, unit_rows, validation_map
from pcmsn.training.methods.pdfd import Pdfd
from pcmsn.training.methods.sem_pcyc import SemPcyc
from pcmsn.training.methods.supcon import SupervisedContrastive
from pcmsn.training.methods.triplet import Triplet

ALL = method_names()
QUICK = {"sem-pcyc": SemPcyc(learning_rate=2e-3), "pdfd": Pdfd(learning_rate=2e-3)}
"""What has to learn in seconds needs larger steps."""


def quick(name: str) -> Method:
    return QUICK.get(name) or load_method(name)


def unseen_map(fitted: Fitted, toy: Toy) -> float:
    return validation_map(fitted.embed, toy.tables(SPLIT.test))


def test_every_file_of_the_folder_is_a_method() -> None:
    assert {"best", "cca", "pcmsn", "pdfd", "raw", "sem-pcyc", "standardised", "supcon", "triplet"} <= set(ALL)
    assert all(load_method(name).title for name in ALL)


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("raw", "standardised")])
def test_a_method_learns_what_chance_and_raw_features_do_not_have(name: str, tmp_path: Path) -> None:
    toy = Toy()
    task = toy.task(tmp_path)
    raw = unseen_map(load_method("raw").fit(task), toy)
    fitted = quick(name).fit(task)
    chance = 1 / len(SPLIT.test)
    assert unseen_map(fitted, toy) > max(raw, chance) + 0.12
    assert fitted.validation_map == pytest.approx(validation_map(fitted.embed, task.data.val))


def test_untrained_features_score_as_the_baseline_command_scores_them(tmp_path: Path) -> None:
    toy = Toy()
    expected = compare_features(SPLIT, toy.data().train, toy.tables(SPLIT.val + SPLIT.test), SEM_PCYC, title="toy")
    strict = expected[1].rows
    for name, row in (("raw", "features, cosine"), ("standardised", "standardised features, cosine")):
        fitted = load_method(name).fit(toy.task(tmp_path))
        assert unseen_map(fitted, toy) == pytest.approx(strict[row].map_all, abs=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_embeddings_and_nothing_else_counts(name: str, tmp_path: Path) -> None:
    toy = Toy()
    task = toy.task(tmp_path / "first", epochs=2, batches=2)
    first = load_method(name).fit(task).embed(toy.tables(SPLIT.test))
    torch.manual_seed(99)
    again = load_method(name).fit(replace(task, folder=tmp_path / "again")).embed(toy.tables(SPLIT.test))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("name", ["triplet", "supcon", "sem-pcyc", "pdfd", "pcmsn", "best"])
def test_another_seed_gives_other_embeddings(name: str, tmp_path: Path) -> None:
    toy = Toy()
    found = [
        load_method(name)
        .fit(toy.task(tmp_path / str(seed), seed=seed, epochs=1, batches=1))
        .embed(toy.tables(SPLIT.test))
        for seed in (0, 1)
    ]
    assert not np.allclose(found[0][0], found[1][0])


@pytest.mark.parametrize("name", [name for name in ALL if name != "cca"])
def test_validation_classes_choose_the_epoch_and_nothing_else(name: str, tmp_path: Path) -> None:
    """With one epoch there is nothing to choose: other validation features leave the weights as they are."""
    toy = Toy()
    task = toy.task(tmp_path / "before", epochs=1, batches=2)
    val = task.data.val
    noise = np.random.default_rng(5).normal(size=(2, *val.sketches.features.shape)).astype(np.float32)
    other = replace(task.data, val=with_features(val, noise[0], noise[1]))
    before = load_method(name).fit(task).embed(toy.tables(SPLIT.test))
    after = load_method(name).fit(replace(task, data=other, folder=tmp_path / "after")).embed(toy.tables(SPLIT.test))
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_validation_classes_choose_the_ridge_of_cca_and_nothing_else(tmp_path: Path) -> None:
    toy = Toy()
    task = toy.task(tmp_path)
    val = task.data.val
    noise = np.random.default_rng(5).normal(size=(2, *val.sketches.features.shape)).astype(np.float32)
    other = replace(task, data=replace(task.data, val=with_features(val, noise[0], noise[1])))
    one = CCA(ridges=(0.01,))
    before, after = (one.fit(each).embed(toy.tables(SPLIT.test)) for each in (task, other))
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("name", ALL)
def test_a_picture_is_embedded_alone_as_in_a_batch(name: str, tmp_path: Path) -> None:
    toy = Toy()
    fitted = load_method(name).fit(toy.task(tmp_path, epochs=1, batches=1))
    whole = toy.tables(SPLIT.test)
    few = first_rows(whole, 3)
    for together, alone in zip(fitted.embed(whole), fitted.embed(few), strict=True):
        np.testing.assert_allclose(together[:3], alone, rtol=1e-5, atol=1e-6)


def test_the_best_epoch_is_kept_and_the_early_stop_counts_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.3, 0.5, 0.4, 0.5, 0.2])
    monkeypatch.setattr("pcmsn.training.methods.fitting.learning.validation_map", lambda *_: next(scores))
    toy = Toy()
    task = toy.task(tmp_path, epochs=5, batches=1)
    stopping = replace(task, config=replace(task.config, training=replace(task.config.training, early_stop=2)))
    fitted = load_method("triplet").fit(stopping)
    assert (fitted.best_epoch, fitted.epochs_done, fitted.validation_map) == (2, 4, 0.5)
    scores = iter([0.3, 0.5])
    two_epochs = load_method("triplet").fit(toy.task(tmp_path, epochs=2, batches=1))
    found, expected = (each.embed(toy.tables(SPLIT.test)) for each in (fitted, two_epochs))
    assert np.array_equal(found[0], expected[0]) and np.array_equal(found[1], expected[1])


def test_a_loss_that_is_not_finite_stops_the_method(tmp_path: Path) -> None:
    toy = Toy()
    task = toy.task(tmp_path, epochs=1, batches=1)
    task.data.train.photos.features[:] = np.inf
    with pytest.raises(TrainingError, match=r"no longer a finite number in epoch 1 .*lower the method's learning rate"):
        load_method("sem-pcyc").fit(task)


def test_pdfd_refuses_features_of_two_lengths(tmp_path: Path) -> None:
    task = Toy(photo_dim=9).task(tmp_path)
    with pytest.raises(ConfigError, match=r"features of equal length, got 12 and 9; leave pdfd out of --methods"):
        load_method("pdfd").fit(task)


def test_an_unknown_method_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match=r"no method 'triplets' .did you mean 'triplet'.*'sem-pcyc'"):
        check_methods(["triplets"])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Triplet(margin=0.0), "margin of triplet must be a finite number > 0, got 0.0"),
        (
            lambda: SupervisedContrastive(temperature=-1.0),
            "temperature of supcon must be a finite number > 0, got -1.0",
        ),
        (lambda: SemPcyc(cycle=-1.0), "cycle of sem-pcyc must be a finite number >= 0, got -1.0"),
        (lambda: Pdfd(domain=float("nan")), "domain of pdfd must be a finite number >= 0, got nan"),
        (lambda: Pdfd(adversarial=-1), "adversarial of pdfd must be a finite number >= 0, got -1"),
        (lambda: CCA(ridges=()), "ridges of CCA must be finite numbers > 0, at least one"),
    ],
)
def test_a_setting_out_of_range_is_refused(make: type, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        make()


NEW = """
from dataclasses import dataclass
from typing import ClassVar
from pcmsn.training.methods.raw import RawFeatures

@dataclass(frozen=True)
class Mine(RawFeatures):
    title: ClassVar[str] = "mine"

METHOD = Mine()
"""


def test_a_new_method_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_method.py").write_text(NEW)
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path)])
    assert "my-method" in method_names()
    toy = Toy()
    assert unseen_map(load_method("my-method").fit(toy.task(tmp_path)), toy) == unseen_map(
        load_method("raw").fit(toy.task(tmp_path)), toy
    )


def test_unit_rows_keep_a_zero_row() -> None:
    assert unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]
