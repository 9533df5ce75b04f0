"""The one loop of all learned methods: batches of same-class pairs, a validation an epoch, the best epoch kept.

Pairs, their number and the early stop are those of ``pcmsn train``, from the same seeds: with one seed, every method
sees the same pairs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pcmsn.errors import TrainingError
from pcmsn.features.tables import FeatureTable, FeatureTables
from pcmsn.seeding import numpy_generator, seeded_torch
from pcmsn.training.methods.fitting.scaling import Scaling
from pcmsn.training.methods.fitting.task import Embed, Embeddings, Fitted, Task, validation_map
from pcmsn.training.pairs import PairSampler

ROWS = 4096
"""Features that are embedded at once."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B same-class pairs on the device."""

    sketches: Tensor
    """(B, sketch_dim) scaled features."""
    photos: Tensor
    """(B, photo_dim) scaled features."""
    semantic: Tensor
    """(B, semantic_dim) vectors of the classes."""
    labels: Tensor
    """(B,) classes."""


class EmbeddingNetwork(nn.Module, ABC):
    """A network that embeds both modalities into one space, row by row in evaluation mode."""

    @abstractmethod
    def embed_sketches(self, sketches: Tensor) -> Tensor:
        """Scaled (N, sketch_dim) features to (N, dim)."""

    @abstractmethod
    def embed_photos(self, photos: Tensor) -> Tensor:
        """Scaled (N, photo_dim) features to (N, dim)."""


class Learner(Protocol):
    """A network with its losses and optimizers."""

    @property
    def network(self) -> EmbeddingNetwork:
        """What is trained, with every parameter that its losses have."""

    def update(self, batch: Batch) -> float:
        """Move the parameters once; gives the loss before that."""


def move(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Make one step of the optimizer down the gradient of the loss, a scalar."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def learn(make: Callable[[], Learner], task: Task) -> Fitted:
    """What ``make`` gives, trained to the task's last epoch or its early stop, with the weights of the best epoch.

    ``make`` draws initial weights from torch's own generator, which is seeded here. Raises TrainingError when a loss is
    not finite.
    """
    training, seed = task.config.training, task.seed
    with seeded_torch(seed, "initial weights"):
        learner = make()
    network = learner.network.to(task.device)
    scaling = Scaling(task.data.train, task.config.backbone.standardise, task.device)
    batches = _Batches(task, scaling)
    embed = _embedding(network, scaling)
    best = Fitted(embed, -1.0)
    weights: dict[str, Tensor] = {}
    for epoch in range(1, training.epochs + 1):
        network.train()
        with seeded_torch(seed, "dropout and noise", epoch):
            for batch in batches.of_epoch(epoch):
                _check_finite(learner.update(batch), epoch)
        score = validation_map(embed, task.data.val)
        if score > best.validation_map or len(task.data.val.classes) == 1:  # with one class every epoch scores 1
            best = Fitted(embed, score, best_epoch=epoch)
            weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        if training.early_stop and epoch - best.best_epoch >= training.early_stop:
            break
    network.load_state_dict(weights)
    return Fitted(embed, best.validation_map, best.best_epoch, epochs_done=epoch)


class _Batches:
    """The pairs of each epoch, as tensors on the device."""

    def __init__(self, task: Task, scaling: Scaling) -> None:
        train = task.data.train
        self._task, self._scaling = task, scaling
        self._sampler = PairSampler(train.sketches.labels, train.photos.labels, len(train.classes))
        self._sketches, self._photos, self._semantic = (
            torch.from_numpy(np.asarray(values)).to(task.device)
            for values in (train.sketches.features, train.photos.features, task.data.semantic)
        )

    def of_epoch(self, epoch: int) -> Iterator[Batch]:
        training, device = self._task.config.training, self._task.device
        generator = numpy_generator(self._task.seed, "pairs", epoch)
        for pairs in self._sampler.batches(training.batches_per_epoch, training.batch_size, generator):
            labels = torch.from_numpy(pairs.labels).to(device)
            yield Batch(
                self._scaling.sketches(self._sketches[torch.from_numpy(pairs.sketches).to(device)]),
                self._scaling.photos(self._photos[torch.from_numpy(pairs.photos).to(device)]),
                self._semantic[labels],
                labels,
            )


def _embedding(network: EmbeddingNetwork, scaling: Scaling) -> Embed:
    def in_blocks(table: FeatureTable, function: Callable[[Tensor], Tensor]) -> NDArray[np.float32]:
        device = next(network.parameters()).device
        rows = (torch.from_numpy(table.features[start : start + ROWS]) for start in range(0, len(table.features), ROWS))
        with torch.inference_mode():
            return np.concatenate([function(block.to(device)).cpu().numpy() for block in rows])

    def embed(tables: FeatureTables) -> Embeddings:
        network.eval()
        return (
            in_blocks(tables.sketches, lambda rows: network.embed_sketches(scaling.sketches(rows))),
            in_blocks(tables.photos, lambda rows: network.embed_photos(scaling.photos(rows))),
        )

    return embed


def _check_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise TrainingError(
            f"the loss is no longer a finite number in epoch {epoch} ({loss}); lower the method's learning rate, or "
            "look for extreme values in the features or class vectors"
        )
