"""Whole fine-tunings: the same again, continued; unseen classes kept out; what goes wrong is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from finetuning_observers import Remember, StopAt
from safetensors.torch import load_file

from pcmsn.errors import BackboneError, CheckpointError, ConfigError, DataError, SplitError, TrainingError
from pcmsn.features.backbones.finetuned import (
    FinetunedBackbone,
    NetworkName,
    is_finished,
    load_finetuned_pair,
    read_trained_on,
)
from pcmsn.training.config import RunConfig
from pcmsn.training.finetune.config import FinetuneConfig
from pcmsn.training.finetune.folder import Job, read_history
from pcmsn.training.finetune.loop import FinetuningRun
from pcmsn.training.finetune.session import FinetuneResult, Hardware, finetune
from pcmsn.training.preparation import open_extractors
from pcmsn.training.split_dataset import open_split_dataset

MakeConfig = Callable[..., FinetuneConfig]
Run = Callable[..., FinetuneResult]
SKETCH = {"modality": "sketch"}


def same(first: Path, second: Path) -> bool:
    """Whether two networks have the same weights to the bit."""
    one, other = (load_file(folder / "model.safetensors") for folder in (first, second))
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_seed_gives_the_same_weights_to_the_bit(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    config = finetune_config(extractor=SKETCH, fitting={"dropout": 0.3})
    run_finetune(config, "first")
    torch.manual_seed(99)
    run_finetune(config, "second")
    run_finetune(replace(config, schedule=replace(config.schedule, seed=1)), "other")
    assert same(tmp_path / "first" / "sketch", tmp_path / "second" / "sketch")
    assert not same(tmp_path / "first" / "sketch", tmp_path / "other" / "sketch")


def test_both_networks_are_trained_and_load_as_extractors(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    remember = Remember()
    result = run_finetune(finetune_config(extractor={"invert_sketches": True}), on_epoch=remember)
    assert [found.network for found in result.networks] == ["sketch", "photo"]
    assert remember.networks == ["sketch"] * 3 + ["photo"] * 3
    pair = load_finetuned_pair(tmp_path / "extractors")
    assert pair.feature_dims == (6, 6) and pair.sketch.fingerprint != pair.photo.fingerprint
    assert pair.sketch.transform.invert and not pair.photo.transform.invert
    trained = result.networks[0].trained_on
    assert trained.classes == ("ant", "bee", "cat", "dog") and trained.dataset == "zoo" and trained.split == "zoo"
    assert (trained.pictures, trained.epochs, trained.unreadable, trained.seed) == (16, 3, 0, 0)  # 4 of each 6
    files = sorted(path.name for path in (tmp_path / "extractors" / "photo").iterdir())
    assert files == ["config.toml", "extractor.json", "history.csv", "model.safetensors"]


def test_the_best_epoch_is_the_first_with_the_highest_accuracy_on_held_out_pictures(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.5, 0.75, 0.75])
    monkeypatch.setattr(FinetuningRun, "_held_out_accuracy", lambda *_: {"sketch": next(scores)})
    run_finetune(finetune_config(extractor=SKETCH))
    monkeypatch.undo()
    trained = read_trained_on(tmp_path / "extractors" / "sketch")
    assert (trained.best_epoch, trained.epochs, trained.held_out_accuracy) == (2, 3, 0.75)
    rows = read_history(tmp_path / "extractors" / "sketch")
    assert [row["best"] for row in rows] == ["1", "1", "0"]
    assert [row["held_out_sketch_accuracy"] for row in rows] == ["0.5", "0.75", "0.75"]


def test_the_classes_are_learned_and_seen_by_the_averaged_weights(
    run_finetune: Run, finetune_config: MakeConfig
) -> None:
    """Photos are coloured by class."""
    config = finetune_config(extractor={"modality": "photo"}, schedule={"epochs": 12}, fitting={"learning_rate": 0.01})
    remember = Remember()
    run_finetune(config, on_epoch=remember)
    first, last = remember.epochs[0], remember.epochs[-1]
    assert last.loss < first.loss and (last.held_out_accuracy or 0) >= 0.75 > 0.25


@pytest.mark.parametrize("place", [("sketch", 1, 2), ("sketch", 3, 2), ("photo", 2, 1)])
def test_an_interrupted_training_continues_to_the_same_weights(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path, place: tuple[NetworkName, int, int]
) -> None:
    config = finetune_config(fitting={"dropout": 0.2})
    expected = run_finetune(config, "whole")
    with pytest.raises(KeyboardInterrupt):
        run_finetune(config, "stopped", progress=StopAt(*place))
    remember = Remember()
    found = run_finetune(None, "stopped", resume=True, on_epoch=remember)
    assert [one.trained_on for one in found.networks] == [one.trained_on for one in expected.networks]
    for side in ("sketch", "photo"):
        assert same(tmp_path / "whole" / side, tmp_path / "stopped" / side)
    done = place[1] - 1 + (3 if place[0] == "photo" else 0)
    assert len(remember.epochs) == 6 - done


def test_a_kill_between_the_best_network_and_the_state_costs_that_epoch_only(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = finetune_config(extractor=SKETCH)
    run_finetune(config, "whole")
    plain, calls = Job.write_state, iter(range(9))

    def dies_the_second_time(self: Job, *arguments: Any) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        plain(self, *arguments)

    monkeypatch.setattr(Job, "write_state", dies_the_second_time)
    with pytest.raises(KeyboardInterrupt):
        run_finetune(config, "killed")
    monkeypatch.undo()
    run_finetune(None, "killed", resume=True)
    assert same(tmp_path / "whole" / "sketch", tmp_path / "killed" / "sketch")


def test_a_finished_training_has_nothing_left_to_continue(run_finetune: Run, finetune_config: MakeConfig) -> None:
    config = finetune_config(extractor=SKETCH)
    expected = run_finetune(config)
    remember = Remember()
    again = run_finetune(None, resume=True, on_epoch=remember)
    assert again.networks == expected.networks and not remember.epochs


def test_pictures_of_unseen_classes_are_never_opened(
    run_finetune: Run, finetune_config: MakeConfig, small_config: RunConfig, tmp_path: Path
) -> None:
    """Every picture of validation and test classes is replaced by bytes that no decoder accepts."""
    config = finetune_config()
    run_finetune(config, "before")
    for modality in ("sketch", "photo"):
        for name in ("elk", "fox", "gnu", "hen"):
            for path in (Path(small_config.data.dataset) / modality / name).iterdir():
                path.write_bytes(b"not a picture")
    run_finetune(config, "after")
    for side in ("sketch", "photo"):
        assert same(tmp_path / "before" / side, tmp_path / "after" / side)
        assert read_trained_on(tmp_path / "after" / side).unreadable == 0


def test_classes_that_are_not_in_the_split_stop_before_training(
    run_finetune: Run, finetune_config: MakeConfig, small_config: RunConfig, tmp_path: Path
) -> None:
    shutil.copytree(Path(small_config.data.dataset) / "sketch" / "ant", Path(small_config.data.dataset) / "sketch/yak")
    shutil.copytree(Path(small_config.data.dataset) / "photo" / "ant", Path(small_config.data.dataset) / "photo/yak")
    with pytest.raises(SplitError, match=r"1 folders are not in the split \('yak'\)"):
        run_finetune(finetune_config())
    Path(small_config.data.split).write_text('train = ["ant", "emu"]\nval = ["elk"]\ntest = ["gnu"]\n')
    with pytest.raises(SplitError, match=r"1 of its classes are not in the folder \('emu'"):
        run_finetune(finetune_config())
    assert not (tmp_path / "extractors").exists()


def test_extractors_are_refused_for_a_split_that_keeps_their_classes_unseen(
    run_finetune: Run, finetune_config: MakeConfig, small_config: RunConfig, tmp_path: Path
) -> None:
    run_finetune(finetune_config(schedule={"epochs": 1}))
    backbone = replace(small_config.backbone, spec=f"finetuned:{tmp_path / 'extractors'}")
    config = replace(small_config, backbone=backbone)
    extractors = open_extractors(config, open_split_dataset(config), tmp_path)
    assert isinstance(extractors.sketch, FinetunedBackbone)
    split = Path(small_config.data.split)
    for swapped in ('["gnu", "bee", "cat", "dog"]\nval = ["elk", "fox"]\ntest = ["ant", "hen"]', None):
        text = swapped or '["elk", "bee", "cat", "dog"]\nval = ["ant", "fox"]\ntest = ["gnu", "hen"]'
        split.write_text(f"train = {text}\n")
        with pytest.raises(
            BackboneError, match=r"keeps unseen \('ant'\): it was trained on the 4 seen classes of zoo's"
        ):
            open_extractors(config, open_split_dataset(config), tmp_path)


def test_a_shared_network_learns_from_both_modalities(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    remember = Remember()
    config = finetune_config(extractor={"shared": True, "invert_sketches": True})
    result = run_finetune(config, on_epoch=remember)
    assert [found.network for found in result.networks] == ["shared"]
    assert result.networks[0].trained_on.pictures == 32
    assert all(set(epoch.held_out) == {"sketch", "photo"} for epoch in remember.epochs)
    pair = load_finetuned_pair(tmp_path / "extractors")
    assert pair.sketch.fingerprint == pair.photo.fingerprint
    assert pair.sketch.transform.invert and not pair.photo.transform.invert
    with pytest.raises(CheckpointError, match=r"holds shared; a pair of networks and a shared one cannot stand in one"):
        run_finetune(finetune_config())


def test_a_shared_network_needs_one_trunk(
    run_finetune: Run, finetune_config: MakeConfig, small_config: RunConfig, tmp_path: Path
) -> None:
    for side in ("sketch", "photo"):
        shutil.copytree(tmp_path / "network", tmp_path / "pair" / side)
    config = finetune_config(extractor={"shared": True}, trunk={"spec": f"tiny:{tmp_path / 'pair'}"})
    with pytest.raises(
        ConfigError, match=r"pair is a network for each modality, .* Hugging Face name .*finetune --two"
    ):
        run_finetune(config)


def test_a_smaller_input_and_other_statistics_are_kept_with_the_network(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    extractor = {"input_size": 24, "statistics": "imagenet"}
    run_finetune(finetune_config(extractor=extractor, schedule={"epochs": 1}))
    transform = load_finetuned_pair(tmp_path / "extractors").photo.transform
    assert (transform.height, transform.width, transform.mean) == (24, 24, (0.485, 0.456, 0.406))


def test_classes_with_one_picture_have_nothing_held_out_and_it_is_said(
    run_finetune: Run, finetune_config: MakeConfig, small_config: RunConfig, tmp_path: Path
) -> None:
    for modality in ("sketch", "photo"):
        for path in sorted((Path(small_config.data.dataset) / modality / "bee").iterdir())[1:]:
            path.unlink()
    notes: list[str] = []
    run_finetune(finetune_config(extractor=SKETCH), note=notes.append)
    assert "sketch: no sketch is held out of 1 classes with one picture each: 'bee'" in notes
    for name in ("ant", "cat", "dog"):
        for path in sorted((Path(small_config.data.dataset) / "sketch" / name).iterdir())[1:]:
            path.unlink()
    result = run_finetune(finetune_config(extractor=SKETCH), "alone", note=notes.append)
    assert notes[-1] == "sketch: no picture is held out, so the last epoch is taken"
    trained = result.networks[0].trained_on
    assert (trained.best_epoch, trained.held_out_accuracy, trained.pictures) == (3, None, 4)


def test_unreadable_pictures_are_skipped_counted_and_named(
    run_finetune: Run, finetune_config: MakeConfig, small_config: RunConfig, tmp_path: Path
) -> None:
    (Path(small_config.data.dataset) / "sketch" / "bee" / "003.png").write_bytes(b"not a picture")
    notes: list[str] = []
    config = finetune_config(extractor=SKETCH)
    result = run_finetune(config, note=notes.append)
    assert result.networks[0].trained_on.unreadable == 1
    assert notes[-1] == "sketch: skipped 1 unreadable pictures: 'bee/003.png'"
    with pytest.raises(KeyboardInterrupt):
        run_finetune(config, "stopped", progress=StopAt("sketch", 3, 1))
    assert run_finetune(None, "stopped", resume=True).networks[0].trained_on == result.networks[0].trained_on
    (Path(small_config.data.dataset) / "sketch" / "bee" / "004.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"at least 2 of 24 sketch pictures in .* are unreadable"):
        run_finetune(config, "stopped", overwrite=True)


def test_a_loss_that_is_not_finite_stops_with_the_last_good_weights(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = finetune_config(extractor=SKETCH)
    cross_entropy, calls = torch.nn.functional.cross_entropy, iter(range(99))

    def turns_bad(*arguments: Any, **options: Any) -> torch.Tensor:
        loss = cross_entropy(*arguments, **options)
        return loss * torch.nan if next(calls) == 3 else loss  # the second step of the second epoch

    monkeypatch.setattr("pcmsn.training.finetune.loop.F.cross_entropy", turns_bad)
    message = (
        r"sketch: the loss is nan in epoch 2, step 2 of 2; the weights of epoch 1 stay in .*sketch. Train again with a "
        r"lower learning rate: --learning-rate 0.001 --overwrite"
    )
    with pytest.raises(TrainingError, match=message):
        run_finetune(config)
    monkeypatch.undo()
    assert not is_finished(tmp_path / "extractors" / "sketch")
    with pytest.raises(KeyboardInterrupt):
        run_finetune(config, "good", progress=StopAt("sketch", 2, 1))
    assert same(tmp_path / "extractors" / "sketch", tmp_path / "good" / "sketch")


def test_a_gradient_that_is_not_finite_stops_too(
    run_finetune: Run, finetune_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightning_fabric.Fabric.clip_gradients", lambda *_, **__: torch.tensor(torch.inf))
    with pytest.raises(
        TrainingError, match=r"the gradient is inf in epoch 1, step 1 of 2; no epoch was completed, not"
    ):
        run_finetune(finetune_config(extractor=SKETCH))


@pytest.mark.parametrize(
    "error",
    [RuntimeError("CUDA out of memory. Tried"), RuntimeError("DefaultCPUAllocator: not enough memory"), MemoryError()],
)
def test_too_little_memory_says_which_batch_to_try(
    run_finetune: Run, finetune_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(FinetuningRun, "_train", fails)
    with pytest.raises(
        TrainingError, match=r"sketch: the memory of cpu does not suffice for batches of 8; try --batch-s"
    ):
        run_finetune(finetune_config(extractor=SKETCH))


def test_other_errors_of_torch_stay_as_they_are(
    run_finetune: Run, finetune_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(FinetuningRun, "_train", fails)
    with pytest.raises(RuntimeError, match="shapes differ"):
        run_finetune(finetune_config(extractor=SKETCH))


def test_what_is_there_is_not_replaced_unasked(run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path) -> None:
    config = finetune_config(extractor=SKETCH, schedule={"epochs": 1})
    run_finetune(config)
    with pytest.raises(
        CheckpointError, match=r"already holds sketch; continue with --resume, replace with --overwrite"
    ):
        run_finetune(finetune_config())
    run_finetune(finetune_config(extractor={"modality": "photo"}, schedule={"epochs": 1}))
    assert load_finetuned_pair(tmp_path / "extractors").feature_dims == (6, 6)
    other = replace(config, schedule=replace(config.schedule, seed=5))
    result = run_finetune(other, overwrite=True)
    assert result.networks[0].trained_on.seed == 5
    with pytest.raises(
        CheckpointError, match=r"nowhere holds no fine-tuning to continue; expected what pcmsn finetune"
    ):
        run_finetune(None, "nowhere", resume=True)


@pytest.mark.parametrize(
    ("hardware", "tables", "message"),
    [
        (Hardware(device="cpu", devices=3), {}, r"a batch of 8 cannot be divided evenly among 3 processes; .* 6 or 9"),
        (
            Hardware(device="cpu", devices=8),
            {"extractor": {"shared": True}},
            r"a batch of 8, half of it sketches and half photos, .* 8 processes; pass --batch-size 16",
        ),
        (Hardware(device="cuda:1", devices=2), {}, r"--device cuda:1 (cannot be used here|is one device)"),
        (Hardware(device="cpu"), {"schedule": {"precision": "16-mixed"}}, r"precision 16-mixed needs a CUDA device"),
    ],
)
def test_hardware_that_does_not_fit_stops_before_anything_is_written(
    finetune_config: MakeConfig, tmp_path: Path, hardware: Hardware, tables: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        finetune(finetune_config(**tables), tmp_path / "extractors", hardware=hardware)
    assert not (tmp_path / "extractors").exists()


def test_there_is_at_least_one_device() -> None:
    with pytest.raises(ConfigError, match=r"--devices and --nodes must be at least 1, got 0 and 1"):
        Hardware(devices=0)


def test_the_released_layout_is_refused_before_training(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    with pytest.raises(BackboneError, match=r"holds VGG16 networks only, got network"):
        run_finetune(finetune_config(), released_layout=tmp_path / "model")
    assert not (tmp_path / "extractors").exists()


def test_vgg16_is_written_in_the_released_layout(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pcmsn.features.backbones import vgg16
    from pcmsn.features.backbones.load import load_extractors

    monkeypatch.setattr(vgg16, "_HIDDEN", 6)
    monkeypatch.setattr(vgg16, "_CONVOLUTIONS", ((1, 1), (1, 1), (1, 1), (1, 1), (512, 1)))
    transform = vgg16.released_transform("photo")
    trunk = vgg16.VGG16(name="vgg16", transform=transform, outputs=1000, stop="hidden")
    torch.save(trunk.state_dict(), tmp_path / "vgg16.pth")
    config = finetune_config(
        trunk={"spec": f"vgg16:{tmp_path / 'vgg16.pth'}"},
        extractor={"bottleneck": 512, "invert_sketches": True, "statistics": "plain"},
        schedule={"epochs": 1},
    )
    result = run_finetune(config, released_layout=tmp_path / "model")
    assert [path.name for path in result.released] == ["zoo_sketch.pth", "zoo_image.pth"]
    released = load_extractors("vgg16", dataset_name="zoo", model_root=tmp_path / "model")
    own = load_finetuned_pair(tmp_path / "extractors")
    pixels = torch.rand(2, 3, 224, 224)
    for first, second in ((released.sketch, own.sketch), (released.photo, own.photo)):
        torch.testing.assert_close(first(pixels), second(pixels))
        assert first.transform == second.transform


def test_half_precision_trains_too_and_the_saved_weights_are_whole(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    remember = Remember()
    run_finetune(finetune_config(extractor=SKETCH, schedule={"precision": "bf16-mixed"}), on_epoch=remember)
    weights = load_file(tmp_path / "extractors" / "sketch" / "model.safetensors")
    assert weights["bottleneck.weight"].dtype == torch.float32
    assert len(remember.epochs) == 3 and all(epoch.held_out for epoch in remember.epochs)


def test_a_begun_network_keeps_the_configuration_of_its_own(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    """Interrupted before the second network was begun: it follows, configured as the first."""
    config = finetune_config(schedule={"epochs": 1})
    run_finetune(config, "whole")
    with pytest.raises(KeyboardInterrupt):
        run_finetune(config, "stopped", progress=StopAt("sketch", 1, 1))
    shutil.rmtree(tmp_path / "stopped" / "photo")
    result = run_finetune(None, "stopped", resume=True)
    assert [found.network for found in result.networks] == ["sketch", "photo"]
    assert same(tmp_path / "whole" / "photo", tmp_path / "stopped" / "photo")
    assert (tmp_path / "stopped" / "photo" / "config.toml").exists()


def test_a_replaced_training_leaves_nothing_of_the_old_one_to_continue(
    run_finetune: Run, finetune_config: MakeConfig, tmp_path: Path
) -> None:
    run_finetune(finetune_config(schedule={"epochs": 1}))
    other = finetune_config(schedule={"epochs": 1, "seed": 7})
    with pytest.raises(KeyboardInterrupt):
        run_finetune(other, overwrite=True, progress=StopAt("sketch", 1, 1))
    result = run_finetune(None, resume=True)
    assert [found.trained_on.seed for found in result.networks] == [7, 7]
