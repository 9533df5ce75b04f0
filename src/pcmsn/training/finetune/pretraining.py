"""Training the ``tiny`` networks as classifiers of the seen classes, one for sketches and one for photos."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from pcmsn.data.atomic import write_text_atomically
from pcmsn.data.records import Dataset, Pictures
from pcmsn.errors import DataError, UnreadablePictureError
from pcmsn.features.backbones.tiny import TinyNetwork, save_tiny
from pcmsn.progress import Progress, silent
from pcmsn.seeding import numpy_generator, seeded_torch, torch_generator
from pcmsn.training.finetune.augmentation import random_affine, warped
from pcmsn.training.schedule import learning_rate_factor

TRAINED_ON = "trained_on.json"
"""The file that says what the two networks of a folder were trained on; written last."""


@dataclass(frozen=True, kw_only=True)
class PretrainingConfig:
    """How each tiny network is trained; enough for the toy world in about a minute on two cores."""

    epochs: int = 24
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    warm_up: float = 0.1
    """Share of all steps in which the learning rate rises; it then falls as half a cosine."""
    label_smoothing: float = 0.1
    most_pictures: int = 40_000
    """Of each modality; more are not held in memory."""


def pretrain_tiny(
    seen: Dataset,
    folder: Path,
    *,
    seed: int,
    config: PretrainingConfig | None = None,
    progress: Progress | None = None,
) -> None:
    """Train two tiny networks into ``folder``, ``sketch`` and ``photo``, each on one modality of ``seen``.

    Nothing is done where they were trained on the same pictures in the same way before. ``seen`` must hold the seen
    classes and nothing else; every picture of it may be used. As in the paper the two are trained apart: what brings
    sketches and photos together is the network on top of them. Raises DataError where no picture is readable.
    """
    config = config or PretrainingConfig()
    description = _description(seen, seed, config)
    if _read_description(folder) == description:
        return
    (folder / TRAINED_ON).unlink(missing_ok=True)
    for pictures in (seen.sketches, seen.photos):
        with seeded_torch(seed, "tiny network", pictures.modality):
            network = TinyNetwork()
        pixels, labels = _load(pictures, network, seed, config)
        _fit(network, pixels, labels, pictures, seed, config, progress or silent)
        save_tiny(network, folder / pictures.modality)
    write_text_atomically(folder / TRAINED_ON, json.dumps(description, indent=1) + "\n")


def _description(seen: Dataset, seed: int, config: PretrainingConfig) -> dict[str, object]:
    names = "\n".join(seen.sketches.names + seen.photos.names)
    return {
        "dataset": seen.name,
        "classes": list(seen.classes),
        "files": hashlib.sha256(names.encode()).hexdigest(),
        "seed": seed,
        "config": asdict(config),
    }


def _read_description(folder: Path) -> object:
    try:
        return json.loads((folder / TRAINED_ON).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _load(pictures: Pictures, network: TinyNetwork, seed: int, config: PretrainingConfig) -> tuple[Tensor, Tensor]:
    """(N, 3, S, S) uint8 pixels and (N,) labels, in random order; unreadable pictures are left out."""
    generator = numpy_generator(seed, "tiny network", "pictures", pictures.modality)
    transform = network.architecture.transform

    def decode(index: int) -> NDArray[np.uint8] | None:
        try:
            return transform.decode(pictures.path(index))
        except UnreadablePictureError:
            return None

    chosen = [int(index) for index in generator.permutation(len(pictures))[: config.most_pictures]]
    with ThreadPoolExecutor() as pool:
        decoded = list(pool.map(decode, chosen))
    labelled = zip(decoded, pictures.labels[chosen], strict=True)
    readable = [(pixels, label) for pixels, label in labelled if pixels is not None]
    if not readable:
        raise DataError(
            f"none of {len(chosen)} {pictures.modality} pictures in {pictures.folder} can be read; pcmsn data check "
            "lists what is wrong with each"
        )
    pixels = torch.from_numpy(np.stack([pixels for pixels, _ in readable]))
    return pixels.permute(0, 3, 1, 2).contiguous(), torch.tensor([label for _, label in readable])


def _fit(
    network: TinyNetwork,
    pixels: Tensor,
    labels: Tensor,
    pictures: Pictures,
    seed: int,
    config: PretrainingConfig,
    progress: Progress,
) -> None:
    with seeded_torch(seed, "tiny network", pictures.modality, "classifier"):
        classifier = nn.Linear(network.feature_dim, len(pictures.classes))
    parameters = [*network.parameters(), *classifier.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
    per_epoch = max(1, len(pixels) // config.batch_size)
    steps = config.epochs * per_epoch
    generator = torch_generator(seed, "tiny network", pictures.modality, "batches")
    network.train()
    for step in range(steps):
        if step % per_epoch == 0:
            order = torch.randperm(len(pixels), generator=generator)
        batch = order[(step % per_epoch) * config.batch_size :][: config.batch_size]
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * learning_rate_factor(step + 1, steps, config.warm_up)
        logits = classifier(network(_augmented(pixels[batch], generator)))
        loss = F.cross_entropy(logits, labels[batch], label_smoothing=config.label_smoothing)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        progress(f"training the tiny network for {pictures.modality} pictures", step + 1, steps)
    network.eval()


def _augmented(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 3, S, S) uint8 to float in [-1, 1], each picture flipped, turned, scaled and moved a little at random."""
    return warped(pixels.float() / 127.5 - 1, random_affine(len(pixels), generator))
