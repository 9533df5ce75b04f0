"""The weights of eq. 13 and the form of its adversarial term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pcmsn.errors import ConfigError

GanForm = Literal["log", "least-squares"]
ReconstructionKind = Literal["cross", "own"]


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the total loss (eq. 13); 0 switches a term off."""

    adversarial: float = 1.0
    """Weight of the generators' adversarial term (eq. 1)."""
    reconstruction: float = 1.0
    """Weight of the reconstruction terms (eq. 2 to 8)."""
    classification: float = 0.4
    """Weight of the seen-class classification term (eq. 9)."""
    cross_modal: float = 0.4
    """Weight of the Euclidean term between paired retrieval features (eq. 12)."""
    gan: GanForm = "log"
    """``log`` is the paper's eq. 1; ``least-squares`` with soft labels is what the released code trains."""
    reconstruction_kind: ReconstructionKind = "cross"
    """``cross`` rebuilds both modalities from the semantic features of either; ``own`` each from its own alone."""

    def __post_init__(self) -> None:
        for name in ("adversarial", "reconstruction", "classification", "cross_modal"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ConfigError(f"loss.{name} must be a finite number >= 0, got {value}")
