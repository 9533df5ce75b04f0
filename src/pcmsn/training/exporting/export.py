"""``pcmsn export``: a run as a folder that others can use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data.atomic import write_text_atomically
from pcmsn.data.records import Modality
from pcmsn.errors import ExportError
from pcmsn.features.backbones.base import Backbone
from pcmsn.training.exporting.card import model_card
from pcmsn.training.exporting.onnx_files import PixelsToEmbedding, require_export_extra, write_onnx
from pcmsn.training.preparation import FINETUNED, TINY
from pcmsn.training.run_folder import CONFIG, MODEL, RECORD
from pcmsn.training.trained_run import load_with_networks

CARD = "README.md"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    files: tuple[str, ...]
    difference: float | None
    """Largest difference of an element between ONNX and torch; None without ONNX."""


def export_run(
    run: Path,
    out: Path,
    *,
    onnx: bool = True,
    backbone: str | None = None,
    overwrite: bool = False,
    note: Callable[[str], None] = lambda text: None,
) -> Exported:
    """Write a run's weights, its ONNX files and its card to a folder, which is itself a run folder.

    ``backbone`` says where the extractors are now. Raises ExportError for a folder that holds something and for a
    network whose ONNX cannot be written or differs from torch, ConfigError where the extra ``export`` is missing, and
    what ``load_with_networks`` raises.
    """
    if onnx:
        require_export_extra()
    _check_target(run, out, overwrite)
    trained, extractors = load_with_networks(run, backbone)
    differences: list[float] = []
    if onnx:
        networks: dict[Modality, Backbone] = {"sketch": extractors.sketch, "photo": extractors.photo}
        for modality, network in networks.items():
            note(f"writing {modality}.onnx, and comparing it with torch")
            whole = PixelsToEmbedding(network, trained.model, modality)
            differences.append(write_onnx(whole, out / f"{modality}.onnx"))
    difference = max(differences) if differences else None
    out.mkdir(parents=True, exist_ok=True)
    for name in (MODEL, CONFIG, RECORD):
        shutil.copyfile(run / name, out / name)
    for name in (TINY, FINETUNED):  # extractors that the run made for itself
        if (run / name).is_dir():
            shutil.copytree(run / name, out / name, dirs_exist_ok=True)
    write_text_atomically(out / CARD, model_card(trained, extractors, difference))
    files = tuple(sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()))
    return Exported(out, files, difference)


def _check_target(run: Path, out: Path, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise ExportError(f"{out} is a file; pass a folder to write into with --out")
    if out.resolve() == run.resolve():
        raise ExportError(f"{out} is the run itself; pass another folder with --out")
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise ExportError(f"{out} is not empty; pass another --out, or --overwrite to write into it")
