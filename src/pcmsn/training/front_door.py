"""``pcmsn.load_dataset`` and ``pcmsn.train``: the commands' work as two functions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pcmsn.data.datasets import exact_dataset_name, open_dataset
from pcmsn.data.layouts import PhotoVariant
from pcmsn.data.records import Dataset
from pcmsn.training.configuration import build_config
from pcmsn.training.run_folder import RunFolder, RunRecord
from pcmsn.training.session import train_run


def load_dataset(
    dataset: str | Path, *, data_root: str | Path = "./ZS-SBIR", photos: PhotoVariant = "extended"
) -> Dataset:
    """The pictures of a benchmark below ``data_root``, of the toy world, or of a folder with sketch/ and photo/.

    ``photos`` says which of Sketchy's photos. Raises DataError for what is not there, or has another layout.
    """
    return open_dataset(exact_dataset_name(str(dataset)), Path(data_root).expanduser(), photos=photos)


def train(
    out: str | Path,
    *,
    preset: str = "best",
    dataset: str | Path | None = None,
    data_root: str | Path | None = None,
    backbone: str | Path | None = None,
    semantics_root: str | Path | None = None,
    semantics: list[str] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    resume: bool = False,
    cache: str | Path | None = None,
    device: str = "auto",
) -> RunRecord:
    """Train a run into the folder ``out``, as ``pcmsn train`` does; gives the run's record.

    ``settings`` holds tables as in TOML, such as ``{"training": {"epochs": 5}}``; the other settings are those that are
    given most often. Raises a PcmsnError before training where something is missing.
    """
    given: dict[str, dict[str, Any]] = {name: dict(table) for name, table in (settings or {}).items()}
    for table, key, value in (
        ("data", "dataset", dataset),
        ("data", "data_root", data_root),
        ("backbone", "spec", backbone),
        ("semantics", "root", semantics_root),
    ):
        if value is not None:
            given.setdefault(table, {})[key] = str(value)
    if semantics is not None:
        given.setdefault("semantics", {})["sources"] = list(semantics)
    folder = RunFolder(Path(out).expanduser())
    config = folder.read_config() if resume else build_config(preset=preset, overrides=given)
    place = Path(cache) if cache else Path(os.environ.get("PCMSN_CACHE", Path.home() / ".cache" / "pcmsn" / "features"))
    return train_run(config, folder, resume=resume, cache=place.expanduser(), device=device)
