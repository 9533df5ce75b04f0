"""The model that a configuration names."""

from __future__ import annotations

from pcmsn.model.branches import Branches
from pcmsn.model.config import FeatureDims, ModelConfig, ModelKind
from pcmsn.model.pcmsn import PCMSN
from pcmsn.model.retrieval_model import RetrievalModel

_MODELS: dict[ModelKind, type[PCMSN] | type[Branches]] = {"pcmsn": PCMSN, "branches": Branches}


def build_model(dims: FeatureDims, config: ModelConfig) -> RetrievalModel:
    """The model of ``config.kind`` with weights from torch's own generator."""
    return _MODELS[config.kind](dims, config)
