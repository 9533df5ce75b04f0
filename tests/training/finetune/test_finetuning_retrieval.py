"""Retrieval of validation classes while fine-tuning: it is measured rightly, and nothing but measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finetuning_observers import Remember, StopAt
from sklearn.metrics import average_precision_score

from pcmsn.data.layouts import folder, list_dataset
from pcmsn.errors import DataError
from pcmsn.features.backbones.finetuned import load_finetuned_pair
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.extraction import extract
from pcmsn.training.config import RunConfig
from pcmsn.training.finetune.config import FinetuneConfig
from pcmsn.training.finetune.retrieval import LabelledFeatures, retrieval_map
from pcmsn.training.finetune.session import FinetuneResult

MakeConfig = Callable[..., FinetuneConfig]
Run = Callable[..., FinetuneResult]
SKETCH, SHARED = {"modality": "sketch"}, {"shared": True, "invert_sketches": True}


def at_degrees(angles: Sequence[float], labels: Sequence[int]) -> LabelledFeatures:
    """Features of length 3 in a plane."""
    radians = np.radians(angles)
    values = 3 * np.stack([np.cos(radians), np.sin(radians)], axis=1)
    return LabelledFeatures(values.astype(np.float32), np.array(labels))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Gets the class of each picture that is decoded."""
    classes: set[str] = set()
    decode = Transform.decode

    def noted(self: Transform, path: Path) -> Any:
        classes.add(path.parent.name)
        return decode(self, path)

    monkeypatch.setattr(Transform, "decode", noted)
    return classes


def measured(config: FinetuneConfig) -> FinetuneConfig:
    return replace(config, schedule=replace(config.schedule, validate_retrieval=True))


def test_within_a_modality_each_picture_asks_for_the_others() -> None:
    """By hand: 0 degrees finds 10 first, 10 finds 18 and then 0, 18 finds 10, 0 and then 100, and 100 finds 18."""
    pictures = at_degrees([0, 10, 18, 100], [0, 0, 1, 1])
    assert retrieval_map(pictures, pictures) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1) / 4)


def test_from_sketch_to_photo_nothing_is_left_out() -> None:
    """By hand: the sketch at 0 finds 5, 20, 30, of which the first and last are its class's; 50 finds 30 before 20."""
    sketches, photos = at_degrees([0, 50], [0, 1]), at_degrees([5, 20, 30], [0, 1, 0])
    assert retrieval_map(sketches, photos) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)


@pytest.mark.parametrize("seed", range(3))
def test_it_meets_scikit_learn_query_by_query(seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(9, 5)).astype(np.float32)
    values[0] = 0  # has no direction
    one, other = (  # pictures that come twice are as near as each other
        LabelledFeatures(values[generator.integers(0, 9, count)], np.arange(count) % 4) for count in (17, 23)
    )
    for gallery in (one, other):
        expected = []
        for place, (query, label) in enumerate(zip(one.features, one.labels, strict=True)):
            rest = np.delete(np.arange(len(gallery.labels)), [place] if gallery is one else [])
            lengths = np.linalg.norm(query) * np.linalg.norm(gallery.features[rest], axis=1)
            cosine = gallery.features[rest] @ query / np.where(lengths > 0, lengths, 1)
            expected.append(average_precision_score(gallery.labels[rest] == label, cosine.round(5)))
        assert retrieval_map(one, gallery) == pytest.approx(np.mean(expected))


def test_equal_distances_are_one_threshold_and_a_lone_picture_counts_0() -> None:
    pictures = at_degrees([7, 7, 7, 7], [0, 0, 0, 1])
    assert retrieval_map(pictures, pictures) == pytest.approx((3 * 2 / 3 + 0) / 4)


@pytest.mark.parametrize("extractor", [SKETCH, SHARED])
def test_with_and_without_it_the_same_is_trained_and_chosen(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path, opened: set[str], extractor: dict[str, Any]
) -> None:
    config = finetune_config(extractor=extractor, fitting={"dropout": 0.2})
    plain = run_finetune(config, "plain")
    assert opened == {"ant", "bee", "cat", "dog"}
    looked_at = run_finetune(measured(config), "measured")
    assert opened == {"ant", "bee", "cat", "dog", "elk", "fox"}  # never gnu and hen, the test classes
    assert [network.trained_on for network in looked_at.networks] == [network.trained_on for network in plain.networks]
    for network in plain.networks:
        weights = [tmp_path / name / network.network / "model.safetensors" for name in ("plain", "measured")]
        assert weights[0].read_bytes() == weights[1].read_bytes()
        histories = [(path.parent / "history.csv").read_text().splitlines() for path in weights]
        assert "mAP" not in histories[0][0] and "validation_mAP@all" in histories[1][0].split(",")


@pytest.mark.parametrize("extractor", [SKETCH, SHARED])
def test_the_value_is_that_of_the_features_which_the_saved_network_gives(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path, extractor: dict[str, Any]
) -> None:
    config = measured(finetune_config(extractor=extractor))
    remember = Remember()
    result = run_finetune(config, on_epoch=remember)
    best = remember.epochs[result.networks[0].trained_on.best_epoch - 1]
    if not config.extractor.shared:
        run_finetune(finetune_config(extractor={"modality": "photo"}, schedule={"epochs": 1}))
    pair = load_finetuned_pair(tmp_path / "extractors")
    unseen = list_dataset(folder(Path(config.data.dataset))).of_classes(["elk", "fox"])
    sketches = LabelledFeatures(extract(pair.sketch, unseen.sketches).values, unseen.sketches.labels)
    photos = LabelledFeatures(extract(pair.photo, unseen.photos).values, unseen.photos.labels)
    searched = photos if config.extractor.shared else sketches
    assert best.validation_map == pytest.approx(retrieval_map(sketches, searched), abs=1e-6)


def test_a_continued_training_keeps_what_was_measured(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    def column(name: str) -> list[str]:
        header, *rows = (tmp_path / name / "sketch" / "history.csv").read_text().splitlines()
        return [row.split(",")[header.split(",").index("validation_mAP@all")] for row in rows]

    config = measured(finetune_config(extractor=SKETCH))
    run_finetune(config, "whole")
    with pytest.raises(KeyboardInterrupt):
        run_finetune(config, "stopped", progress=StopAt("sketch", 3, 1))
    run_finetune(None, "stopped", resume=True)
    assert column("stopped") == column("whole") and len(column("whole")) == 3


def test_unreadable_pictures_of_validation_classes_are_left_out_and_named(
    run_finetune: Run, finetune_config: MakeConfig, small_config: RunConfig
) -> None:
    spoiled = Path(small_config.data.dataset) / "sketch" / "elk"
    (spoiled / "003.png").write_bytes(b"not a picture")
    notes: list[str] = []
    config = measured(finetune_config(extractor=SKETCH))
    result = run_finetune(config, note=notes.append)
    assert notes[1:] == [
        "sketch: retrieval is measured on 12 sketch pictures of 2 validation classes, which nothing is learned from",
        "sketch: skipped 1 unreadable pictures of validation classes: 'elk/003.png'",
    ]
    assert result.networks[0].trained_on.unreadable == 0
    (spoiled / "004.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"at least 2 of 12 sketch pictures in .* are unreadable"):
        run_finetune(config, overwrite=True)
