"""Extractors that were fine-tuned on seen classes: a trunk and a bottleneck, in a folder that needs no other file.

======================  ====================================================================================
``extractor.json``      what the trunk is and how to build it, how pictures are prepared, what it learned from
``model.safetensors``   the weights of trunk and bottleneck
======================  ====================================================================================

A folder of extractors holds ``sketch/`` and ``photo/``, or one network for both sides, ``shared/``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pcmsn.data.atomic import atomic_path, write_text_atomically
from pcmsn.data.records import Modality
from pcmsn.data.splits import Split
from pcmsn.errors import BackboneError, enumerate_names
from pcmsn.features.backbones.base import Backbone, Extractors, network_fingerprint
from pcmsn.features.backbones.composite import networks_below
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.backbones.trunk import build_trunk, describe_trunk
from pcmsn.seeding import seeded_torch
from pcmsn.semantics.near_words import letters_of
from pcmsn.version import __version__

FINETUNED_VERSION = 1
"""Written into extractor.json; another version is refused."""

NetworkName = Literal["sketch", "photo", "shared"]
"""A network by the folder that it stands in."""

DESCRIPTION, WEIGHTS = "extractor.json", "model.safetensors"
_FORMAT = "pcmsn fine-tuned extractor"


@dataclass(frozen=True, kw_only=True)
class TrainedOn:
    """What an extractor learned from."""

    dataset: str
    split: str
    """Name of the split whose seen classes these are."""
    classes: tuple[str, ...]
    """Every class that the network has seen."""
    pictures: int
    """Pictures that it learned from, those that were held out left aside."""
    unreadable: int
    """Pictures that were skipped."""
    epochs: int
    """Epochs that were trained."""
    best_epoch: int
    """The epoch whose weights these are, counted from 1."""
    held_out_accuracy: float | None
    """Share of the held-out pictures of seen classes that it names rightly; None where nothing was held out."""
    seed: int


class FinetunedBackbone(Backbone):
    """A trunk with its bottleneck, frozen; the feature is the bottleneck's output."""

    def __init__(self, trunk: Backbone, bottleneck: nn.Module, *, transform: Transform, trained_on: TrainedOn) -> None:
        width = bottleneck_size(bottleneck)
        super().__init__(
            name=f"{trunk.name} (fine-tuned)",
            feature_dim=width or trunk.feature_dim,
            transform=transform,
            architecture=f"finetuned {FINETUNED_VERSION} bottleneck={width} {trunk.architecture}",
        )
        self.trunk = trunk
        self.bottleneck = bottleneck
        self.trained_on = trained_on

    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, feature_dim) float32 features of (B, 3, H, W) normalised pixels."""
        features: Tensor = self.bottleneck(self.trunk(pixels))
        return features

    def layer_features(self, pixels: Tensor) -> list[Tensor]:
        """The bottleneck's output, the trunk's feature, then summaries of the trunk's earlier layers."""
        of_trunk = self.trunk.layer_features(pixels)
        return [self.bottleneck(of_trunk[0]), *of_trunk] if bottleneck_size(self.bottleneck) else of_trunk


def make_bottleneck(trunk_dim: int, size: int) -> nn.Module:
    """A linear layer from the trunk's feature to ``size`` values; for size 0 the feature stays as it is."""
    return nn.Linear(trunk_dim, size) if size else nn.Identity()


def bottleneck_size(bottleneck: nn.Module) -> int:
    """The ``size`` that ``make_bottleneck`` was called with."""
    return bottleneck.out_features if isinstance(bottleneck, nn.Linear) else 0


def save_finetuned(
    folder: Path,
    trunk: Backbone,
    weights: Mapping[str, Tensor],
    *,
    bottleneck: int,
    transforms: Mapping[Modality, Transform],
    trained_on: TrainedOn,
    finished: bool,
) -> None:
    """Write a network's two files whole, the weights first.

    ``weights`` are a ``FinetunedBackbone``'s, under ``trunk.`` and ``bottleneck.``; ``transforms`` has an entry for
    each side that the network is for. Raises BackboneError for a trunk that cannot be described.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    description = {
        "format": _FORMAT,
        "version": FINETUNED_VERSION,
        "pcmsn_version": __version__,
        "trunk": describe_trunk(trunk),
        "bottleneck": bottleneck,
        "feature_dim": bottleneck or trunk.feature_dim,
        "transforms": {modality: asdict(transform) for modality, transform in transforms.items()},
        "trained_on": asdict(trained_on),
        "weights": network_fingerprint("", tensors),
        "finished": finished,
    }
    with atomic_path(folder / WEIGHTS) as temporary:
        save_file(tensors, temporary)
    _write(folder, description)


def update_finetuned(folder: Path, *, epochs: int, unreadable: int) -> None:
    """Note in a saved network's description that its training is over, after ``epochs`` epochs."""
    description = _read(folder)
    description["trained_on"] |= {"epochs": epochs, "unreadable": unreadable}
    _write(folder, description | {"finished": True})


def is_finished(folder: Path) -> bool:
    """Whether the folder holds a network whose training is over. Raises BackboneError for a damaged description."""
    return (folder / DESCRIPTION).is_file() and bool(_read(folder).get("finished"))


def read_trained_on(folder: Path) -> TrainedOn:
    """What the network in a folder learned from. Raises BackboneError for a missing or damaged description."""
    return _trained_on(_read(folder), folder)


def load_finetuned(folder: Path, modality: Modality) -> FinetunedBackbone:
    """The frozen network that ``save_finetuned`` wrote, with the preparation of pictures of one side.

    Raises BackboneError for missing, foreign or damaged files and for a network that is not for this side.
    """
    description = _read(folder)
    transform = _transform_for(modality, description, folder)
    try:
        with seeded_torch(0, "weights that the file takes the place of"):
            trunk = build_trunk(description["trunk"], transform)
            bottleneck = make_bottleneck(trunk.feature_dim, int(description["bottleneck"]))
        trunk.architecture = description["trunk"]["architecture"]
    except BackboneError as error:
        raise BackboneError(f"{folder / DESCRIPTION}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise _incomplete(folder, error) from error
    network = FinetunedBackbone(trunk, bottleneck, transform=transform, trained_on=_trained_on(description, folder))
    _load_weights(network, folder, description)
    network.freeze()
    return network


def load_finetuned_pair(folder: Path) -> Extractors:
    """The extractors of both sides from a folder that ``pcmsn finetune --out`` wrote.

    Raises BackboneError, with the command that is missing, where one side is not there.
    """
    if not folder.is_dir():
        raise BackboneError(f"no folder {folder} with fine-tuned extractors; make them: pcmsn finetune --out {folder}")
    if (folder / "shared" / DESCRIPTION).is_file():
        sketch = load_finetuned(folder / "shared", "sketch")
        transform = _transform_for("photo", _read(folder / "shared"), folder / "shared")
        if transform == sketch.transform:
            return Extractors(sketch=sketch, photo=sketch)
        photo = FinetunedBackbone(sketch.trunk, sketch.bottleneck, transform=transform, trained_on=sketch.trained_on)
        photo.eval()
        return Extractors(sketch=sketch, photo=photo)
    there = [side for side in ("sketch", "photo") if (folder / side / DESCRIPTION).is_file()]
    if len(there) < 2:
        missing = "photo" if there == ["sketch"] else "sketch" if there else "both"
        has = f"holds the {there[0]} network only" if there else "holds no fine-tuned network"
        raise BackboneError(
            f"{folder} {has}; expected {folder / 'sketch'} and {folder / 'photo'}, or {folder / 'shared'}. Make what "
            f"is missing: pcmsn finetune --modality {missing} --out {folder}, with the --backbone, --dataset and "
            "--split of the other one"
        )
    return Extractors(
        sketch=load_finetuned(folder / "sketch", "sketch"), photo=load_finetuned(folder / "photo", "photo")
    )


def refuse_leaks(extractors: Extractors, split: Split) -> None:
    """Raise BackboneError if an extractor was fine-tuned on a class that the split keeps unseen."""
    for backbone in (*networks_below(extractors.sketch), *networks_below(extractors.photo)):
        if not isinstance(backbone, FinetunedBackbone):
            continue
        leaked = leaked_classes(backbone.trained_on.classes, split)
        if leaked:
            source = backbone.trained_on
            raise BackboneError(
                f"{backbone.name} has seen {len(leaked)} classes that the split {split.name!r} keeps unseen "
                f"({enumerate_names(leaked)}): it was trained on the {len(source.classes)} seen classes of "
                f"{source.dataset}'s split {source.split!r}. Pass that split, or fine-tune on this one: pcmsn finetune"
            )


def leaked_classes(learned: Iterable[str], split: Split) -> list[str]:
    """The unseen classes of a split that are among those an extractor learned from.

    Names are compared by their letters, so that another spelling of a class does not slip through.
    """
    known = {letters_of(name) for name in learned}
    return [name for name in (*split.val, *split.test) if letters_of(name) in known]


def _load_weights(network: FinetunedBackbone, folder: Path, description: Mapping[str, Any]) -> None:
    path = folder / WEIGHTS
    try:
        weights = load_file(path)
        network.load_state_dict(weights, assign=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise BackboneError(
            f"{path} does not hold the weights that {DESCRIPTION} describes: {error}; fine-tune again"
        ) from error
    if network_fingerprint("", weights) != description.get("weights"):
        raise BackboneError(
            f"{path} holds other weights than {DESCRIPTION} was written for; continue the training that was stopped "
            "(pcmsn finetune --resume), or fine-tune again"
        )


def _transform_for(modality: Modality, description: Mapping[str, Any], folder: Path) -> Transform:
    """The preparation of one side's pictures. Raises BackboneError for a network that is not for this side."""
    try:
        transforms: dict[Modality, Transform] = {
            modality: Transform(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})
            for modality, values in description["transforms"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _incomplete(folder, error) from error
    if modality not in transforms:
        raise BackboneError(f"{folder} holds a network for {enumerate_names(transforms)} pictures, not for {modality}")
    return transforms[modality]


def _trained_on(description: Mapping[str, Any], folder: Path) -> TrainedOn:
    try:
        values = {field.name: description["trained_on"][field.name] for field in fields(TrainedOn)}
        return TrainedOn(**{**values, "classes": tuple(values["classes"])})
    except (KeyError, TypeError) as error:
        raise _incomplete(folder, error) from error


def _incomplete(folder: Path, error: Exception) -> BackboneError:
    return BackboneError(f"{folder / DESCRIPTION} is incomplete: {type(error).__name__} {error}; fine-tune again")


def _write(folder: Path, description: Mapping[str, Any]) -> None:
    write_text_atomically(folder / DESCRIPTION, json.dumps(description, indent=1) + "\n")


def _read(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackboneError(
            f"no fine-tuned network in {folder}: {error}; expected {DESCRIPTION} and {WEIGHTS}, as pcmsn finetune saves"
        ) from error
    if not isinstance(description, dict) or description.get("format") != _FORMAT:
        raise BackboneError(f"{path} does not describe a fine-tuned network; for another model pass its own form")
    if description.get("version") != FINETUNED_VERSION:
        raise BackboneError(
            f"{path} is of version {description.get('version')!r}, expected {FINETUNED_VERSION}; fine-tune again"
        )
    return description
