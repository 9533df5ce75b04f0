"""The Progressive Cross-Modal Semantic Network: visual -> semantic -> retrieval, one shared last step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.networks import (
    Discriminator,
    Generator,
    ReconstructionDecoder,
    RetrievalDecoder,
    SeenClassifier,
    Standardisation,
)


@dataclass(frozen=True)
class PCMSNOutput:
    """Everything that one batch of same-class pairs gives; B pairs in every field."""

    sketch: Tensor
    """(B, sketch_dim) visual features as the generators see them (standardised where that is on)."""
    photo: Tensor
    """(B, photo_dim), likewise."""
    sketch_semantic: Tensor
    """(B, semantic_dim) z_ske = G_ske(x_ske)."""
    photo_semantic: Tensor
    """(B, semantic_dim) z_img = G_img(x_img)."""
    sketch_from_sketch: Tensor
    """(B, sketch_dim) R_ske(z_ske)."""
    sketch_from_photo: Tensor
    """(B, sketch_dim) R_ske(z_img)."""
    photo_from_sketch: Tensor
    """(B, photo_dim) R_img(z_ske)."""
    photo_from_photo: Tensor
    """(B, photo_dim) R_img(z_img)."""
    sketch_retrieval: Tensor
    """(B, dim) r_ske."""
    photo_retrieval: Tensor
    """(B, dim) r_img."""


class PCMSN(nn.Module):
    """The network of the paper on top of frozen visual features."""

    def __init__(self, dims: FeatureDims, config: ModelConfig) -> None:
        super().__init__()
        self.dims = dims
        self.config = config
        drop = config.dropout
        self.sketch_standardisation = Standardisation(dims.sketch)
        self.photo_standardisation = Standardisation(dims.photo)
        self.sketch_generator = Generator(dims.sketch, dims.semantic, drop)
        self.photo_generator = Generator(dims.photo, dims.semantic, drop)
        self.sketch_reconstruction = ReconstructionDecoder(dims.semantic, dims.sketch, drop)
        self.photo_reconstruction = ReconstructionDecoder(dims.semantic, dims.photo, drop)
        self.retrieval_decoder = RetrievalDecoder(dims.semantic, config.dim, drop)
        self.discriminator = Discriminator(dims.semantic, config.discriminator_noise)
        self.classifier = SeenClassifier(config.dim, dims.classes, config.classifier)

    def forward(self, sketch_features: Tensor, photo_features: Tensor) -> PCMSNOutput:
        """What the losses need of B same-class pairs, from raw visual features (B, sketch_dim) and (B, photo_dim)."""
        sketch = self.sketch_standardisation(sketch_features)
        photo = self.photo_standardisation(photo_features)
        sketch_semantic = self.sketch_generator(sketch)
        photo_semantic = self.photo_generator(photo)
        return PCMSNOutput(
            sketch=sketch,
            photo=photo,
            sketch_semantic=sketch_semantic,
            photo_semantic=photo_semantic,
            sketch_from_sketch=self.sketch_reconstruction(sketch_semantic),
            sketch_from_photo=self.sketch_reconstruction(photo_semantic),
            photo_from_sketch=self.photo_reconstruction(sketch_semantic),
            photo_from_photo=self.photo_reconstruction(photo_semantic),
            sketch_retrieval=self.retrieval_decoder(sketch_semantic),
            photo_retrieval=self.retrieval_decoder(photo_semantic),
        )

    @torch.inference_mode()
    def embed_sketches(self, features: Tensor) -> Tensor:
        """Raw sketch features (N, sketch_dim) to retrieval features (N, dim); each row alone, as in evaluation mode."""
        return self._embed(features, self.sketch_standardisation, self.sketch_generator)

    @torch.inference_mode()
    def embed_photos(self, features: Tensor) -> Tensor:
        """Raw photo features (N, photo_dim) to retrieval features (N, dim); each row alone, as in evaluation mode."""
        return self._embed(features, self.photo_standardisation, self.photo_generator)

    def _embed(self, features: Tensor, standardisation: nn.Module, generator: nn.Module) -> Tensor:
        training = self.training
        self.eval()
        try:
            retrieval: Tensor = self.retrieval_decoder(generator(standardisation(features)))
        finally:
            self.train(training)
        return retrieval

    def generator_parameters(self) -> Iterator[nn.Parameter]:
        """Every parameter that the generators' optimizer moves: all but the discriminator's."""
        for name, parameter in self.named_parameters():
            if not name.startswith("discriminator."):
                yield parameter
