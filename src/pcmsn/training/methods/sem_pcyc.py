"""SEM-PCYC: paired cycles through a semantic space that an auto-encoder selects from the side information.

Dutta and Akata, "Semantically Tied Paired Cycle Consistency for Zero-Shot Sketch-based Image Retrieval", CVPR 2019.
Written from the paper's description and from what its released code computes (AnjanDutta/sem-pcyc);
``docs/comparison.md`` has the differences. Sketches and photos are mapped to the semantic space by one generator each
and retrieved there; two more generators lead back. Everything is trained on features, the extractors stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pcmsn.losses.adversarial import passes_as_fake_loss, passes_as_real_loss
from pcmsn.losses.cross_modal import cross_modal_euclidean_loss
from pcmsn.model.config import ClassifierKind, FeatureDims
from pcmsn.model.networks import Discriminator, Generator, SeenClassifier
from pcmsn.seeding import torch_generator
from pcmsn.training.methods.fitting.checks import check_not_negative
from pcmsn.training.methods.fitting.learning import Batch, EmbeddingNetwork, learn, move
from pcmsn.training.methods.fitting.task import Fitted, Task


@dataclass(frozen=True, kw_only=True)
class SemPcyc:
    """The paper's cycles, adversaries, classifiers and auto-encoder, with the loss weights of the released code."""

    title: ClassVar[str] = "SEM-PCYC"
    uses_class_vectors: ClassVar[bool] = True

    adversarial: float = 1.0
    """Weight of the generators' four adversarial terms."""
    cycle: float = 10.0
    """Weight of the four L1 distances after a whole cycle."""
    classification: float = 10.0
    """Weight of the four classification terms."""
    regression: float = 1.0
    """Weight of the squared distances between what is generated and its same-class counterpart; the released code has
    them. 0 switches them off."""
    sparsity: float = 1e-3
    """Weight of the auto-encoder's l2,1 norm, divided by the batch size; it selects elements of the class vectors."""
    classifier: ClassifierKind = "learned"
    """``learned`` is a linear layer; ``fixed`` keeps random rows of length 1, near the released code."""
    learning_rate: float = 1e-3
    """Of Adam for the generators and of SGD for the discriminators; the released 1e-4 goes with up to 100 epochs."""
    encoder_learning_rate: float = 1e-2
    """Of the auto-encoder's SGD."""
    momentum: float = 0.9
    """Of both SGDs."""

    def __post_init__(self) -> None:
        check_not_negative(
            "sem-pcyc",
            adversarial=self.adversarial,
            cycle=self.cycle,
            classification=self.classification,
            regression=self.regression,
            sparsity=self.sparsity,
            learning_rate=self.learning_rate,
            encoder_learning_rate=self.encoder_learning_rate,
            momentum=self.momentum,
        )

    def fit(self, task: Task) -> Fitted:
        """The two generators into the semantic space, trained."""
        return learn(lambda: _Learner(self, task), task)


class FeatureSelection(nn.Module):
    """The auto-encoder over class vectors: semantic -> dim, rectified, -> semantic."""

    def __init__(self, semantic_dim: int, dim: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(semantic_dim, dim)
        self.decoder = nn.Linear(dim, semantic_dim)

    def encode(self, semantic: Tensor) -> Tensor:
        """(B, semantic_dim) to (B, dim), no element below 0."""
        return F.relu(self.encoder(semantic))


class SemPcycNetwork(EmbeddingNetwork):
    """Generators there and back, three discriminators, classifiers in all three spaces, and the auto-encoder."""

    def __init__(self, dims: FeatureDims, dim: int, dropout: float, noise: float, classifier: ClassifierKind) -> None:
        super().__init__()
        self.selection = FeatureSelection(dims.semantic, dim)
        self.generators = nn.ModuleDict(
            {
                "sketch to semantic": Generator(dims.sketch, dim, dropout),
                "photo to semantic": Generator(dims.photo, dim, dropout),
                "semantic to sketch": Generator(dim, dims.sketch, dropout),
                "semantic to photo": Generator(dim, dims.photo, dropout),
            }
        )
        sizes = {"semantic": dim, "sketch": dims.sketch, "photo": dims.photo}
        self.discriminators = nn.ModuleDict({name: Discriminator(size, noise) for name, size in sizes.items()})
        self.classifiers = nn.ModuleDict(
            {name: SeenClassifier(size, dims.classes, classifier) for name, size in sizes.items()}
        )

    def forward(self, sketches: Tensor, photos: Tensor, encoded: Tensor) -> Cycles:
        """The four half cycles and the four whole ones of B pairs and their (B, dim) encoded class vectors."""
        from_sketch, from_photo = self.generators["sketch to semantic"], self.generators["photo to semantic"]
        to_sketch, to_photo = self.generators["semantic to sketch"], self.generators["semantic to photo"]
        sketch_semantic, photo_semantic = from_sketch(sketches), from_photo(photos)
        sketch, photo = to_sketch(encoded), to_photo(encoded)
        return Cycles(
            sketch_semantic=sketch_semantic,
            photo_semantic=photo_semantic,
            sketch=sketch,
            photo=photo,
            sketch_again=to_sketch(sketch_semantic),
            photo_again=to_photo(photo_semantic),
            semantic_by_sketch=from_sketch(sketch),
            semantic_by_photo=from_photo(photo),
        )

    def embed_sketches(self, sketches: Tensor) -> Tensor:
        """Scaled (N, sketch_dim) features to (N, dim) semantic ones."""
        semantic: Tensor = self.generators["sketch to semantic"](sketches)
        return semantic

    def embed_photos(self, photos: Tensor) -> Tensor:
        """Scaled (N, photo_dim) features to (N, dim) semantic ones."""
        semantic: Tensor = self.generators["photo to semantic"](photos)
        return semantic


class Cycles(NamedTuple):
    """What the generators make of B pairs and of their encoded class vectors."""

    sketch_semantic: Tensor
    """(B, dim) from the sketches."""
    photo_semantic: Tensor
    """(B, dim) from the photos."""
    sketch: Tensor
    """(B, sketch_dim) from the class vectors."""
    photo: Tensor
    """(B, photo_dim) from the class vectors."""
    sketch_again: Tensor
    """(B, sketch_dim) sketch -> semantic -> sketch."""
    photo_again: Tensor
    """(B, photo_dim) photo -> semantic -> photo."""
    semantic_by_sketch: Tensor
    """(B, dim) semantic -> sketch -> semantic."""
    semantic_by_photo: Tensor
    """(B, dim) semantic -> photo -> semantic."""


def selection_loss(selection: FeatureSelection, semantic: Tensor, sparsity: float) -> Tensor:
    """Mean squared error of the rebuilt (B, semantic_dim) class vectors plus the encoder's l2,1 norm, a scalar.

    The norm adds up the length of each class-vector element's weights, so that whole elements are left out; it weighs
    ``sparsity`` / B.
    """
    rebuilt = selection.decoder(selection.encode(semantic))
    norm: Tensor = torch.linalg.vector_norm(selection.encoder.weight, dim=0).sum()
    return F.mse_loss(rebuilt, semantic) + norm * (sparsity / len(semantic))


def cycle_loss(cycles: Cycles, sketches: Tensor, photos: Tensor, encoded: Tensor) -> Tensor:
    """Mean absolute error after each of the four whole cycles, added up, a scalar."""
    return (
        F.l1_loss(cycles.sketch_again, sketches)
        + F.l1_loss(cycles.photo_again, photos)
        + F.l1_loss(cycles.semantic_by_sketch, encoded)
        + F.l1_loss(cycles.semantic_by_photo, encoded)
    )


def regression_loss(cycles: Cycles, sketches: Tensor, photos: Tensor) -> Tensor:
    """Mean squared error between same-class counterparts in all three spaces, the semantic one twice, a scalar."""
    return (
        2 * cross_modal_euclidean_loss(cycles.sketch_semantic, cycles.photo_semantic)
        + F.mse_loss(cycles.sketch, sketches)
        + F.mse_loss(cycles.photo, photos)
    )


def generated_classification_loss(cycles: Cycles, classifiers: nn.ModuleDict, labels: Tensor) -> Tensor:
    """Cross-entropy of what is generated in each space, the semantic one from both sides, a scalar."""
    generated = (
        ("semantic", cycles.sketch_semantic),
        ("semantic", cycles.photo_semantic),
        ("sketch", cycles.sketch),
        ("photo", cycles.photo),
    )
    return torch.stack([F.cross_entropy(classifiers[name](value), labels) for name, value in generated]).sum()


class _Learner:
    """Moves the auto-encoder first in each batch, then the generators, then the discriminators, as released."""

    def __init__(self, settings: SemPcyc, task: Task) -> None:
        model = task.config.model
        self.network = SemPcycNetwork(
            task.data.dims(), model.dim, model.dropout, model.discriminator_noise, settings.classifier
        )
        self._settings = settings
        self._soft_labels = torch_generator(task.seed, "soft labels")
        network, rate, momentum = self.network, settings.learning_rate, settings.momentum
        self._encoder_optimizer = torch.optim.SGD(
            network.selection.parameters(), lr=settings.encoder_learning_rate, momentum=momentum
        )
        self._optimizer = torch.optim.Adam(
            [*network.generators.parameters(), *network.classifiers.parameters()], lr=rate
        )
        self._discriminator_optimizer = torch.optim.SGD(network.discriminators.parameters(), lr=rate, momentum=momentum)

    def update(self, batch: Batch) -> float:
        """Make one step of each of the three optimizers; gives the generators' loss before that."""
        encoder_loss = selection_loss(self.network.selection, batch.semantic, self._settings.sparsity)
        with torch.no_grad():
            encoded = self.network.selection.encode(batch.semantic)
        move(self._encoder_optimizer, encoder_loss)
        cycles = self.network(batch.sketches, batch.photos, encoded)
        self.network.discriminators.requires_grad_(False)
        loss = self._generator_loss(cycles, batch, encoded)
        self.network.discriminators.requires_grad_(True)
        move(self._optimizer, loss)
        generated = Cycles(*(value.detach() for value in cycles))
        move(self._discriminator_optimizer, self._discriminator_loss(generated, batch, encoded))
        return loss.item()

    def _generator_loss(self, cycles: Cycles, batch: Batch, encoded: Tensor) -> Tensor:
        judged = {
            "semantic": (cycles.sketch_semantic, cycles.photo_semantic),
            "sketch": (cycles.sketch,),
            "photo": (cycles.photo,),
        }
        settings = self._settings
        return (
            settings.adversarial * self._adversarial_loss(judged)
            + settings.cycle * cycle_loss(cycles, batch.sketches, batch.photos, encoded)
            + settings.classification * generated_classification_loss(cycles, self.network.classifiers, batch.labels)
            + settings.regression * regression_loss(cycles, batch.sketches, batch.photos)
        )

    def _adversarial_loss(self, judged: Mapping[str, tuple[Tensor, ...]]) -> Tensor:
        """The sum over what was generated for each discriminator, by its name: all of it should pass as real."""
        terms = [
            passes_as_real_loss(self.network.discriminators[name](value), self._soft_labels)
            for name, values in judged.items()
            for value in values
        ]
        return torch.stack(terms).sum()

    def _discriminator_loss(self, cycles: Cycles, batch: Batch, encoded: Tensor) -> Tensor:
        """The sum of each discriminator's mean of real and generated; the semantic one sees two generated sets."""
        judge, soft = self.network.discriminators, self._soft_labels
        semantic = (
            2 * passes_as_real_loss(judge["semantic"](encoded), soft)
            + passes_as_fake_loss(judge["semantic"](cycles.sketch_semantic), soft)
            + passes_as_fake_loss(judge["semantic"](cycles.photo_semantic), soft)
        )
        sketch = passes_as_real_loss(judge["sketch"](batch.sketches), soft)
        sketch = sketch + passes_as_fake_loss(judge["sketch"](cycles.sketch), soft)
        photo = passes_as_real_loss(judge["photo"](batch.photos), soft)
        photo = photo + passes_as_fake_loss(judge["photo"](cycles.photo), soft)
        return semantic / 4 + sketch / 2 + photo / 2


METHOD = SemPcyc()
