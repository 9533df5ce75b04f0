"""Tables of ablations as data: each row is a set of named options of one model.

The paper's Tables III and IV come with what it reports (IEEE TIP 29:8892-8902, 2020): mAP@all of 64-d real-valued
features on Sketchy-Ext and TU-Berlin-Ext. The third table is preset ``best`` with one part taken away in each row.
Tables of one's own are read by ``pcmsn.training.experiments.ablation_files``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Judged = Literal["reported", "validation"]
"""The classes that rows are compared on: those that the split reports, or its validation classes."""


@dataclass(frozen=True)
class PaperScores:
    """mAP@all in the paper, on its own features and full data sets."""

    sketchy: float
    tu_berlin: float


@dataclass(frozen=True)
class AblationRow:
    """One row: options that win over the configuration's, as configuration tables."""

    name: str
    options: Mapping[str, Mapping[str, Any]]
    paper: PaperScores | None = None
    above: str = ""
    """The row that this one is said to be better than; empty where there is none."""
    below: str = ""
    """The row that this one is said to be worse than, since it lacks a part of it; empty where there is none."""


@dataclass(frozen=True)
class AblationTable:
    """Rows in the paper's order, or the whole first and then what is taken from it."""

    name: str
    """What it is called on the command line, and its files in a folder."""
    title: str
    rows: tuple[AblationRow, ...]
    notes: tuple[str, ...] = ()
    """Sentences that explain the rows' names."""
    preset: str = "paper"
    """The preset that rows change, unless another is asked for."""
    epochs: int | None = 8
    """Length of every run, unless another is asked for; None takes the preset's."""
    judged: Judged = "reported"
    """``validation`` where parts are chosen by the table: unseen classes must not choose anything."""


def _parts(
    *, progressive: bool = True, decoder: str = "shared", rebuild: str = "", euclidean: bool = False
) -> dict[str, dict[str, Any]]:
    """Options of a row of Table IV; ``rebuild`` is a kind of reconstruction, empty for none."""
    weights = ({} if rebuild else {"reconstruction": 0.0}) | ({} if euclidean else {"cross_modal": 0.0})
    return {
        "model": {"progressive": progressive, "retrieval_decoder": decoder},
        "loss": {"reconstruction_kind": rebuild or "cross", **weights},
    }


PARTS = AblationTable(
    "parts",
    "Table IV, parts of the method",
    (
        AblationRow("single step", _parts(progressive=False), PaperScores(0.327, 0.244)),
        AblationRow("unshared decoders", _parts(decoder="unshared"), PaperScores(0.396, 0.299), "single step"),
        AblationRow("shared decoder", _parts(), PaperScores(0.416, 0.318), "unshared decoders"),
        AblationRow("shared + own rec", _parts(rebuild="own"), PaperScores(0.424, 0.331), "shared decoder"),
        AblationRow("shared + cross rec", _parts(rebuild="cross"), PaperScores(0.443, 0.342), "shared + own rec"),
        AblationRow("shared + cmt", _parts(euclidean=True), PaperScores(0.455, 0.364), "shared decoder"),
        AblationRow(
            "shared + cmt + own rec", _parts(rebuild="own", euclidean=True), PaperScores(0.482, 0.391), "shared + cmt"
        ),
        AblationRow(
            "full (cmt + cross rec)",
            _parts(rebuild="cross", euclidean=True),
            PaperScores(0.523, 0.424),
            "shared + cmt + own rec",
        ),
    ),
    (
        "rec: reconstruction of visual features of both modalities (cross) or of its own; cmt: the cross-modal "
        "Euclidean term; all rows have the adversarial and the classification term.",
    ),
)

GLOVE, WORD2VEC, PATH, JCN = "glove-wiki-gigaword", "word2vec-google-news", "hieremb-path", "hieremb-jcn"


def _sources(*sources: str) -> dict[str, dict[str, Any]]:
    return {"semantics": {"sources": sources}}


SEMANTICS = AblationTable(
    "semantics",
    "Table III, side information",
    (
        AblationRow("GloVe", _sources(GLOVE), PaperScores(0.459, 0.367)),
        AblationRow("word2vec", _sources(WORD2VEC), PaperScores(0.465, 0.371), "GloVe"),
        AblationRow("path", _sources(PATH), PaperScores(0.489, 0.384), "word2vec"),
        AblationRow("jcn", _sources(JCN), PaperScores(0.502, 0.385), "path"),
        AblationRow("GloVe + path", _sources(GLOVE, PATH), PaperScores(0.509, 0.401), "path"),
        AblationRow("GloVe + jcn", _sources(GLOVE, JCN), PaperScores(0.518, 0.408), "jcn"),
        AblationRow("word2vec + path", _sources(WORD2VEC, PATH), PaperScores(0.508, 0.424), "path"),
        AblationRow("word2vec + jcn", _sources(WORD2VEC, JCN), PaperScores(0.523, 0.411), "jcn"),
    ),
)

WHOLE = "best"


def _without(part: str, options: Mapping[str, Mapping[str, Any]]) -> AblationRow:
    return AblationRow(f"without {part}", options, below=WHOLE)


RECIPE = AblationTable(
    "recipe",
    "Preset best, less one part a row",
    (
        AblationRow(WHOLE, {}),
        _without("contrastive loss", {"loss": {"contrastive": 0.0}}),
        _without("prototypes", {"loss": {"prototype": 0.0}}),
        _without("branches (one alone)", {"model": {"branches": 1}}),
        _without("pairs by class", {"training": {"pairs_per_class": 0}}),
        _without("input dropout", {"model": {"input_dropout": 0.0}}),
        _without("dropout", {"model": {"dropout": 0.0}}),
        _without("averaged weights", {"optimisation": {"average_decay": 0.0}}),
        _without("standardisation", {"backbone": {"standardise": "none"}}),
    ),
    ("Several layers against the last one alone: the same command with --layers last and another --out.",),
    preset="best",
    epochs=None,
    judged="validation",
)

TABLES: dict[str, AblationTable] = {table.name: table for table in (PARTS, SEMANTICS, RECIPE)}
