"""One batch: the loss terms of eq. 13 and the two optimizers' moves, in the paper's order or the released one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import torch
from torch import Tensor

from pcmsn.errors import PcmsnError
from pcmsn.losses.adversarial import discriminator_loss, generator_loss
from pcmsn.losses.classification import classification_loss
from pcmsn.losses.cross_modal import cross_modal_euclidean_loss
from pcmsn.losses.reconstruction import cross_reconstruction_loss, own_reconstruction_loss
from pcmsn.losses.weights import LossConfig
from pcmsn.model.pcmsn import PCMSN, PCMSNOutput
from pcmsn.training.config import OptimisationConfig


@dataclass(frozen=True)
class LossTerms:
    """The unweighted terms of one batch, or their means over an epoch; ``total`` is the weighted sum of eq. 13."""

    total: float
    adversarial: float
    reconstruction: float
    classification: float
    cross_modal: float
    discriminator: float

    @staticmethod
    def mean(batches: list[LossTerms]) -> LossTerms:
        """Term by term over the batches of an epoch, at least one."""
        names = [field.name for field in fields(LossTerms)]
        return LossTerms(**{name: sum(getattr(batch, name) for batch in batches) / len(batches) for name in names})

    def as_dict(self) -> dict[str, float]:
        """Term names to values."""
        return asdict(self)


class TrainingStep:
    """Holds the two optimizers of a model and makes one update with each for every batch."""

    def __init__(self, model: PCMSN, loss: LossConfig, config: OptimisationConfig, generator: torch.Generator) -> None:
        self.model = model
        self.loss = loss
        self.config = config
        self.generator = generator
        self.generator_optimizer = torch.optim.Adam(
            model.generator_parameters(), lr=config.learning_rate, betas=config.betas, fused=True
        )
        parameters = model.discriminator.parameters()
        self.discriminator_optimizer: torch.optim.Optimizer
        if config.discriminator == "adam":
            self.discriminator_optimizer = torch.optim.Adam(
                parameters, lr=config.learning_rate, betas=config.betas, fused=True
            )
        else:
            self.discriminator_optimizer = torch.optim.SGD(
                parameters, lr=config.learning_rate, momentum=config.momentum
            )

    def __call__(self, sketches: Tensor, photos: Tensor, semantic: Tensor, labels: Tensor) -> LossTerms:
        """Update on B same-class pairs and give the loss terms before the update.

        ``sketches`` (B, sketch_dim) and ``photos`` (B, photo_dim) are raw visual features, ``semantic``
        (B, semantic_dim) the vectors of their classes, ``labels`` (B,) their classes.
        """
        output = self.model(sketches, photos, self.loss.reconstruction_kind if self.loss.reconstruction else None)
        if self.config.order == "discriminator-first":
            discriminator = self._update_discriminator(output, semantic)
            terms = self._update_generators(output, labels)
        else:
            terms = self._update_generators(output, labels)
            discriminator = self._update_discriminator(output, semantic)
        return LossTerms(**terms, discriminator=discriminator)

    def _update_discriminator(self, output: PCMSNOutput, semantic: Tensor) -> float:
        if self.loss.adversarial == 0:
            return 0.0
        discriminate = self.model.discriminator
        loss = discriminator_loss(
            discriminate(self.model.class_features(semantic)),
            discriminate(output.sketch_semantic.detach()),
            discriminate(output.photo_semantic.detach()),
            form=self.loss.gan,
            generator=self.generator,
        )
        self.discriminator_optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.discriminator_optimizer.step()
        return loss.item()

    def _update_generators(self, output: PCMSNOutput, labels: Tensor) -> dict[str, float]:
        self.model.discriminator.requires_grad_(False)
        terms = self._terms(output, labels)
        self.model.discriminator.requires_grad_(True)
        total = sum((getattr(self.loss, name) * term for name, term in terms.items()), torch.zeros(()))
        values = {"total": total.item()} | {name: term.item() for name, term in terms.items()}
        if not torch.isfinite(total):
            raise PcmsnError(
                f"the loss is no longer a finite number ({values}); the last good epoch is kept. "
                "Lower --learning-rate, or look for extreme values in the features or class vectors"
            )
        self.generator_optimizer.zero_grad()
        total.backward()
        self.generator_optimizer.step()
        return values

    def _terms(self, output: PCMSNOutput, labels: Tensor) -> dict[str, Tensor]:
        """The terms by the names of their weights; a term of weight 0 is not computed."""
        model, weights = self.model, self.loss
        zero = torch.zeros((), device=output.sketch.device)
        terms = dict.fromkeys(("adversarial", "reconstruction", "classification", "cross_modal"), zero)
        if weights.adversarial:
            terms["adversarial"] = generator_loss(
                model.discriminator(output.sketch_semantic),
                model.discriminator(output.photo_semantic),
                form=weights.gan,
                generator=self.generator,
            )
        if weights.reconstruction:
            own = weights.reconstruction_kind == "own"
            reconstruction_loss = own_reconstruction_loss if own else cross_reconstruction_loss
            terms["reconstruction"] = reconstruction_loss(output.sketch, output.photo, **output.reconstructions)
        if weights.classification:
            terms["classification"] = classification_loss(
                model.classifier(output.sketch_retrieval), model.classifier(output.photo_retrieval), labels
            )
        if weights.cross_modal:
            terms["cross_modal"] = cross_modal_euclidean_loss(output.sketch_retrieval, output.photo_retrieval)
        return terms
