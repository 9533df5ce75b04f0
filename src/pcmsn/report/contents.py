"""What a report says, before any of it is laid out: frozen values, names and numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.confusions import ConfusedPair
from pcmsn.evaluation.examples import QueryResult
from pcmsn.evaluation.families import MetricFamily
from pcmsn.evaluation.scoring import Scores, notes_on
from pcmsn.training.config import RunConfig
from pcmsn.training.protocols import Protocol
from pcmsn.training.run_folder import RunRecord


@dataclass(frozen=True, eq=False)
class Curve:
    """The means over queries of what was ranked in one way."""

    label: str
    precision_at_recall: NDArray[np.float64]
    """(11,) interpolated precision at recall 0, 0.1, ..., 1."""
    precision_at_depth: NDArray[np.float64]
    """(K,) precision at each of the protocol's depths."""


@dataclass(frozen=True, eq=False)
class ProtocolResults:
    """All that was measured under one protocol."""

    protocol: Protocol
    classes: int
    """Unseen classes among those queried."""
    real: dict[str, Scores]
    """Scores of the embeddings by family."""
    binary: dict[str, Scores]
    """Scores of the binary codes by family."""
    chance: dict[str, tuple[float, ...]]
    """The four scores of a random order, by family, in the order of ``SCORE_NAMES``."""
    perfect: dict[str, tuple[float, ...]]
    """The four scores of a perfect order, likewise: P@k is below 1 where a class has fewer than k photos."""
    prior: float
    """Mean share of a query's class in the gallery: the precision of a random order at every depth."""
    depths: tuple[int, ...]
    """The depths of ``Curve.precision_at_depth``."""
    curves: tuple[Curve, ...]
    curve_queries: int
    """Queries that the curves are means over; fewer than all where there are very many."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of these scores should know, said once for all families."""
        return notes_on(tuple(self.real.values()))


@dataclass(frozen=True)
class ClassResult:
    """One unseen class under the reported protocol."""

    name: str
    part: str
    """``val`` or ``test``."""
    sketches: int
    photos: int
    real: float
    """mAP@all of the class's queries, real-valued."""
    binary: float
    """The same by binary codes."""


@dataclass(frozen=True, eq=False)
class Confusions:
    """Which classes stand where others should, under the reported protocol, real-valued."""

    classes: tuple[str, ...]
    shares: NDArray[np.float64]
    """(C, C) as ``evaluation.confusions.confusion_shares`` gives them."""
    pairs: tuple[ConfusedPair, ...]


@dataclass(frozen=True)
class Example:
    """One query with its nearest photos and its place among all queries."""

    result: QueryResult
    average_precision: float


@dataclass(frozen=True)
class Examples:
    """Best, median and worst queries of the reported protocol, each class at most once in each."""

    best: tuple[Example, ...]
    median: tuple[Example, ...]
    worst: tuple[Example, ...]


@dataclass(frozen=True, eq=False)
class Projection:
    """A t-SNE of retrieval features of sketches and photos together."""

    points: NDArray[np.float64]
    """(n, 2), each axis scaled to 0..1."""
    label: NDArray[np.int64]
    """(n,) positions in ``classes``."""
    is_sketch: NDArray[np.bool_]
    """(n,) whether a point is a sketch's."""
    classes: tuple[str, ...]
    perplexity: float
    seed: int
    of: int
    """Number of pictures that the n were chosen from."""


@dataclass(frozen=True)
class RatioRow:
    """The discrimination ratio of one set of rows, before and after the model; None where there is none."""

    rows: str
    raw: float | None
    retrieval: float | None


@dataclass(frozen=True)
class DataPart:
    """How many pictures one part of the split has, in all and a class."""

    name: str
    classes: tuple[str, ...]
    sketches: tuple[int, int, int] | None
    """All, smallest class, largest class; None where the pictures are not here."""
    photos: tuple[int, int, int] | None
    unreadable: int | None
    """Pictures that were left out; None where nothing was read for this report."""


@dataclass(frozen=True)
class Training:
    """What the run folder says of training."""

    rows: tuple[dict[str, float], ...]
    """The rows of ``history.csv``."""
    best_epoch: int
    """Counted from 1; 0 where there is none."""


@dataclass(frozen=True)
class Environment:
    """Where and when the report was made."""

    made: str
    command: str
    device: str
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything that needs the features of unseen classes."""

    protocols: tuple[ProtocolResults, ...]
    """The reported one first."""
    classes: tuple[ClassResult, ...]
    confusions: Confusions
    examples: Examples | None
    """None where no pictures were wanted or none is on disk."""
    projection: Projection | None
    """None where there are too few pictures for one."""
    ratios: tuple[RatioRow, ...]


@dataclass(frozen=True, eq=False)
class Contents:
    """A whole report."""

    run: Path
    record: RunRecord
    config: RunConfig
    families: tuple[MetricFamily, ...]
    """Those scored; the first one decides on rankings, bars and examples."""
    measured: Measured | None
    """None where the pictures of the run are gone."""
    parts: tuple[DataPart, ...]
    training: Training
    environment: Environment
    notes: tuple[str, ...]
    """What a reader should know of the run and its data before any number."""
    pictures_missing: str = ""
    """Why there are no example pictures, where they were left out."""

    @property
    def all_notes(self) -> tuple[str, ...]:
        """``notes``, then those of each protocol's scores with the protocol in front."""
        protocols = self.measured.protocols if self.measured else ()
        return (*self.notes, *(f"{results.protocol}: {note}." for results in protocols for note in results.notes))
