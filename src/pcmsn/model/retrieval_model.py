"""What every model has in common: visual features of either modality in, retrieval features of one space out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.networks import Standardisation


class RetrievalModel(nn.Module, ABC):
    """A network on top of frozen visual features, which go in raw: it standardises them itself."""

    def __init__(self, dims: FeatureDims, config: ModelConfig) -> None:
        super().__init__()
        self.dims = dims
        self.config = config
        self.sketch_standardisation = Standardisation(dims.sketch)
        self.photo_standardisation = Standardisation(dims.photo)

    @torch.inference_mode()
    def embed_sketches(self, features: Tensor) -> Tensor:
        """Raw sketch features (N, sketch_dim) to retrieval features (N, dim); each row alone, as in evaluation mode."""
        with self._evaluating():
            return self.forward_sketches(features)

    @torch.inference_mode()
    def embed_photos(self, features: Tensor) -> Tensor:
        """Raw photo features (N, photo_dim) to retrieval features (N, dim); each row alone, as in evaluation mode."""
        with self._evaluating():
            return self.forward_photos(features)

    def forward_sketches(self, features: Tensor) -> Tensor:
        """What ``embed_sketches`` gives, but with gradients and in the mode that the model is in."""
        return self._retrieve_sketches(self.sketch_standardisation(features))

    def forward_photos(self, features: Tensor) -> Tensor:
        """What ``embed_photos`` gives, but with gradients and in the mode that the model is in."""
        return self._retrieve_photos(self.photo_standardisation(features))

    @abstractmethod
    def _retrieve_sketches(self, features: Tensor) -> Tensor:
        """(N, sketch_dim) standardised features to (N, dim)."""

    @abstractmethod
    def _retrieve_photos(self, features: Tensor) -> Tensor:
        """(N, photo_dim) standardised features to (N, dim)."""

    def complete(self, sketches: Tensor, sketch_classes: Tensor, photos: Tensor, photo_classes: Tensor) -> None:
        """Set what is computed from training features instead of learned, after each epoch; here nothing is.

        ``sketches`` are raw features (Q, sketch_dim) of classes (Q,), ``photos`` (N, photo_dim) of classes (N,).
        """

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        training = self.training
        self.eval()
        try:
            yield
        finally:
            self.train(training)
