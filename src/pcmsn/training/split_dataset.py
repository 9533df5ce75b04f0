"""The data set of a configuration with the split of its classes, and the places that a configuration names."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from pcmsn.data.datasets import BENCHMARKS, TOYWORLD, find_layout, open_dataset
from pcmsn.data.file_lists import FileLists, read_file_lists
from pcmsn.data.layouts import Layout, folder
from pcmsn.data.records import Dataset
from pcmsn.data.splits import Split, load_split, load_unseen_split
from pcmsn.errors import BackboneError, ConfigError
from pcmsn.features.ready_made import READY_MADE, list_ready_made, ready_made_folder
from pcmsn.progress import Progress
from pcmsn.training.config import DataConfig, RunConfig

TINY = "tiny"
"""The backbone that a run trains for itself, the folder in the run that holds it, and its form ``tiny:FOLDER``."""
FINETUNED = "finetuned"
"""The folder in a run that holds what it fine-tuned, and the backbone's form ``finetuned:FOLDER``."""


@dataclass(frozen=True, eq=False)
class SplitDataset:
    """A data set with the division of its classes: what is trained or tested on."""

    dataset: Dataset
    split: Split

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of any score on this split_dataset should know."""
        return self.dataset.notes + self.split.notes()


def open_pictures(config: RunConfig, progress: Progress | None = None) -> Dataset:
    """The pictures of a configuration; draws the toy world if it is missing.

    With ready-made features these are the pictures that have features, whether or not they are on disk. Raises
    DataError.
    """
    data = config.data
    if data.file_list:
        return _open_file_lists(config).dataset
    stored = ready_made_folder(config.backbone.spec)
    if stored is not None:
        return list_ready_made(stored, _layout_of_features(data))
    return open_dataset(
        data.dataset,
        Path(data.data_root),
        photos=data.photos,
        progress=lambda done, total: progress("drawing the toy world", done, total) if progress else None,
    )


def open_split_dataset(config: RunConfig, progress: Progress | None = None) -> SplitDataset:
    """The pictures and the split of a configuration. Raises DataError and SplitError where they do not fit."""
    data = config.data
    if data.file_list:
        lists = _open_file_lists(config)
        return SplitDataset(lists.dataset, lists.split)
    dataset = open_pictures(config, progress)
    name, classes, allow = dataset.name, dataset.classes, data.allow_missing_classes
    if data.unseen_classes:
        return SplitDataset(dataset, load_unseen_split(Path(data.unseen_classes), name, classes, allow_missing=allow))
    return SplitDataset(dataset, load_split(data.split or None, name, classes, data.split_seed, allow_missing=allow))


def _layout_of_features(data: DataConfig) -> Layout:
    """Where the pictures would be: ready-made features may belong to a data set that is not on this machine."""
    name, root = data.dataset, Path(data.data_root)
    if name in (*BENCHMARKS, TOYWORLD) or Path(name).is_dir():
        return find_layout(name, root, photos=data.photos)
    return folder(root / name, name)


def _open_file_lists(config: RunConfig) -> FileLists:
    data = config.data
    if ready_made_folder(config.backbone.spec) is not None:
        raise ConfigError(
            f"--file-list names pictures on disk, --backbone {config.backbone.spec} features that may have none; pass "
            "--split or --unseen-classes"
        )
    layout = find_layout(data.dataset, Path(data.data_root))
    root = Path(os.path.commonpath([layout.sketches, layout.photos]))
    return read_file_lists(Path(data.file_list), layout.name, root, allow_missing_classes=data.allow_missing_classes)


def resolved(config: RunConfig) -> RunConfig:
    """The configuration with its files and folders as absolute paths, so that a run can be continued from anywhere.

    Raises BackboneError for a backbone whose file or folder is missing.
    """
    data, backbone = config.data, config.backbone
    is_folder = Path(data.dataset).is_dir() and data.dataset not in (*BENCHMARKS, TOYWORLD)
    return replace(
        config,
        data=replace(
            data,
            dataset=_absolute(data.dataset) if is_folder else data.dataset,
            data_root=_absolute(data.data_root),
            split=_absolute_toml(data.split),
            unseen_classes=_absolute(data.unseen_classes) if data.unseen_classes else "",
            file_list=_absolute(data.file_list) if data.file_list else "",
        ),
        semantics=replace(config.semantics, root=_absolute(config.semantics.root)),
        backbone=replace(
            backbone,
            spec=_absolute_spec(backbone.spec),
            model_root=_absolute(backbone.model_root),
            finetune=_absolute_toml(backbone.finetune),
        ),
    )


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().resolve())


def _absolute_toml(name: str) -> str:
    """A TOML file as an absolute path; any other name as it is."""
    return _absolute(name) if name.endswith(".toml") else name


def _absolute_spec(spec: str) -> str:
    """A backbone's folder, or what stands behind its ``kind:``, as an absolute path; any other name as it is."""
    if Path(spec).expanduser().is_dir():
        return _absolute(spec)
    kind, separator, location = spec.partition(":")
    if not separator or kind not in (FINETUNED, READY_MADE, TINY, "vgg16"):
        return spec
    if not Path(location).expanduser().exists():
        raise BackboneError(f"--backbone {spec}: no such file or folder {location}; correct the path")
    return f"{kind}:{_absolute(location)}"
