"""One epoch of fine-tuning against a slow version, written from the definitions of what the settings mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from finetuning_observers import Remember
from safetensors.torch import load_file
from torch import Tensor, nn

from pcmsn.seeding import seeded_torch
from pcmsn.training.averaging import AverageWeights
from pcmsn.training.finetune import loop
from pcmsn.training.finetune.config import FinetuneConfig
from pcmsn.training.finetune.folder import Job
from pcmsn.training.finetune.pictures import PictureStream, Portion, decoding_threads
from pcmsn.training.finetune.preparation import Prepared, open_finetune_dataset, prepare
from pcmsn.training.finetune.session import FinetuneResult

FITTING = {
    "learning_rate": 0.03,
    "weight_decay": 0.3,
    "warm_up": 0.5,
    "label_smoothing": 0.2,
    "dropout": 0.3,
    "clip": 0.5,
    "average_decay": 0.5,
}
STEPS, SIZE = 4, 4


def slow_epoch(prepared: Prepared, stream: PictureStream) -> tuple[dict[str, Tensor], dict[str, Tensor], float]:
    """The averaged and the last weights after one epoch, and its mean loss."""
    network, config = prepared.network, prepared.job.config
    optimizer = torch.optim.AdamW(network.groups(config))
    rates = [group["lr"] for group in optimizer.param_groups]
    average = {name: value.clone() for name, value in network.state_dict().items()}
    losses = []
    network.train()
    with decoding_threads() as pool, seeded_torch(config.schedule.seed, "fine-tuning dropout", "photo", 1, 0):
        for step, (pixels, labels) in enumerate(stream.training(pool, 1, STEPS), start=1):
            # Warm-up over two of four steps, then half a cosine over the other two.
            factor = {1: 0.5, 2: 1.0, 3: 1.0, 4: 0.5 * (1 + math.cos(math.pi / 2))}[step]
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            chances = network(pixels).softmax(dim=1)
            targets = 0.8 * nn.functional.one_hot(labels, 4) + 0.2 / 4
            loss = -(targets * chances.log()).sum(dim=1).mean()
            losses.append(loss.item())
            loss.backward()
            gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
            length = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))
            assert length > 0.5  # or this would not see whether gradients are shortened
            for gradient in gradients:
                gradient.mul_(0.5 / length)
            optimizer.step()
            optimizer.zero_grad()
            decay = min(0.5, step / (step + 9))
            for name, value in network.state_dict().items():
                mixed = decay * average[name] + (1 - decay) * value if value.is_floating_point() else value.clone()
                average[name] = mixed.detach()
    return average, network.state_dict(), sum(losses) / STEPS


def test_an_epoch_meets_a_slow_version(
    run_finetune: Callable[..., FinetuneResult], finetune_config: Callable[..., FinetuneConfig], tmp_path: Path
) -> None:
    config = finetune_config(
        extractor={"modality": "photo"}, fitting=FITTING, schedule={"epochs": 1, "batch_size": SIZE}
    )
    prepared = prepare(Job("photo", config, tmp_path / "slow"), open_finetune_dataset(config))
    stream = PictureStream(
        prepared.sources[0],
        Portion(SIZE, slice(0, SIZE), process=0, processes=1),
        seed=config.schedule.seed,
        strength=config.schedule.augmentation,
        device=torch.device("cpu"),
    )
    average, last, loss = slow_epoch(prepared, stream)
    remember = Remember()
    run_finetune(config, on_epoch=remember)
    saved = load_file(tmp_path / "extractors" / "photo" / "model.safetensors")
    for name, weights in saved.items():
        if weights.ndim > 1:  # a bias before a norm drifts by rounding
            torch.testing.assert_close(weights, average[name], atol=1e-4, rtol=1e-3)
    assert not torch.allclose(average["bottleneck.weight"], last["bottleneck.weight"], atol=1e-3)
    (epoch,) = remember.epochs
    assert epoch.loss == pytest.approx(loss, abs=1e-4)
    assert epoch.learning_rate == pytest.approx(0.03 * 0.5)


def test_held_out_pictures_are_named_by_the_averaged_weights(
    run_finetune: Callable[..., FinetuneResult],
    finetune_config: Callable[..., FinetuneConfig],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An average that never moves names them alike after every epoch, while the weights learn."""
    monkeypatch.setattr(AverageWeights, "update", lambda *_: None)
    fitting = {"learning_rate": 0.01}
    config = finetune_config(extractor={"modality": "photo"}, schedule={"epochs": 8}, fitting=fitting)
    remember = Remember()
    run_finetune(config, on_epoch=remember)
    assert remember.epochs[-1].accuracy > remember.epochs[0].accuracy + 0.2
    assert len({epoch.held_out_accuracy for epoch in remember.epochs}) == 1


@pytest.mark.parametrize(("precision", "times"), [("bf16-mixed", 1), ("32", 0)])
def test_only_bf16_on_a_cpu_computes_attention_as_products(
    run_finetune: Callable[..., FinetuneResult],
    finetune_config: Callable[..., FinetuneConfig],
    monkeypatch: pytest.MonkeyPatch,
    precision: str,
    times: int,
) -> None:
    switched: list[nn.Module] = []
    monkeypatch.setattr(loop, "compute_attention_as_products", switched.append)
    run_finetune(finetune_config(extractor={"modality": "photo"}, schedule={"epochs": 1, "precision": precision}))
    assert len(switched) == times
