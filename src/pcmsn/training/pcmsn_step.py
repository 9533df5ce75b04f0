"""One batch: the loss terms of eq. 13 and the two optimizers' moves, in the paper's order or the released one."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from pcmsn.losses.adversarial import discriminator_loss, generator_loss
from pcmsn.losses.classification import classification_loss
from pcmsn.losses.cross_modal import cross_modal_euclidean_loss
from pcmsn.losses.reconstruction import cross_reconstruction_loss, own_reconstruction_loss
from pcmsn.losses.weights import PCMSN_TERMS, LossConfig
from pcmsn.model.pcmsn import PCMSN, PCMSNOutput
from pcmsn.training.config import OptimisationConfig
from pcmsn.training.step import LossTerms, weighted_sum


class PCMSNStep:
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

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """See ``Step``."""
        return {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def __call__(self, sketches: Tensor, photos: Tensor, semantic: Tensor, labels: Tensor) -> LossTerms:
        """See ``Step``."""
        output = self.model(sketches, photos, self.loss.reconstruction_kind if self.loss.reconstruction else None)
        if self.config.order == "discriminator-first":
            discriminator = self._update_discriminator(output, semantic)
            terms = self._update_generators(output, labels)
        else:
            terms = self._update_generators(output, labels)
            discriminator = self._update_discriminator(output, semantic)
        return replace(terms, parts={**terms.parts, "discriminator": discriminator})

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

    def _update_generators(self, output: PCMSNOutput, labels: Tensor) -> LossTerms:
        self.model.discriminator.requires_grad_(False)
        terms = self._terms(output, labels)
        self.model.discriminator.requires_grad_(True)
        total, values = weighted_sum(terms, self.loss)
        self.generator_optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self.generator_optimizer.step()
        return values

    def _terms(self, output: PCMSNOutput, labels: Tensor) -> dict[str, Tensor]:
        """The terms by the names of their weights; a term of weight 0 is not computed."""
        model, weights = self.model, self.loss
        zero = torch.zeros((), device=output.sketch.device)
        terms = dict.fromkeys(PCMSN_TERMS, zero)
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
