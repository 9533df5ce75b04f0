"""The demonstration: everything from drawing the toy world to scores and a picture of retrieved photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pcmsn.data.datasets import TOYWORLD
from pcmsn.data.toyworld import STATEMENT
from pcmsn.device import pick_device
from pcmsn.evaluation.families import SEM_PCYC
from pcmsn.evaluation.scoring import Scores
from pcmsn.features.backbones.base import Extractors
from pcmsn.features.backbones.tiny import TinyBackbone
from pcmsn.features.store import FeatureCache
from pcmsn.features.tables import ExtractionSettings
from pcmsn.progress import Progress
from pcmsn.training.baseline import score_features
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config
from pcmsn.training.finetune.pretraining import pretrain_tiny
from pcmsn.training.history import Observer
from pcmsn.training.preparation import open_extractors
from pcmsn.training.protocols import Protocol
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run
from pcmsn.training.split_dataset import TINY, SplitDataset, open_split_dataset
from pcmsn.training.testing import Assessment, assess_run

RUNS = "runs"
EXTRACTOR = "tiny"
FEATURES = "features"
PICTURE = "retrieval.png"
SHOWN = "best"
"""The preset whose run makes the picture and the gallery."""
LENGTHS: dict[str, dict[str, int]] = {
    "paper": {"epochs": 8, "batches_per_epoch": 40},
    "released": {"epochs": 8, "batches_per_epoch": 40},
    SHOWN: {"epochs": 4, "batches_per_epoch": 40},
}
"""The presets in the order of the table, with settings of ``training``: shorter than a benchmark needs."""


@dataclass(frozen=True, eq=False)
class Demonstration:
    """The scores of the demonstration, and where its files are."""

    tables: dict[Protocol, dict[str, Scores]]
    """For each protocol the scores by row, untrained baselines first."""
    chance: dict[Protocol, float]
    """For each protocol about what a random order scores in mAP@all."""
    picture: Path
    run: Path
    """Of preset ``best``."""
    statement: str = STATEMENT


def demo_config(folder: Path, preset: str, seed: int) -> RunConfig:
    """A preset on the toy world, with the tiny networks in the demonstration's folder.

    Every place is below ``folder``, even those of no use here: the settings must not differ by where the command is
    given, or its runs would not be used again.
    """
    return build_config(
        preset=preset,
        overrides={
            "data": {"dataset": TOYWORLD, "data_root": str(folder)},
            "semantics": {"root": str(folder)},
            "backbone": {"spec": f"{TINY}:{folder / EXTRACTOR}", "model_root": str(folder)},
            "training": {**LENGTHS[preset], "early_stop": 0, "seed": seed},
        },
    )


def demonstrate(
    folder: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
    note: Callable[[str], None] = lambda text: None,
    observer: Callable[[RunConfig], Observer] | None = None,
) -> Demonstration:
    """Draw the toy world, train the tiny extractors and each preset on its seen classes, test on the unseen ones.

    Everything is written below ``folder``. Pictures, extractors, features and runs of an earlier demonstration with the
    same seed are used again; a run that was cut off is continued. ``observer`` makes what is told of the progress of a
    preset's run.
    """
    configs = {preset: demo_config(folder, preset, seed) for preset in LENGTHS}
    note(f"toy world: {STATEMENT}")
    split_dataset = open_split_dataset(configs[SHOWN], progress)
    seen = split_dataset.dataset.of_classes(split_dataset.split.train)
    pretrain_tiny(seen, folder / EXTRACTOR, seed=seed, progress=progress)
    assessments = {}
    for preset, config in configs.items():
        run = folder / RUNS / preset
        train_run(
            config,
            RunFolder(run),
            reuse=True,
            cache=folder / FEATURES,
            device=device,
            progress=progress,
            note=note,
            observer=observer(config) if observer else None,
        )
        assessments[preset] = assess_run(
            run, family=SEM_PCYC.name, cache=folder / FEATURES, device=device, progress=progress
        )
    assessments[SHOWN].write_grid(
        folder / PICTURE,
        "Preset best on the toy world: sketches of classes never seen in training, and their nearest photos",
        caption=STATEMENT,
    )
    settings = ExtractionSettings(FeatureCache(folder / FEATURES), device=pick_device(device), progress=progress)
    tables, chance = _tables(configs[SHOWN], split_dataset, assessments, settings)
    return Demonstration(tables=tables, chance=chance, picture=folder / PICTURE, run=folder / RUNS / SHOWN)


def _tables(
    config: RunConfig, split_dataset: SplitDataset, assessments: dict[str, Assessment], settings: ExtractionSettings
) -> tuple[dict[Protocol, dict[str, Scores]], dict[Protocol, float]]:
    """The scores of the tiny network's features, with random and with trained weights, and of every preset's run.

    Gives them by protocol and row, and chance by protocol.
    """
    last_layer = replace(config, backbone=replace(config.backbone, layers="last"))
    random_network = TinyBackbone.untrained(config.training.seed)
    untrained = score_features(split_dataset, Extractors(random_network, random_network), settings, SEM_PCYC)
    tiny = open_extractors(last_layer, split_dataset, Path())  # from EXTRACTOR; nothing is taken from a run's folder
    trained = score_features(split_dataset, tiny, settings, SEM_PCYC)
    tables: dict[Protocol, dict[str, Scores]] = {}
    for place, (random, features) in enumerate(zip(untrained, trained, strict=True)):
        tables[random.protocol] = {
            "tiny network with random weights": random.rows["standardised features, cosine"],
            "tiny network, trained": features.rows["standardised features, cosine"],
        }
        for preset, assessment in assessments.items():
            scores = assessment.protocols[place]
            tables[random.protocol] |= {
                f"preset {preset}, 64-d": scores.real,
                f"preset {preset}, 64 bits": scores.binary,
            }
    return tables, {result.protocol: result.chance for result in trained}
