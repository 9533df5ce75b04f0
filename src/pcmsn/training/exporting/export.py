"""``pcmsn export``: a run as a folder that others can use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pcmsn.data.atomic import write_text_atomically
from pcmsn.data.records import Modality
from pcmsn.encoders.encoder import ENCODER, Description, encoder_of_run, weights_hash
from pcmsn.errors import ExportError
from pcmsn.features.backbones.base import Backbone, Extractors
from pcmsn.training.exporting.card import model_card
from pcmsn.training.exporting.onnx_files import PixelsToEmbedding, require_export_extra, write_onnx
from pcmsn.training.run_folder import CONFIG, MODEL, RECORD, TrainedModel
from pcmsn.training.split_dataset import FINETUNED, TINY
from pcmsn.training.trained_run import load_with_networks, model_fingerprint, model_name

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
    difference = _write_encoder(trained, extractors, out, note, describe(trained, extractors)) if onnx else None
    out.mkdir(parents=True, exist_ok=True)
    for name in (MODEL, CONFIG, RECORD):
        shutil.copyfile(run / name, out / name)
    for name in (TINY, FINETUNED):  # extractors that the run made for itself
        if (run / name).is_dir():
            shutil.copytree(run / name, out / name, dirs_exist_ok=True)
    write_text_atomically(out / CARD, model_card(trained, extractors, difference))
    files = tuple(sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()))
    return Exported(out, files, difference)


def export_encoder(run: Path, *, backbone: str | None = None, note: Callable[[str], None] = lambda text: None) -> Path:
    """The folder ``encoder`` in a run, with which its galleries are made and searched without torch.

    It is written where it is missing, or belongs to weights that the run had before. Raises as ``export_run`` does.
    """
    run = run.expanduser().resolve()
    folder = run / ENCODER
    if encoder_of_run(run) is None:
        require_export_extra()
        trained, extractors = load_with_networks(run, backbone)
        own = replace(describe(trained, extractors), run=str(run), weights=weights_hash(run))
        _write_encoder(trained, extractors, folder, note, own)
    return folder


def _write_encoder(
    trained: TrainedModel, extractors: Extractors, out: Path, note: Callable[[str], None], description: Description
) -> float:
    """Write the ONNX files, then what makes them an encoder; gives the largest difference to torch."""
    differences = []
    networks: dict[Modality, Backbone] = {"sketch": extractors.sketch, "photo": extractors.photo}
    for modality, network in networks.items():
        note(f"writing {modality}.onnx, and comparing it with torch")
        differences.append(write_onnx(PixelsToEmbedding(network, trained.model, modality), out / f"{modality}.onnx"))
    description.write(out, trained.itq)
    return max(differences)


def describe(trained: TrainedModel, extractors: Extractors) -> Description:
    """What an encoder's folder says of a run."""
    return Description(
        name=model_name(trained, extractors),
        fingerprint=model_fingerprint(trained, extractors),
        dim=trained.config.model.dim,
        sketch=extractors.sketch.transform,
        photo=extractors.photo.transform,
    )


def _check_target(run: Path, out: Path, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise ExportError(f"{out} is a file; pass a folder to write into with --out")
    if out.resolve() == run.resolve():
        raise ExportError(f"{out} is the run itself; pass another folder with --out")
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise ExportError(f"{out} is not empty; pass another --out, or --overwrite to write into it")
