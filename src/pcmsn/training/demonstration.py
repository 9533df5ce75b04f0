"""The demonstration: the whole main job on the toy world, from nothing to scores and a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pcmsn.backbones.base import Extractors
from pcmsn.backbones.cache import FeatureCache
from pcmsn.backbones.tiny import TinyBackbone
from pcmsn.data.datasets import TOYWORLD
from pcmsn.data.toyworld import STATEMENT
from pcmsn.evaluation.families import SEM_PCYC
from pcmsn.evaluation.scoring import Scores
from pcmsn.training.baseline import score_features
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config
from pcmsn.training.features import ExtractionSettings, Progress
from pcmsn.training.history import Observer
from pcmsn.training.preparation import open_extractors, open_subject
from pcmsn.training.protocols import Protocol
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import pick_device, train_run
from pcmsn.training.testing import Assessment, assess_run

RUN, FEATURES, PICTURE = "run", "features", "retrieval.png"


@dataclass(frozen=True, eq=False)
class Demonstration:
    """What the demonstration found and where it is."""

    tables: dict[Protocol, dict[str, Scores]]
    """For each protocol the scores by row, untrained baselines first."""
    chance: dict[Protocol, float]
    picture: Path
    run: Path
    statement: str = STATEMENT


def demo_config(folder: Path, seed: int) -> RunConfig:
    """Preset ``paper`` on the toy world, with fewer and smaller epochs than a benchmark needs."""
    config = build_config(overrides={"data": {"dataset": TOYWORLD, "data_root": str(folder)}})
    return replace(config, training=replace(config.training, epochs=8, batches_per_epoch=40, early_stop=0, seed=seed))


def demonstrate(
    folder: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
    note: Callable[[str], None] = lambda text: None,
    observer: Callable[[RunConfig], Observer] | None = None,
) -> Demonstration:
    """Draw the toy world, train the tiny extractor and PCMSN on its seen classes, test on the unseen ones.

    Everything is written below ``folder``; what is there already from an earlier demonstration is used again, the run
    itself is made anew.
    """
    config = demo_config(folder, seed)
    run = RunFolder(folder / RUN)
    note(f"toy world: {STATEMENT}")
    train_run(
        config,
        run,
        cache=folder / FEATURES,
        device=device,
        progress=progress,
        note=note,
        observer=observer(config) if observer else None,
    )
    assessment = assess_run(run.path, family=SEM_PCYC.name, cache=folder / FEATURES, device=device, progress=progress)
    assessment.write_grid(
        folder / PICTURE,
        "PCMSN on the toy world: sketches of classes never seen in training, and their nearest photos",
        caption=STATEMENT,
    )
    tables, chance = _tables(config, assessment, run, pick_device(device), progress)
    return Demonstration(tables=tables, chance=chance, picture=folder / PICTURE, run=run.path)


def _tables(
    config: RunConfig, assessment: Assessment, run: RunFolder, device: str, progress: Progress | None
) -> tuple[dict[Protocol, dict[str, Scores]], dict[Protocol, float]]:
    """Baselines without PCMSN, from a tiny network with random and with trained weights, then PCMSN."""
    subject = open_subject(config)
    settings = ExtractionSettings(FeatureCache(run.path.parent / FEATURES), device=device, progress=progress)
    random_network = TinyBackbone.untrained(config.training.seed)
    untrained = score_features(subject, Extractors(random_network, random_network), settings, SEM_PCYC)
    trained = score_features(subject, open_extractors(config, subject, run.path, train_tiny=False), settings, SEM_PCYC)
    tables: dict[Protocol, dict[str, Scores]] = {}
    for random, features, pcmsn in zip(untrained, trained, assessment.protocols, strict=True):
        tables[pcmsn.protocol] = {
            "untrained features, cosine": random.rows["standardised features, cosine"],
            "trained features, cosine": features.rows["standardised features, cosine"],
            "PCMSN (preset paper), 64-d": pcmsn.real,
            "PCMSN (preset paper), 64 bits": pcmsn.binary,
        }
    return tables, {result.protocol: result.chance for result in trained}
