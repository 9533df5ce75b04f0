from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pcmsn.errors import CheckpointError
from pcmsn.training.config import RunConfig
from pcmsn.training.experiments.inputs import (
    ExperimentInputs,
    open_inputs,
    prepare_inputs,
    read_semantic,
    write_semantic,
)
from pcmsn.training.experiments.scores import score_unseen


def prepare(config: RunConfig, tmp_path: Path, out: str = "out") -> ExperimentInputs:
    return prepare_inputs(config, tmp_path / out, cache=tmp_path / "cache", device="cpu")


def test_seen_validation_and_unseen_classes_are_apart(small_config: RunConfig, tmp_path: Path) -> None:
    inputs = prepare(small_config, tmp_path)
    assert inputs.train.classes == ("ant", "bee", "cat", "dog")
    assert inputs.val.classes == ("elk", "fox")
    assert inputs.unseen.classes == ("elk", "fox", "gnu", "hen")
    assert inputs.train.sketches.features.shape == (24, 12)
    assert inputs.unseen.photos.features.shape == (24, 12)
    assert (inputs.dataset, inputs.split.test, inputs.backbone) == ("zoo", ("gnu", "hen"), "network")


def test_what_a_job_reads_is_what_was_prepared(small_config: RunConfig, tmp_path: Path) -> None:
    prepared = prepare(small_config, tmp_path)
    open_inputs.cache_clear()
    read = open_inputs(prepared.folder)
    assert read is not prepared
    assert (read.fingerprint, read.split, read.notes) == (prepared.fingerprint, prepared.split, prepared.notes)
    for name in ("train", "val", "unseen"):
        for side in ("sketches", "photos"):
            ours, theirs = getattr(getattr(read, name), side), getattr(getattr(prepared, name), side)
            assert np.array_equal(ours.features, theirs.features)
            assert np.array_equal(ours.labels, theirs.labels)
            assert ours.pictures.names == theirs.pictures.names


def test_a_job_can_not_change_what_the_others_read(small_config: RunConfig, tmp_path: Path) -> None:
    inputs = prepare(small_config, tmp_path)
    tensor = torch.from_numpy(inputs.train.sketches.features)
    before = tensor[0, 0].item()
    tensor[0, 0] = 99
    open_inputs.cache_clear()
    assert open_inputs(inputs.folder).train.sketches.features[0, 0] == before


def test_other_features_or_another_split_are_other_inputs(small_config: RunConfig, tmp_path: Path) -> None:
    first = prepare(small_config, tmp_path)
    assert prepare(small_config, tmp_path, "elsewhere").fingerprint == first.fingerprint
    Path(small_config.data.split).write_text(
        'train = ["ant", "bee", "cat", "elk"]\nval = ["dog", "fox"]\ntest = ["gnu", "hen"]\n'
    )
    other_split = prepare(small_config, tmp_path)
    path = Path(small_config.data.dataset) / "photo" / "ant" / "000.png"
    path.write_bytes((path.parent / "001.png").read_bytes())
    other_picture = prepare(small_config, tmp_path)
    assert len({inputs.fingerprint for inputs in (first, other_split, other_picture)}) == 3
    assert len({inputs.folder for inputs in (first, other_split, other_picture)}) == 3
    open_inputs.cache_clear()
    assert open_inputs(first.folder).fingerprint == first.fingerprint


@pytest.mark.parametrize("reported", ["val+test", "test"])
def test_unreadable_pictures_of_all_parts_are_counted_once(
    small_config: RunConfig, tmp_path: Path, reported: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for side, name in (("sketch", "ant"), ("sketch", "elk"), ("photo", "elk"), ("photo", "gnu")):
        (Path(small_config.data.dataset) / side / name / "000.png").write_bytes(b"no picture")
    split = Path(small_config.data.split)
    split.write_text(f'reported = "{reported}"\n' + split.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr("pcmsn.features.extraction.MAX_UNREADABLE_SHARE", 0.5)
    inputs = prepare(small_config, tmp_path)
    assert inputs.notes[-1] == "4 unreadable pictures were left out."


def test_class_vectors_are_found_by_their_fingerprint(tmp_path: Path) -> None:
    first, second = np.eye(3, dtype=np.float32), np.ones((3, 2), np.float32)
    names = [write_semantic(tmp_path, values) for values in (first, second, first)]
    assert names[0] == names[2] != names[1]
    assert np.array_equal(read_semantic(tmp_path, names[0]), first)
    assert np.array_equal(read_semantic(tmp_path, names[1]), second)
    with pytest.raises(CheckpointError, match="holds no class vectors .*start the command again"):
        read_semantic(tmp_path, "f" * 64)


def test_missing_or_damaged_inputs_say_so(small_config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no features for experiments .*start the command again"):
        open_inputs(tmp_path / "nowhere")
    inputs = prepare(small_config, tmp_path)
    np.save(inputs.folder / "val-photos.npy", np.zeros((3, 12), np.float32))
    open_inputs.cache_clear()
    with pytest.raises(CheckpointError, match="val-photos.npy has 3 rows for 12 pictures"):
        open_inputs(inputs.folder)


def test_scores_of_perfect_embeddings_are_one_under_every_protocol(small_config: RunConfig, tmp_path: Path) -> None:
    inputs = prepare(small_config, tmp_path)
    one_hot = np.eye(4, dtype=np.float32)
    sketches, photos = (one_hot[table.labels] for table in (inputs.unseen.sketches, inputs.unseen.photos))
    scores = score_unseen(inputs, sketches, photos)
    assert list(scores) == ["val+test", "test"]
    assert [scores[protocol]["real"]["mAP@all"] for protocol in scores] == [1.0, 1.0]
    assert scores["test"]["real"]["queries"] == 12
    wrong = score_unseen(inputs, sketches, photos[::-1].copy())
    assert wrong["val+test"]["real"]["mAP@all"] < 0.5


def test_a_split_without_validation_among_its_unseen_classes_has_one_protocol(
    small_config: RunConfig, tmp_path: Path
) -> None:
    (tmp_path / "unseen.txt").write_text("gnu\nhen\n")
    data = replace(small_config.data, split="", unseen_classes=str(tmp_path / "unseen.txt"))
    inputs = prepare(replace(small_config, data=data), tmp_path)
    assert inputs.unseen.classes == ("gnu", "hen")
    ones = np.ones((12, 2), np.float32)
    assert list(score_unseen(inputs, ones, ones)) == ["test"]
