"""Settings of the networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pcmsn.errors import ConfigError

ModelKind = Literal["pcmsn", "branches"]
ClassifierKind = Literal["learned", "fixed"]
RetrievalDecoderKind = Literal["shared", "unshared"]


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes and regularisation of the networks on top of visual features."""

    kind: ModelKind = "pcmsn"
    """``pcmsn`` is the paper's network; ``branches`` that of preset ``best``."""
    dim: int = 64
    """Elements of a retrieval feature, and bits of its code."""
    dropout: float = 0.5
    """Dropout rate in generators and decoders; of ``branches``, before their last layer."""
    branches: int = 4
    """Of ``branches``: independent networks a modality, folded into one."""
    hidden: int = 1024
    """Of ``branches``: elements between the two layers."""
    input_dropout: float = 0.2
    """Of ``branches``: dropout rate of the visual features."""
    discriminator_noise: float = 0.3
    """Standard deviation of the Gaussian noise added to the discriminator's input while training."""
    classifier: ClassifierKind = "learned"
    """``learned`` is a linear layer; ``fixed`` keeps random rows of length 1, as the released code does."""
    progressive: bool = True
    """Visual to semantic to retrieval features, as the paper proposes. Without it (the paper's single step) a generator
    leads straight to the retrieval features, and class vectors are brought there by a fixed projection."""
    retrieval_decoder: RetrievalDecoderKind = "shared"
    """One decoder from semantic to retrieval features for both modalities, or one for each."""

    def __post_init__(self) -> None:
        for name in ("dim", "branches", "hidden"):
            if getattr(self, name) < 1:
                raise ConfigError(f"model.{name} must be >= 1, got {getattr(self, name)}")
        for name in ("dropout", "input_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"model.{name} must be in [0, 1), got {getattr(self, name)}")
        if self.discriminator_noise < 0:
            raise ConfigError(f"model.discriminator_noise must be >= 0, got {self.discriminator_noise}")
        if not self.progressive and self.retrieval_decoder != "shared":
            raise ConfigError(
                f"model.retrieval_decoder is {self.retrieval_decoder!r}, but model.progressive = false has no decoder; "
                "leave one of the two out"
            )


@dataclass(frozen=True, kw_only=True)
class FeatureDims:
    """Lengths of what goes in, and the number of seen classes; they follow from the data, not from a user's choice."""

    sketch: int
    """Elements of a sketch's visual feature."""
    photo: int
    """Elements of a photo's visual feature."""
    semantic: int
    """Elements of a class vector."""
    classes: int
    """Seen classes."""
