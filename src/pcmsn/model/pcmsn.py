"""The Progressive Cross-Modal Semantic Network: visual -> semantic -> retrieval, one shared last step.

``ModelConfig`` also makes the forms that the paper compares it with: one retrieval decoder a modality, and the single
step, in which the generators' output is the retrieval feature and alignment with the class vectors happens right there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from pcmsn.losses.weights import ReconstructionKind
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.networks import (
    Discriminator,
    Generator,
    ReconstructionDecoder,
    RetrievalDecoder,
    SeenClassifier,
    SemanticProjection,
)
from pcmsn.model.retrieval_model import RetrievalModel


@dataclass(frozen=True)
class PCMSNOutput:
    """Everything that the losses need of one batch of B same-class pairs.

    ``aligned_dim`` is semantic_dim; in the single step it is dim, and semantic and retrieval features are the same.
    """

    sketch: Tensor
    """(B, sketch_dim) visual features as the generators see them (standardised where that is on)."""
    photo: Tensor
    """(B, photo_dim), likewise."""
    sketch_semantic: Tensor
    """(B, aligned_dim) z_ske = G_ske(x_ske)."""
    photo_semantic: Tensor
    """(B, aligned_dim) z_img = G_img(x_img)."""
    reconstructions: dict[str, Tensor]
    """``sketch_from_sketch`` (B, sketch_dim) R_ske(z_ske), ``sketch_from_photo`` (B, sketch_dim) R_ske(z_img),
    ``photo_from_sketch`` (B, photo_dim) R_img(z_ske) and ``photo_from_photo`` (B, photo_dim) R_img(z_img), as far as
    they were asked for."""
    sketch_retrieval: Tensor
    """(B, dim) r_ske = decoder(z_ske)."""
    photo_retrieval: Tensor
    """(B, dim) r_img = decoder(z_img)."""


class PCMSN(RetrievalModel):
    """The network of the paper on top of frozen visual features: z = G(x), r = decoder(z), each for both modalities."""

    def __init__(self, dims: FeatureDims, config: ModelConfig) -> None:
        super().__init__(dims, config)
        drop = config.dropout
        aligned = dims.semantic if config.progressive else config.dim
        self.sketch_generator = Generator(dims.sketch, dims.semantic, drop, aligned)
        self.photo_generator = Generator(dims.photo, dims.semantic, drop, aligned)
        self.sketch_reconstruction = ReconstructionDecoder(aligned, dims.sketch, drop)
        self.photo_reconstruction = ReconstructionDecoder(aligned, dims.photo, drop)
        if not config.progressive:
            self.semantic_projection = SemanticProjection(dims.semantic, config.dim)
        elif config.retrieval_decoder == "shared":
            self.retrieval_decoder = RetrievalDecoder(dims.semantic, config.dim, drop)
        else:
            self.sketch_retrieval_decoder = RetrievalDecoder(dims.semantic, config.dim, drop)
            self.photo_retrieval_decoder = RetrievalDecoder(dims.semantic, config.dim, drop)
        self.discriminator = Discriminator(aligned, config.discriminator_noise)
        self.classifier = SeenClassifier(config.dim, dims.classes, config.classifier)

    def forward(
        self, sketch_features: Tensor, photo_features: Tensor, reconstruct: ReconstructionKind | None = "cross"
    ) -> PCMSNOutput:
        """What the losses need of B same-class pairs, from raw visual features (B, sketch_dim) and (B, photo_dim).

        ``reconstruct`` says which reconstructions are made; None makes none.
        """
        sketch = self.sketch_standardisation(sketch_features)
        photo = self.photo_standardisation(photo_features)
        sketch_semantic = self.sketch_generator(sketch)
        photo_semantic = self.photo_generator(photo)
        return PCMSNOutput(
            sketch=sketch,
            photo=photo,
            sketch_semantic=sketch_semantic,
            photo_semantic=photo_semantic,
            reconstructions=self._reconstructions(sketch_semantic, photo_semantic, reconstruct),
            sketch_retrieval=self._decode_sketches(sketch_semantic),
            photo_retrieval=self._decode_photos(photo_semantic),
        )

    def class_features(self, semantic: Tensor) -> Tensor:
        """(B, aligned_dim) what the discriminator is shown of (B, semantic_dim) class vectors."""
        if self.config.progressive:
            return semantic
        projected: Tensor = self.semantic_projection(semantic)
        return projected

    def generator_parameters(self) -> Iterator[nn.Parameter]:
        """Every parameter that the generators' optimizer moves: all but the discriminator's."""
        for name, parameter in self.named_parameters():
            if not name.startswith("discriminator."):
                yield parameter

    def _reconstructions(self, sketch: Tensor, photo: Tensor, kind: ReconstructionKind | None) -> dict[str, Tensor]:
        """See ``PCMSNOutput.reconstructions``; ``sketch`` and ``photo`` are the (B, aligned_dim) semantic features."""
        if kind is None:
            return {}
        if kind == "own":
            return {
                "sketch_from_sketch": self.sketch_reconstruction(sketch),
                "photo_from_photo": self.photo_reconstruction(photo),
            }
        return {
            "sketch_from_sketch": self.sketch_reconstruction(sketch),
            "sketch_from_photo": self.sketch_reconstruction(photo),
            "photo_from_sketch": self.photo_reconstruction(sketch),
            "photo_from_photo": self.photo_reconstruction(photo),
        }

    def _retrieve_sketches(self, features: Tensor) -> Tensor:
        return self._decode_sketches(self.sketch_generator(features))

    def _retrieve_photos(self, features: Tensor) -> Tensor:
        return self._decode_photos(self.photo_generator(features))

    def _decode_sketches(self, semantic: Tensor) -> Tensor:
        """(B, aligned_dim) z_ske to (B, dim) r_ske."""
        if not self.config.progressive:
            return semantic
        shared = self.config.retrieval_decoder == "shared"
        retrieval: Tensor = (self.retrieval_decoder if shared else self.sketch_retrieval_decoder)(semantic)
        return retrieval

    def _decode_photos(self, semantic: Tensor) -> Tensor:
        """(B, aligned_dim) z_img to (B, dim) r_img."""
        if not self.config.progressive:
            return semantic
        shared = self.config.retrieval_decoder == "shared"
        retrieval: Tensor = (self.retrieval_decoder if shared else self.photo_retrieval_decoder)(semantic)
        return retrieval
