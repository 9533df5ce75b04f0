"""The step that goes with a model."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from pcmsn.model.branches import Branches
from pcmsn.model.pcmsn import PCMSN
from pcmsn.model.retrieval_model import RetrievalModel
from pcmsn.training.branches_step import BranchesStep
from pcmsn.training.config import RunConfig
from pcmsn.training.pcmsn_step import PCMSNStep
from pcmsn.training.step import Step


def make_step(model: RetrievalModel, config: RunConfig, generator: torch.Generator, *, semantic: Tensor) -> Step:
    """The losses and optimizers of a run.

    ``semantic`` (classes, semantic_dim) are the class vectors of the seen classes; ``generator`` draws the soft labels
    of a GAN.
    """
    if isinstance(model, PCMSN):
        return PCMSNStep(model, config.loss, config.optimisation, generator)
    if isinstance(model, Branches):
        return BranchesStep(model, config.loss, config.optimisation, F.normalize(semantic))
    raise TypeError(f"no step is known for a {type(model).__name__}")
