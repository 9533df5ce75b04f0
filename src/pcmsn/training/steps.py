"""The step that goes with a model."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from pcmsn.model.branches import Branches
from pcmsn.model.pcmsn import PCMSN
from pcmsn.model.retrieval_model import RetrievalModel
from pcmsn.training.branches_step import BranchesStep, ClassTargets
from pcmsn.training.config import RunConfig
from pcmsn.training.pcmsn_step import PCMSNStep
from pcmsn.training.step import Step


def make_step(
    model: RetrievalModel,
    config: RunConfig,
    generator: torch.Generator,
    *,
    photos: Tensor,
    labels: Tensor,
    semantic: Tensor,
) -> Step:
    """The losses and optimizers of a run.

    ``photos`` (N, photo_dim) are the raw visual features of the training photos, ``labels`` (N,) their classes,
    ``semantic`` (classes, semantic_dim) the class vectors; ``generator`` draws the soft labels of a GAN.
    """
    if isinstance(model, PCMSN):
        return PCMSNStep(model, config.loss, config.optimisation, generator)
    if isinstance(model, Branches):
        targets = ClassTargets(prototypes=F.normalize(semantic), photos=class_means(photos, labels, len(semantic)))
        return BranchesStep(model, config.loss, config.optimisation, targets)
    raise TypeError(f"no step is known for a {type(model).__name__}")


def class_means(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """The (classes, D) means of (N, D) features by their (N,) labels; every class has some."""
    sums = torch.zeros(classes, features.shape[1], device=features.device).index_add_(0, labels, features)
    return sums / torch.bincount(labels, minlength=classes)[:, None]
