"""What a frozen feature extractor is, and where the features of a run's two modalities come from."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.transform import Transform


class Backbone(nn.Module, ABC):
    """A frozen network that turns normalised pixels into one feature a picture.

    A subclass builds its layers, loads their weights and calls ``freeze`` last. Training mode cannot be switched on.
    """

    name: str
    """As shown in tables and messages, for example ``vit_tiny_patch16_224``."""
    feature_dim: int
    """Length D of a feature."""
    transform: Transform
    """How a picture file becomes this network's input."""
    architecture: str
    """What the weights alone do not say (layer types, strides, activations), as text for the fingerprint."""

    def __init__(self, *, name: str, feature_dim: int, transform: Transform, architecture: str) -> None:
        super().__init__()
        self.name = name
        self.feature_dim = feature_dim
        self.transform = transform
        self.architecture = architecture
        self._fingerprint: str | None = None

    @abstractmethod
    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, feature_dim) float32 features of (B, 3, H, W) normalised pixels, row by row independent."""

    def layer_features(self, pixels: Tensor) -> list[Tensor]:
        """The feature of (B, 3, H, W) normalised pixels, then (B, width) summaries of earlier layers, deepest first.

        Raises BackboneError for a network whose earlier layers cannot be seen.
        """
        raise BackboneError(f"{self.name} shows no earlier layers; pass --layers last")

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change with the architecture and with any bit of any weight; computed once."""
        if self._fingerprint is None:
            self._fingerprint = network_fingerprint(self.architecture, self.state_dict())
        return self._fingerprint

    @property
    def transform_key(self) -> str:
        """16 hexadecimal digits that change with the preparation of pictures."""
        return self.transform.key

    def freeze(self) -> None:
        """Set evaluation mode, float32 and the memory order that convolutions prefer; switch gradients off."""
        self.requires_grad_(False)
        self.float()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it
        self.eval()

    def train(self, mode: bool = True) -> Backbone:
        """Itself, always in evaluation mode: extractors are frozen, their batch statistics too."""
        super().train(False)
        return self


def network_fingerprint(architecture: str, weights: Mapping[str, Tensor]) -> str:
    """SHA-256 over an architecture's text and the names, types, shapes and bytes of its weights."""
    digest = hashlib.sha256(architecture.encode())
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"\x1f{name}\x1f{tensor.dtype}\x1f{tuple(tensor.shape)}\x1f".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


class Source(Protocol):
    """Where the features of one modality's pictures come from: a network, or a file that somebody made before."""

    @property
    def name(self) -> str:
        """As shown in tables and messages."""

    @property
    def feature_dim(self) -> int:
        """Length of a feature."""

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change with the network, or with the stored features."""

    @property
    def transform_key(self) -> str:
        """Changes with the preparation of pictures; empty where no pictures are prepared."""


OneSource = TypeVar("OneSource", bound=Source, covariant=True)


@dataclass(frozen=True, eq=False)
class Sources(Generic[OneSource]):
    """The source of each modality's features; the same object twice where one network serves both."""

    sketch: OneSource
    photo: OneSource

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change with either source, its preparation of pictures, or their order."""
        parts = (part for one in (self.sketch, self.photo) for part in (one.fingerprint, one.transform_key))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    @property
    def feature_dims(self) -> tuple[int, int]:
        """Lengths of a sketch's and of a photo's feature."""
        return self.sketch.feature_dim, self.photo.feature_dim


Extractors = Sources[Backbone]
"""Two networks, or one for both modalities: what new pictures can go through."""
