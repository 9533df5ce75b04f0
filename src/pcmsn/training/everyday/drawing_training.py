"""Teaches the network for drawings the kinds, on varied drawings, for a given time; stops and goes on at any moment."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pcmsn.training.everyday.drawings import Drawings
from pcmsn.training.everyday.network import WIDTH, DrawingNetwork

STATE_FILE = "drawings.pt"


@dataclass(frozen=True, kw_only=True)
class DrawingSettings:
    """How the network for drawings is trained."""

    minutes: float = 60.0
    """Time of training; the learning rate falls to zero over it."""
    batch_size: int = 64
    """Drawings a step."""
    learning_rate: float = 5e-4
    """Of the last block at its highest; AdamW."""
    layer_decay: float = 0.8
    """A block learns by this factor slower than the one above it."""
    weight_decay: float = 0.05
    """AdamW's."""
    warmup: float = 0.03
    """Part of the time in which the learning rate rises."""
    label_smoothing: float = 0.1
    """Part of the target that is spread over all kinds."""
    averaging: float = 0.998
    """Decay of the running mean of the weights, which is what is kept."""
    seed: int = 0


class KindClassifier(nn.Module):
    """The network and one linear layer over the kinds, which is thrown away later."""

    def __init__(self, network: DrawingNetwork, kinds: int) -> None:
        super().__init__()
        self.network = network
        self.kinds = nn.Linear(WIDTH, kinds)
        nn.init.normal_(self.kinds.weight, std=0.02)
        nn.init.zeros_(self.kinds.bias)

    def forward(self, sheets: Tensor) -> Tensor:
        """(batch, size, size) grey values to (batch, kinds) logits."""
        logits: Tensor = self.kinds(self.network(sheets))
        return logits


def train_on_drawings(
    model: KindClassifier,
    drawings: Drawings,
    settings: DrawingSettings,
    state: Path,
    *,
    on_report: Callable[[int, float, float], None] = lambda step, progress, loss: None,
    save_every: float = 120.0,
) -> KindClassifier:
    """The model with the running mean of its weights after ``settings.minutes``; goes on from ``state`` if it is there.

    ``on_report`` is told step, progress (0 to 1) and the mean loss, 20 steps apart.
    """
    torch.manual_seed(settings.seed)
    groups = _parameter_groups(model, settings)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    mean = copy.deepcopy(model)
    step, spent, losses = 0, 0.0, 0.0
    if (state / STATE_FILE).is_file():
        saved = torch.load(state / STATE_FILE, weights_only=True)
        model.load_state_dict(saved["model"])
        mean.load_state_dict(saved["mean"])
        optimizer.load_state_dict(saved["optimizer"])
        step, spent = saved["step"], saved["spent"]
    generator = np.random.default_rng([settings.seed, step])
    model.train()
    started = last_save = time.monotonic()
    before = spent
    while (progress := spent / (60 * settings.minutes)) < 1:
        factor = min(progress / settings.warmup, 1.0) if settings.warmup else 1.0
        factor *= 0.5 * (1 + np.cos(np.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * group["relative"] * max(float(factor), 1e-3)
        sheets, kinds = drawings.batch(settings.batch_size, model.network.size, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(torch.from_numpy(sheets).float())
        loss = functional.cross_entropy(
            logits.float(), torch.from_numpy(kinds), label_smoothing=settings.label_smoothing
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        decay = min(settings.averaging, step / (step + 20))
        with torch.no_grad():
            torch._foreach_lerp_(list(mean.parameters()), list(model.parameters()), 1 - decay)
        losses += float(loss.detach())
        now = time.monotonic()
        spent = before + now - started
        if step % 20 == 0:
            on_report(step, progress, losses / 20)
            losses = 0.0
        if now - last_save > save_every:
            _save(state, model, mean, optimizer, step, spent, settings)
            last_save = now
    _save(state, model, mean, optimizer, step, spent, settings)
    return mean.eval()


def _parameter_groups(model: KindClassifier, settings: DrawingSettings) -> list[dict[str, object]]:
    blocks = len(model.network.blocks)
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        parts = name.split(".")
        depth = blocks + 1 if parts[0] == "kinds" or "norm" in parts[1] else 0
        if parts[1] == "blocks":
            depth = int(parts[2]) + 1
        groups.setdefault((depth, parameter.ndim > 1 and parts[1] not in ("first", "places")), []).append(parameter)
    return [
        {
            "params": parameters,
            "relative": settings.layer_decay ** (blocks - min(depth, blocks)) * (4.0 if depth > blocks else 1.0),
            "weight_decay": settings.weight_decay if decays else 0.0,
        }
        for (depth, decays), parameters in groups.items()
    ]


def _save(
    state: Path,
    model: KindClassifier,
    mean: KindClassifier,
    optimizer: torch.optim.Optimizer,
    step: int,
    spent: float,
    settings: DrawingSettings,
) -> None:
    state.mkdir(parents=True, exist_ok=True)
    unfinished = state / f"{STATE_FILE}.new"
    torch.save(
        {
            "model": model.state_dict(),
            "mean": mean.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "spent": spent,
        },
        unfinished,
    )
    unfinished.replace(state / STATE_FILE)
    (state / "drawings.json").write_text(json.dumps(asdict(settings) | {"step": step, "seconds": spent}, indent=1))


@torch.inference_mode()
def drawing_features(
    network: DrawingNetwork, sheets: NDArray[np.uint8], *, batch_size: int = 64
) -> NDArray[np.float32]:
    """(n, 192) features of (n, size, size) sheets."""
    parts = [
        network(torch.from_numpy(sheets[first : first + batch_size]).float()).float().numpy()
        for first in range(0, len(sheets), batch_size)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, WIDTH), dtype=np.float32)
