"""Two separate networks, one a modality, that end in one space: what metric losses are compared on."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from pcmsn.model.networks import Generator
from pcmsn.training.methods.fitting.learning import Batch, EmbeddingNetwork, move
from pcmsn.training.methods.fitting.task import Task

PairLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From (B, dim) sketch and photo embeddings of length 1 and their (B,) classes to a scalar."""


class TwoBranches(EmbeddingNetwork):
    """PCMSN's generator blocks, ending in embeddings of length 1: visual -> (visual + dim) / 2 -> the same -> dim."""

    def __init__(self, sketch_dim: int, photo_dim: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.sketch_branch = Generator(sketch_dim, dim, dropout)
        self.photo_branch = Generator(photo_dim, dim, dropout)

    def embed_sketches(self, sketches: Tensor) -> Tensor:
        """Scaled (N, sketch_dim) features to (N, dim), rows of length 1."""
        return F.normalize(self.sketch_branch(sketches))

    def embed_photos(self, photos: Tensor) -> Tensor:
        """Scaled (N, photo_dim) features to (N, dim), rows of length 1."""
        return F.normalize(self.photo_branch(photos))


class TwoBranchLearner:
    """Two branches under one metric loss, moved by Adam."""

    def __init__(self, task: Task, loss: PairLoss, learning_rate: float) -> None:
        dims, model = task.data.dims(), task.config.model
        self.network = TwoBranches(dims.sketch, dims.photo, model.dim, model.dropout)
        self._loss = loss
        self._optimizer = torch.optim.Adam(self.network.parameters(), lr=learning_rate)

    def update(self, batch: Batch) -> float:
        """Make one step of Adam; gives the loss before it."""
        sketches, photos = self.network.embed_sketches(batch.sketches), self.network.embed_photos(batch.photos)
        loss = self._loss(sketches, photos, batch.labels)
        move(self._optimizer, loss)
        return loss.item()
