"""PDFD: visual features taken apart into what the class gives them and what the domain, sketch or photo, gives them.

Xu, Yang, Yang and Wang, "Progressive Domain-Independent Feature Decomposition Network for Zero-Shot Sketch-Based Image
Retrieval", IJCAI 2020 (arXiv 2003.09869). Written from the paper's description and from what the model in its authors'
joint repository with PCMSN computes; ``docs/comparison.md`` has the differences. One semantic encoder serves both
modalities. Its output, held to the class vectors by an adversary, becomes the retrieval feature, which together with a
domain feature must rebuild the visual features of that domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pcmsn.errors import ConfigError
from pcmsn.losses.adversarial import discriminator_loss, generator_loss
from pcmsn.losses.classification import classification_loss
from pcmsn.losses.reconstruction import cross_reconstruction_loss
from pcmsn.losses.weights import GanForm
from pcmsn.model.config import ClassifierKind, FeatureDims, ModelConfig
from pcmsn.model.networks import Discriminator, Generator, ReconstructionDecoder, RetrievalDecoder, SeenClassifier
from pcmsn.seeding import torch_generator
from pcmsn.training.methods.fitting.checks import check_not_negative
from pcmsn.training.methods.fitting.learning import Batch, EmbeddingNetwork, learn, move
from pcmsn.training.methods.fitting.task import Fitted, Task

SKETCH, PHOTO, SEMANTIC = 0, 1, 2
"""The classes of the domain classifier."""


@dataclass(frozen=True, kw_only=True)
class Pdfd:
    """The paper's decomposition with the weights of the authors' joint configuration."""

    title: ClassVar[str] = "PDFD"
    uses_class_vectors: ClassVar[bool] = True

    adversarial: float = 1.0
    """Weight of the semantic encoder's adversarial term."""
    reconstruction: float = 0.5
    """Weight of the four reconstructions from retrieval and domain features."""
    classification: float = 0.4
    """Weight of the seen-class terms on retrieval features."""
    domain: float = 1.0
    """Weight of the domain terms: sketch, photo, or neither."""
    gan: GanForm = "least-squares"
    """``least-squares`` with soft labels is what the authors' code trains."""
    classifier: ClassifierKind = "fixed"
    """Of classes and domains; ``fixed`` keeps random rows of length 1, ``learned`` is a linear layer."""
    learning_rate: float = 1e-4
    """Of Adam for all but the discriminator, and of its SGD."""
    momentum: float = 0.9
    """Of the discriminator's SGD."""

    def __post_init__(self) -> None:
        check_not_negative(
            "pdfd",
            adversarial=self.adversarial,
            reconstruction=self.reconstruction,
            classification=self.classification,
            domain=self.domain,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
        )

    def fit(self, task: Task) -> Fitted:
        """Semantic encoder and retrieval decoder, trained.

        Raises ConfigError when sketch and photo features are of different length.
        """
        dims = task.data.dims()
        if dims.sketch != dims.photo:
            raise ConfigError(
                f"pdfd has one semantic encoder and needs sketch and photo features of equal length, got {dims.sketch} "
                f"and {dims.photo}; leave pdfd out of --methods, or pass another --backbone"
            )
        return learn(lambda: _Learner(self, task), task)


class PdfdNetwork(EmbeddingNetwork):
    """A semantic encoder and a retrieval decoder for both modalities, two domain encoders, two reconstruction decoders,
    a discriminator, and classifiers of classes and of domains."""

    def __init__(self, dims: FeatureDims, model: ModelConfig, classifier: ClassifierKind) -> None:
        super().__init__()
        dim, drop = model.dim, model.dropout
        self.semantic_encoder = Generator(dims.sketch, dims.semantic, drop)
        self.retrieval_decoder = RetrievalDecoder(dims.semantic, dim, drop)
        self.sketch_domain = Generator(dims.sketch, dim, drop)
        self.photo_domain = Generator(dims.photo, dim, drop)
        self.sketch_reconstruction = ReconstructionDecoder(dim, dims.sketch, drop)
        self.photo_reconstruction = ReconstructionDecoder(dim, dims.photo, drop)
        self.discriminator = Discriminator(dims.semantic, model.discriminator_noise)
        self.class_classifier = SeenClassifier(dim, dims.classes, classifier)
        self.domain_classifier = SeenClassifier(dim, 3, classifier)

    def forward(self, sketches: Tensor, photos: Tensor) -> Parts:
        """The parts of B pairs of scaled features, (B, sketch_dim) and (B, photo_dim), and what they rebuild."""
        sketch_semantic, photo_semantic = self.semantic_encoder(sketches), self.semantic_encoder(photos)
        sketch_retrieval, photo_retrieval = (
            self.retrieval_decoder(value) for value in (sketch_semantic, photo_semantic)
        )
        sketch_domain, photo_domain = self.sketch_domain(sketches), self.photo_domain(photos)
        return Parts(
            sketch_semantic=sketch_semantic,
            photo_semantic=photo_semantic,
            sketch_retrieval=sketch_retrieval,
            photo_retrieval=photo_retrieval,
            sketch_domain=sketch_domain,
            photo_domain=photo_domain,
            sketch_from_sketch=self.sketch_reconstruction(sketch_retrieval + sketch_domain),
            sketch_from_photo=self.sketch_reconstruction(photo_retrieval + sketch_domain),
            photo_from_sketch=self.photo_reconstruction(sketch_retrieval + photo_domain),
            photo_from_photo=self.photo_reconstruction(photo_retrieval + photo_domain),
        )

    def embed_sketches(self, sketches: Tensor) -> Tensor:
        """Scaled (N, sketch_dim) features to (N, dim) retrieval features."""
        retrieval: Tensor = self.retrieval_decoder(self.semantic_encoder(sketches))
        return retrieval

    def embed_photos(self, photos: Tensor) -> Tensor:
        """Scaled (N, photo_dim) features to (N, dim) retrieval features, by the same networks."""
        return self.embed_sketches(photos)


class Parts(NamedTuple):
    """What B pairs are taken apart into, and rebuilt from."""

    sketch_semantic: Tensor
    """(B, semantic_dim)."""
    photo_semantic: Tensor
    """(B, semantic_dim)."""
    sketch_retrieval: Tensor
    """(B, dim)."""
    photo_retrieval: Tensor
    """(B, dim)."""
    sketch_domain: Tensor
    """(B, dim) what makes it a sketch."""
    photo_domain: Tensor
    """(B, dim) what makes it a photo."""
    sketch_from_sketch: Tensor
    """(B, sketch_dim) from the sketch's retrieval feature and its domain feature."""
    sketch_from_photo: Tensor
    """(B, sketch_dim) from the photo's retrieval feature and the sketch's domain feature."""
    photo_from_sketch: Tensor
    """(B, photo_dim) from the sketch's retrieval feature and the photo's domain feature."""
    photo_from_photo: Tensor
    """(B, photo_dim) from the photo's retrieval feature and its domain feature."""


def domain_loss(sketch: Tensor, photo: Tensor, sketch_retrieval: Tensor, photo_retrieval: Tensor) -> Tensor:
    """Cross-entropy of four sets of (B, 3) domain logits added up, a scalar: of two domain and two retrieval features.

    A sketch's domain feature is to be told as a sketch's, a photo's as a photo's, and retrieval features as neither.
    """

    def term(logits: Tensor, domain: int) -> Tensor:
        return F.cross_entropy(logits, torch.full((len(logits),), domain, device=logits.device))

    return (
        term(sketch, SKETCH) + term(photo, PHOTO) + term(sketch_retrieval, SEMANTIC) + term(photo_retrieval, SEMANTIC)
    )


class _Learner:
    """Moves everything but the discriminator first in each batch, then the discriminator, as the authors' code does."""

    def __init__(self, settings: Pdfd, task: Task) -> None:
        self.network = PdfdNetwork(task.data.dims(), task.config.model, settings.classifier)
        self._settings = settings
        self._soft_labels = torch_generator(task.seed, "soft labels")
        others = [
            parameter for name, parameter in self.network.named_parameters() if not name.startswith("discriminator.")
        ]
        self._optimizer = torch.optim.Adam(others, lr=settings.learning_rate)
        self._discriminator_optimizer = torch.optim.SGD(
            self.network.discriminator.parameters(), lr=settings.learning_rate, momentum=settings.momentum
        )

    def update(self, batch: Batch) -> float:
        """Make one step of each optimizer; gives the loss of all but the discriminator before that."""
        network = self.network
        parts = network(batch.sketches, batch.photos)
        network.discriminator.requires_grad_(False)
        loss = self._loss(parts, batch)
        network.discriminator.requires_grad_(True)
        move(self._optimizer, loss)
        loss_of_discriminator = discriminator_loss(
            network.discriminator(batch.semantic),
            network.discriminator(parts.sketch_semantic.detach()),
            network.discriminator(parts.photo_semantic.detach()),
            form=self._settings.gan,
            generator=self._soft_labels,
        )
        move(self._discriminator_optimizer, loss_of_discriminator)
        return loss.item()

    def _loss(self, parts: Parts, batch: Batch) -> Tensor:
        network, settings = self.network, self._settings
        adversarial = generator_loss(
            network.discriminator(parts.sketch_semantic),
            network.discriminator(parts.photo_semantic),
            form=settings.gan,
            generator=self._soft_labels,
        )
        reconstruction = cross_reconstruction_loss(
            batch.sketches,
            batch.photos,
            sketch_from_sketch=parts.sketch_from_sketch,
            sketch_from_photo=parts.sketch_from_photo,
            photo_from_sketch=parts.photo_from_sketch,
            photo_from_photo=parts.photo_from_photo,
        )
        classification = classification_loss(
            network.class_classifier(parts.sketch_retrieval),
            network.class_classifier(parts.photo_retrieval),
            batch.labels,
        )
        domain = domain_loss(
            network.domain_classifier(parts.sketch_domain),
            network.domain_classifier(parts.photo_domain),
            network.domain_classifier(parts.sketch_retrieval),
            network.domain_classifier(parts.photo_retrieval),
        )
        return (
            settings.adversarial * adversarial
            + settings.reconstruction * reconstruction
            + settings.classification * classification
            + settings.domain * domain
        )


METHOD = Pdfd()
