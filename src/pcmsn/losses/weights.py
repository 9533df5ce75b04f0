"""The weights of the loss terms, those of eq. 13 and those of preset ``best``, and the forms that terms come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pcmsn.errors import ConfigError

GanForm = Literal["log", "least-squares"]
ReconstructionKind = Literal["cross", "own"]

PCMSN_TERMS = ("adversarial", "reconstruction", "classification", "cross_modal")
"""The weights of eq. 13."""
BRANCH_TERMS = ("contrastive", "prototype")
"""The weights of the model ``branches``."""


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the terms in the total loss; 0 switches a term off.

    The first four belong to eq. 13 and to the model ``pcmsn``, the next two to the model ``branches``.
    """

    adversarial: float = 1.0
    """Weight of the generators' adversarial term (eq. 1)."""
    reconstruction: float = 1.0
    """Weight of the reconstruction terms (eq. 2 to 8)."""
    classification: float = 0.4
    """Weight of the seen-class classification term (eq. 9)."""
    cross_modal: float = 0.4
    """Weight of the Euclidean term between paired retrieval features (eq. 12)."""
    contrastive: float = 0.0
    """Weight of the supervised contrastive term over sketches and photos as one set."""
    prototype: float = 0.0
    """Weight of the term that has class vectors as prototypes."""
    temperature: float = 0.1
    """Divides cosines in the contrastive and the prototype term."""
    gan: GanForm = "log"
    """``log`` is the paper's eq. 1; ``least-squares`` with soft labels is what the released code trains."""
    reconstruction_kind: ReconstructionKind = "cross"
    """``cross`` rebuilds both modalities from the semantic features of either; ``own`` each from its own alone."""

    def __post_init__(self) -> None:
        for name in (*PCMSN_TERMS, *BRANCH_TERMS):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ConfigError(f"loss.{name} must be a finite number >= 0, got {value}")
        if not 0 < self.temperature < float("inf"):
            raise ConfigError(f"loss.temperature must be a finite number > 0, got {self.temperature}")
