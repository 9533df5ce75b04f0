"""The small networks that models are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pcmsn.model.config import ClassifierKind


class Standardisation(nn.Module):
    """Brings features to zero mean and unit variance with fixed statistics; the identity until they are set."""

    mean: Tensor
    scale: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    def set_statistics(self, features: Tensor) -> None:
        """Take mean and standard deviation from training features (N, dim); an element that never varies keeps 1."""
        deviation, mean = torch.std_mean(features.double(), dim=0, correction=0)
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(deviation > 1e-6 * (1 + mean.abs()), deviation, torch.ones_like(deviation)))

    def forward(self, features: Tensor) -> Tensor:
        """(N, dim) to (N, dim)."""
        return (features - self.mean) / self.scale


class Generator(nn.Sequential):
    """z = G(x), visual (B, in) to semantic (B, semantic): in -> (in + semantic) / 2 -> the same -> semantic.

    These are the released sizes. With ``out_dim`` the last layer leads there instead; the hidden ones stay.
    """

    def __init__(self, in_dim: int, semantic_dim: int, dropout: float, out_dim: int | None = None) -> None:
        hidden = (in_dim + semantic_dim) // 2
        super().__init__(
            *_block(in_dim, hidden), nn.Dropout(dropout),
            *_block(hidden, hidden), nn.Dropout(dropout),
            nn.Linear(hidden, out_dim or semantic_dim),
        )  # fmt: skip


class SemanticProjection(nn.Module):
    """Class vectors into a space of another size by a fixed random projection with orthonormal rows or columns.

    Only the discriminator's loss could train it, and would make the discriminator's own task easy. A fixed projection
    keeps the geometry of the classes as far as so few elements can.
    """

    weight: Tensor

    def __init__(self, semantic_dim: int, out_dim: int) -> None:
        super().__init__()
        self.register_buffer("weight", nn.init.orthogonal_(torch.empty(out_dim, semantic_dim)))

    def forward(self, semantic: Tensor) -> Tensor:
        """(B, semantic_dim) to (B, out_dim)."""
        return F.linear(semantic, self.weight)


class ReconstructionDecoder(nn.Sequential):
    """R(z), semantic (B, semantic) back to visual (B, visual): semantic -> (semantic + visual) / 2 -> visual.

    The released repository lacks this network; this is a generator the other way round with one hidden layer less, as
    the same authors' PDFD code has it.
    """

    def __init__(self, semantic_dim: int, visual_dim: int, dropout: float) -> None:
        hidden = (semantic_dim + visual_dim) // 2
        super().__init__(*_block(semantic_dim, hidden), nn.Dropout(dropout), nn.Linear(hidden, visual_dim))


class RetrievalDecoder(nn.Sequential):
    """r = decoder(z), semantic (B, semantic) to retrieval (B, out): semantic -> 1024 -> 1024 -> out.

    These are the released sizes.
    """

    def __init__(self, semantic_dim: int, out_dim: int, dropout: float) -> None:
        hidden = 1024
        super().__init__(
            *_block(semantic_dim, hidden),
            *_block(hidden, hidden), nn.Dropout(dropout),
            nn.Linear(hidden, out_dim),
        )  # fmt: skip


class Discriminator(nn.Module):
    """D, which tells class vectors from generated semantic features: semantic -> semantic / 2 -> the same -> 1."""

    def __init__(self, semantic_dim: int, noise: float) -> None:
        super().__init__()
        hidden = max(1, semantic_dim // 2)
        self.noise = noise
        self.layers = nn.Sequential(*_block(semantic_dim, hidden), *_block(hidden, hidden), nn.Linear(hidden, 1))

    def forward(self, semantic: Tensor) -> Tensor:
        """(B, semantic_dim) to (B,) raw outputs, high for class vectors; Gaussian noise on the input while training."""
        if self.training and self.noise > 0:
            semantic = semantic + self.noise * torch.randn_like(semantic)
        output: Tensor = self.layers(semantic)
        return output.squeeze(1)


class SeenClassifier(nn.Module):
    """Retrieval feature to one logit a seen class, P(y | r) before the softmax; ``ModelConfig`` has the two kinds."""

    weight: Tensor
    """(classes, in_dim)."""

    def __init__(self, in_dim: int, classes: int, kind: ClassifierKind) -> None:
        super().__init__()
        linear = nn.Linear(in_dim, classes)
        if kind == "learned":
            self.weight = linear.weight
            self.bias: Tensor | None = linear.bias
        else:
            self.register_buffer("weight", F.normalize(linear.weight.detach(), dim=1))
            self.bias = None

    def forward(self, retrieval: Tensor) -> Tensor:
        """(B, in_dim) to (B, classes)."""
        return F.linear(retrieval, self.weight, self.bias)


def _block(in_dim: int, out_dim: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    """The layers of one step, (B, in_dim) to (B, out_dim)."""
    return nn.Linear(in_dim, out_dim), nn.BatchNorm1d(out_dim), nn.PReLU()
