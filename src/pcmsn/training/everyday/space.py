"""The space that drawings, photos and names share: two small heads on frozen features, and a vector for each class.

Kinds of which nobody has photos are bridged by made-up photo features. A linear classifier tells where the features
of its classes lie: for classes with one covariance S within, the weights of class c are S⁻¹ times the offset of its
mean, so S times the weights is that offset. A photo of another kind, moved by it, stands for a photo of class c.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pcmsn.encoders.kinds import Kind, kind_of_class
from pcmsn.semantics.wordnet import open_wordnet

DIMENSION = 64

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class SpaceSettings:
    """How the heads and the class vectors are trained."""

    steps: int = 1200
    """Of AdamW, each on a batch of drawings, photos and made-up photos."""
    batch_size: int = 512
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    hidden: int = 1024
    """Width of the heads' inner layer."""
    sharpness: float = 12.0
    """What cosines are multiplied by before softmax."""
    made_up: float = 0.7
    """Weight of the made-up photos' loss."""
    pairs: float = 2.0
    """Weight of the loss that brings drawings to photos of their kind, and back."""
    kinship: float = 0.15
    """Part of a target that is spread over classes near in WordNet."""
    dropout: float = 0.1
    """Of the features that come into the heads."""
    seed: int = 0


@dataclass(frozen=True)
class Classes:
    """The kinds, then ImageNet's classes that belong to none of them."""

    names: tuple[str, ...]
    synsets: tuple[str, ...]
    of_imagenet: Rows
    """(1000,) class of each ImageNet class."""
    kinship: Floats
    """(C, C) likeness by common ancestors in WordNet, each weighed by how much it tells; 1 with itself."""


def class_table(kinds: Sequence[Kind], imagenet: Sequence[str]) -> Classes:
    """The classes for kinds and for ImageNet's synsets, which are in the order of the classifier."""
    known = kind_of_class(list(kinds), "imagenet")
    names, synsets = [kind.name for kind in kinds], [kind.synset for kind in kinds]
    rows = []
    for synset in imagenet:
        if synset not in known:
            known[synset] = len(names)
            names.append(synset.split(".")[0].replace("_", " "))
            synsets.append(synset)
        rows.append(known[synset])
    above = open_wordnet().taxonomy_above(synsets)
    ancestors = [above.ancestors(synset) | {synset} for synset in synsets]
    nodes = sorted(set().union(*ancestors))
    column = {node: number for number, node in enumerate(nodes)}
    table = np.zeros((len(synsets), len(nodes)), dtype=np.float32)
    for row, found in enumerate(ancestors):
        table[row, [column[node] for node in found]] = 1
    table *= np.sqrt(np.log(len(synsets) / table.sum(axis=0)) + 1e-3)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    return Classes(tuple(names), tuple(synsets), np.asarray(rows), table @ table.T)


@dataclass(frozen=True)
class MadeUpPhotos:
    """Where the features of ImageNet's classes lie, and how photos of one kind differ."""

    means: Floats
    """(1000, D) one a class."""
    residuals: Floats
    """(n, D) photos less the mean of their kind."""

    def draw(self, classes: NDArray[np.int64], generator: np.random.Generator) -> Floats:
        """(n, D) features of made-up photos of the (n,) ImageNet classes."""
        return self.means[classes] + self.residuals[generator.integers(len(self.residuals), size=len(classes))]


def make_up_photos(
    features: Sequence[Floats], classifiers: Sequence[Floats], kinds: Rows, one_to_one: dict[int, int]
) -> MadeUpPhotos:
    """From photos' (n, D) features of several extractors, each with its (1000, d) weights for the first d of D columns.

    ``one_to_one`` maps kinds that are shown by one ImageNet class to it; their photos tell how far apart means are.
    """
    means, residuals = [], []
    present = np.unique(kinds)
    place = np.searchsorted(present, kinds)
    for columns, weights in zip(features, classifiers, strict=True):
        width = weights.shape[1]
        centres = np.stack([columns[kinds == kind].mean(axis=0) for kind in present])
        centre = centres.mean(axis=0)
        residual = columns - centres[place]
        within = residual.T @ residual[:, :width] / len(residual)
        within[:width] += 0.3 * np.trace(within[:width]) / width * np.eye(width, dtype=np.float32)
        offsets = (weights - weights.mean(axis=0)) @ within.T
        # The covariance between kinds tells better than the one within them how the other columns follow.
        between = (centres - centre).T @ (centres - centre)[:, :width]
        inverse = np.linalg.inv(between[:width] + 0.05 * np.trace(between[:width]) / width * np.eye(width))
        offsets[:, width:] = offsets[:, :width] @ (between[width:] @ inverse).T
        pairs = [(row, one_to_one[kind]) for row, kind in enumerate(present.tolist()) if kind in one_to_one]
        wanted = centres[[row for row, _ in pairs]] - centre
        made = offsets[[column for _, column in pairs]]
        scale = float((wanted * made)[:, :width].sum() / (made[:, :width] ** 2).sum())
        means.append((centre + offsets * scale).astype(np.float32))
        residuals.append(residual.astype(np.float32))
    return MadeUpPhotos(np.concatenate(means, axis=1), np.concatenate(residuals, axis=1))


class Head(nn.Module):
    """Features to the shared space: one linear way, and one with an inner layer; vectors of length 1."""

    centre: Tensor
    spread: Tensor

    def __init__(self, width: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.dropout = nn.Dropout(dropout)
        self.straight = nn.Linear(width, DIMENSION)
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden, DIMENSION)

    def measure(self, features: Floats) -> None:
        """Takes the features' mean and spread as what is subtracted and divided by."""
        self.centre.copy_(torch.from_numpy(features.mean(axis=0)))
        self.spread.copy_(torch.from_numpy(features.std(axis=0) + 1e-4))

    def forward(self, features: Tensor) -> Tensor:
        """(batch, width) to (batch, 64)."""
        seen = self.dropout((features - self.centre) / self.spread)
        return functional.normalize(self.straight(seen) + self.outer(functional.gelu(self.inner(seen))), dim=1)


class Space(nn.Module):
    """Both heads and the class vectors."""

    def __init__(self, drawing_width: int, photo_width: int, classes: int, settings: SpaceSettings) -> None:
        super().__init__()
        self.drawings = Head(drawing_width, settings.hidden, settings.dropout)
        self.photos = Head(photo_width, settings.hidden, settings.dropout)
        self.classes = nn.Parameter(functional.normalize(torch.randn(classes, DIMENSION), dim=1))

    @torch.inference_mode()
    def embed_drawings(self, features: Floats) -> Floats:
        """(n, 64) vectors of drawings' features."""
        vectors: Floats = self.drawings(torch.from_numpy(features)).numpy()
        return vectors

    @torch.inference_mode()
    def embed_photos(self, features: Floats) -> Floats:
        """(n, 64) vectors of photos' features."""
        vectors: Floats = self.photos(torch.from_numpy(features)).numpy()
        return vectors


@dataclass(frozen=True)
class Labelled:
    """(n, D) features, their (n,) kinds, and how likely each is drawn into a batch."""

    features: Floats
    kinds: Rows
    weights: NDArray[np.float64]

    def draw(self, amount: int, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """(amount, D) features and their (amount,) kinds."""
        rows = _draw(self.weights, amount, generator)
        return torch.from_numpy(self.features[rows]), torch.from_numpy(self.kinds[rows])


def balanced(kinds: Rows, power: float = 0.5) -> NDArray[np.float64]:
    """(n,) weights by which rare kinds come more often: a kind's share is its number to the ``power``."""
    counts = np.bincount(kinds)
    weights: NDArray[np.float64] = np.power(counts[kinds].astype(np.float64), power - 1.0)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _draw(weights: NDArray[np.float64], amount: int, generator: np.random.Generator) -> Rows:
    """(amount,) rows, each as likely as its weight."""
    heights = np.cumsum(weights)
    rows: Rows = np.searchsorted(heights, generator.random(amount) * heights[-1], side="right")
    return rows


def train_space(
    drawings: Labelled, photos: Labelled, made_up: MadeUpPhotos, classes: Classes, settings: SpaceSettings
) -> Space:
    """Heads and class vectors, learned together."""
    torch.manual_seed(settings.seed)
    generator = np.random.default_rng(settings.seed)
    space = Space(drawings.features.shape[1], photos.features.shape[1], len(classes.names), settings)
    space.drawings.measure(drawings.features)
    space.photos.measure(photos.features)
    targets = _soft_targets(classes, settings.kinship)
    optimizer = torch.optim.AdamW(space.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=settings.steps, pct_start=0.1
    )
    # Kinds have as much to say as the rest: an ImageNet class comes by its kind's share.
    share = balanced(classes.of_imagenet)
    for _ in range(settings.steps):
        drawn, drawn_kinds = drawings.draw(settings.batch_size, generator)
        shot, shot_kinds = photos.draw(settings.batch_size, generator)
        pretended = _draw(share, settings.batch_size, generator)
        pretended_kinds = torch.from_numpy(classes.of_imagenet[pretended])
        a = space.drawings(drawn)
        b = space.photos(shot)
        c = space.photos(torch.from_numpy(made_up.draw(pretended, generator)))
        vectors = functional.normalize(space.classes, dim=1)
        photo_side, photo_kinds = torch.cat([b, c]), torch.cat([shot_kinds, pretended_kinds])
        loss = settings.pairs * _pair_loss(a, drawn_kinds, photo_side, photo_kinds, settings.sharpness)
        for weight, part, kinds in (
            (1.0, a, drawn_kinds),
            (1.0, b, shot_kinds),
            (settings.made_up, c, pretended_kinds),
        ):
            loss = loss + weight * functional.cross_entropy(settings.sharpness * part @ vectors.T, targets[kinds])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        space.classes.copy_(functional.normalize(space.classes, dim=1))
    return space.eval()


def _soft_targets(classes: Classes, kinship: float) -> Tensor:
    """(C, C) target of each class: itself, and a little of those near it in WordNet."""
    near = torch.softmax(torch.from_numpy(classes.kinship) / 0.1, dim=1)
    return (1 - kinship) * torch.eye(len(near)) + kinship * near


def _pair_loss(a: Tensor, a_kinds: Tensor, b: Tensor, b_kinds: Tensor, sharpness: float) -> Tensor:
    """Cross-entropy of finding the same kind on the other side, both ways, where there is one."""
    same = a_kinds[:, None] == b_kinds[None]
    cosines = sharpness * a @ b.T
    parts = []
    for logits, wanted in ((cosines, same), (cosines.T, same.T)):
        rows = wanted.any(dim=1)
        target = wanted[rows].float()
        target = target / target.sum(dim=1, keepdim=True)
        parts.append(functional.cross_entropy(logits[rows], target))
    return torch.stack(parts).mean()
