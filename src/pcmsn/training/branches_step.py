"""One batch for the model ``branches``: every branch learns from the same pairs, each by itself."""

from __future__ import annotations

import torch
from torch import Tensor

from pcmsn.losses.contrastive import supervised_contrastive_loss
from pcmsn.losses.prototype import prototype_loss
from pcmsn.losses.weights import BRANCH_TERMS, LossConfig
from pcmsn.model.branches import Branches
from pcmsn.training.config import OptimisationConfig
from pcmsn.training.step import LossTerms, weighted_sum


class BranchesStep:
    """Holds the optimizer of the branches. A term is the mean over branches; one of weight 0 is not computed.

    ``prototypes`` are the (classes, semantic_dim) class vectors, rows of length 1.
    """

    def __init__(self, model: Branches, loss: LossConfig, config: OptimisationConfig, prototypes: Tensor) -> None:
        self.model = model
        self.loss = loss
        self.prototypes = prototypes
        self.optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, betas=config.betas, fused=True)

    @property
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """See ``Step``."""
        return {"optimizer": self.optimizer}

    def __call__(self, sketches: Tensor, photos: Tensor, semantic: Tensor, labels: Tensor) -> LossTerms:
        """See ``Step``; the batch's own ``semantic`` is not needed, as all prototypes take part."""
        total, values = weighted_sum(self._terms(sketches, photos, labels), self.loss)
        self.optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return values

    def _terms(self, sketches: Tensor, photos: Tensor, labels: Tensor) -> dict[str, Tensor]:
        model, weights = self.model, self.loss
        embeddings = model(sketches, photos)
        labels_of_both = torch.cat([labels, labels])
        terms = dict.fromkeys(BRANCH_TERMS, torch.zeros((), device=embeddings.device))
        if weights.contrastive:
            of_branches = [
                supervised_contrastive_loss(rows, labels_of_both, weights.temperature) for rows in embeddings
            ]
            terms["contrastive"] = torch.stack(of_branches).mean()
        if weights.prototype:
            projected = model.semantic_projection(embeddings)
            terms["prototype"] = prototype_loss(projected, self.prototypes, labels_of_both, weights.temperature)
        return terms
