"""What every job of an experiment reads: feature tables of seen, validation and unseen classes, extracted once.

The parent process prepares them and writes plain ``.npy`` files; the jobs' processes map these into memory, so that
many of them share one copy and none reads a picture.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.atomic import atomic_path, write_text_atomically
from pcmsn.data.records import Pictures
from pcmsn.data.splits import Split
from pcmsn.device import pick_device
from pcmsn.errors import CheckpointError
from pcmsn.features.store import FeatureCache
from pcmsn.features.tables import ExtractionSettings, FeatureTable, FeatureTables, feature_tables
from pcmsn.progress import Progress
from pcmsn.training.config import RunConfig
from pcmsn.training.loop import TrainingData
from pcmsn.training.preparation import extractor_record, open_extractors
from pcmsn.training.protocols import protocol_classes
from pcmsn.training.run_folder import ExtractorRecord, RunRecord
from pcmsn.training.split_dataset import SplitDataset, open_split_dataset

INPUTS, FACTS = "inputs", "inputs.json"
_MODALITIES = ("sketches", "photos")


@dataclass(frozen=True, eq=False)
class ExperimentInputs:
    """Features of one data set under one split; labels of a table are positions in its own ``classes``."""

    folder: Path
    """Where they are on disk: what ``open_inputs`` takes."""
    dataset: str
    split: Split
    train: FeatureTables
    """Seen classes: all that a method may learn from."""
    val: FeatureTables
    """Validation classes, for choosing the best epoch."""
    unseen: FeatureTables
    """The classes of the split's first protocol: val + test, or test alone; for scores only."""
    sketch_extractor: ExtractorRecord
    photo_extractor: ExtractorRecord
    notes: tuple[str, ...]
    """What a reader of any score on these inputs should know."""
    fingerprint: str
    """64 hexadecimal digits that change with the features, the labels, the split and the pictures' names."""

    @property
    def backbone(self) -> str:
        """The photo extractor's name, for tables."""
        return self.photo_extractor.name

    def training_data(self, semantic: NDArray[np.float32]) -> TrainingData:
        """What training may look at, with the (seen classes, S) class vectors: nothing of the test classes."""
        return TrainingData(train=self.train, val=self.val, semantic=semantic)

    def run_record(self, data: TrainingData, semantic_sources: tuple[str, ...]) -> RunRecord:
        """The record of a run on these inputs before it begins."""
        return RunRecord(
            dataset=self.dataset,
            split=self.split,
            dims=data.dims(),
            sketch_extractor=self.sketch_extractor,
            photo_extractor=self.photo_extractor,
            semantic_sources=semantic_sources,
            unreadable=0,
        )


def prepare_inputs(
    config: RunConfig,
    out: Path,
    *,
    split_dataset: SplitDataset | None = None,
    cache: Path,
    device: str = "auto",
    progress: Progress | None = None,
) -> ExperimentInputs:
    """The inputs of a configuration's data, split and extractors, written below ``out`` for the jobs' processes.

    ``split_dataset`` is the configuration's data set with its split, where that is open already. Raises subclasses of
    PcmsnError for what ``pcmsn train`` would refuse, too.
    """
    split_dataset = split_dataset or open_split_dataset(config, progress)
    settings = ExtractionSettings(FeatureCache(cache), device=pick_device(device), progress=progress)
    extractors = open_extractors(config, split_dataset, out, progress, train_on=settings.device)
    split = split_dataset.split
    parts = {"train": split.train, "val": split.val, "unseen": next(iter(protocol_classes(split).values()))}
    tables = {
        name: feature_tables(split_dataset.dataset, classes, extractors, settings) for name, classes in parts.items()
    }
    unreadable = sum(
        len({name for table in tables.values() for name, _ in getattr(table, side).unreadable}) for side in _MODALITIES
    )
    notes = (*split_dataset.notes, *((f"{unreadable} unreadable pictures were left out.",) if unreadable else ()))
    facts: dict[str, Any] = {
        "dataset": split_dataset.dataset.name,
        "split": split.to_dict(),
        "sketch_extractor": asdict(extractor_record(extractors.sketch)),
        "photo_extractor": asdict(extractor_record(extractors.photo)),
        "notes": list(notes),
        "tables": {
            name: {side: _picture_facts(getattr(table, side).pictures) for side in _MODALITIES}
            for name, table in tables.items()
        },
    }
    facts["fingerprint"] = _fingerprint(facts, tables)
    folder = out / INPUTS / facts["fingerprint"][:16]
    _write(folder, facts, tables)
    return open_inputs(folder)


@functools.lru_cache(maxsize=1)
def open_inputs(folder: Path) -> ExperimentInputs:
    """What ``prepare_inputs`` wrote to ``folder``, features mapped into memory; a process reads it once.

    Raises CheckpointError where it is missing or damaged.
    """
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        tables = {name: _read_tables(folder, name, sides) for name, sides in facts["tables"].items()}
        return ExperimentInputs(
            folder=folder,
            dataset=facts["dataset"],
            split=_split(facts["split"]),
            **tables,
            sketch_extractor=ExtractorRecord(**facts["sketch_extractor"]),
            photo_extractor=ExtractorRecord(**facts["photo_extractor"]),
            notes=tuple(facts["notes"]),
            fingerprint=facts["fingerprint"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder} holds no features for experiments ({error}); start the command again"
        ) from error


def write_semantic(folder: Path, semantic: NDArray[np.float32]) -> str:
    """The fingerprint of class vectors, which are written beside the inputs for ``read_semantic``.

    ``semantic`` is (seen classes, S), in the order of ``train.classes``.
    """
    digest = hashlib.sha256(f"{semantic.shape}".encode() + np.ascontiguousarray(semantic, np.float32).tobytes())
    path = _semantic_path(folder, digest.hexdigest())
    if not path.exists():
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.save(file, semantic.astype(np.float32))
    return digest.hexdigest()


def read_semantic(folder: Path, fingerprint: str) -> NDArray[np.float32]:
    """The (seen classes, S) class vectors that ``write_semantic`` gave this fingerprint to.

    Raises CheckpointError where they are missing or damaged.
    """
    path = _semantic_path(folder, fingerprint)
    try:
        values: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} holds no class vectors ({error}); start the command again") from error
    return values


def _semantic_path(folder: Path, fingerprint: str) -> Path:
    return folder / f"semantic-{fingerprint[:16]}.npy"


def _split(facts: Mapping[str, Any]) -> Split:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    return Split(**values)


def _picture_facts(pictures: Pictures) -> dict[str, Any]:
    return {
        "modality": pictures.modality,
        "folder": str(pictures.folder),
        "names": list(pictures.names),
        "labels": pictures.labels.tolist(),
        "classes": list(pictures.classes),
    }


def _read_tables(folder: Path, name: str, sides: Mapping[str, Any]) -> FeatureTables:
    return FeatureTables(**{side: _read_table(folder / f"{name}-{side}.npy", sides[side]) for side in _MODALITIES})


def _read_table(path: Path, facts: Mapping[str, Any]) -> FeatureTable:
    pictures = Pictures(
        modality=facts["modality"],
        folder=Path(facts["folder"]),
        names=tuple(facts["names"]),
        labels=np.array(facts["labels"], dtype=np.int64),
        classes=tuple(facts["classes"]),
    )
    # Copied on write: torch takes no read-only array, and no job can change what the others see.
    features: NDArray[np.float32] = np.load(path, mmap_mode="c", allow_pickle=False)
    if len(features) != len(pictures):
        raise ValueError(f"{path.name} has {len(features)} rows for {len(pictures)} pictures")
    return FeatureTable.of_pictures(features, pictures)


def _fingerprint(facts: Mapping[str, Any], tables: Mapping[str, FeatureTables]) -> str:
    """64 hexadecimal digits of all that a job can see, but for where the pictures are on this machine."""
    pictures = {
        f"{name} {side}": {key: value for key, value in content.items() if key != "folder"}
        for name, sides in facts["tables"].items()
        for side, content in sides.items()
    }
    seen = {"dataset": facts["dataset"], "split": facts["split"], "pictures": pictures}
    digest = hashlib.sha256(json.dumps(seen, sort_keys=True).encode())
    for name in sorted(tables):
        for side in _MODALITIES:
            digest.update(np.ascontiguousarray(getattr(tables[name], side).features).data)
    return digest.hexdigest()


def _write(folder: Path, facts: Mapping[str, Any], tables: Mapping[str, FeatureTables]) -> None:
    """Write the inputs unless they are there; the facts last, so that they never speak of features that are missing."""
    try:
        if json.loads((folder / FACTS).read_text(encoding="utf-8")) == facts:
            return
    except (OSError, ValueError):
        pass
    open_inputs.cache_clear()
    for name, table in tables.items():
        for side in _MODALITIES:
            with atomic_path(folder / f"{name}-{side}.npy") as temporary, temporary.open("wb") as file:
                np.save(file, getattr(table, side).features)
    write_text_atomically(folder / FACTS, json.dumps(facts) + "\n")
