"""Published figures, each under the protocol it was measured with, for tables of their own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pcmsn.training.configuration import part_from_tables, read_toml

FIGURES = Path(__file__).parent / "published.toml"


@dataclass(frozen=True, kw_only=True)
class PublishedScore:
    """One line of a paper's table; a score that the paper does not give is -1."""

    method: str
    dataset: str
    features: str
    dims: str
    """Of an embedding, or bits of a code."""
    map_all: float = -1.0
    map_200: float = -1.0
    p_100: float = -1.0
    p_200: float = -1.0

    @property
    def by_metric(self) -> dict[str, float]:
        """The scores that the paper gives, under the names of the field's tables."""
        named = {"mAP@all": self.map_all, "mAP@200": self.map_200, "P@100": self.p_100, "P@200": self.p_200}
        return {name: value for name, value in named.items() if value >= 0}


@dataclass(frozen=True, kw_only=True)
class PublishedProtocol:
    """Figures that may stand in one table."""

    name: str
    split: str
    metrics: str
    """A metric family, or ``not recorded``."""
    scores: tuple[PublishedScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "protocol": self.name,
            "split": self.split,
            "metrics": self.metrics,
            "scores": [
                {**{name: value for name, value in asdict(score).items() if isinstance(value, str)}, **score.by_metric}
                for score in self.scores
            ],
        }


def published_figures(dataset: str) -> tuple[PublishedProtocol, ...]:
    """The protocols under which figures on a data set were published, each with those figures; maybe none."""
    found = (part_from_tables(PublishedProtocol, table) for table in read_toml(FIGURES)["protocol"])
    of_dataset = (
        replace(protocol, scores=tuple(score for score in protocol.scores if score.dataset == dataset))
        for protocol in found
    )
    return tuple(protocol for protocol in of_dataset if protocol.scores)
