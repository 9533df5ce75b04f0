"""A small built-in network: the demo trains it in a minute, so that nothing has to be downloaded."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pcmsn.data.atomic import atomic_path, write_text_atomically
from pcmsn.errors import BackboneError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.transform import Transform
from pcmsn.seeding import seeded_torch

TINY_VERSION = 1
"""Written into config.json; another version is refused."""

_FORMAT = "pcmsn tiny network"
_CONFIG_FILE, _WEIGHTS_FILE = "config.json", "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class TinyArchitecture:
    """The sizes of a tiny network; its feature is as long as the last width."""

    input_size: int = 64
    """Height and width of the pictures in pixels."""
    widths: tuple[int, ...] = (16, 48, 96, 192)
    """Channels of each stage; every stage halves height and width."""

    @property
    def feature_dim(self) -> int:
        """Length of a feature."""
        return self.widths[-1]

    @property
    def transform(self) -> Transform:
        """The pixels that the network is trained on and used with: squashed, values in [-1, 1]."""
        half = (0.5, 0.5, 0.5)
        return Transform(height=self.input_size, width=self.input_size, mean=half, std=half)


class TinyNetwork(nn.Module):
    """A trainable stack of strided convolutions; (B, 3, S, S) pixels to (B, feature_dim) features that are >= 0."""

    def __init__(self, architecture: TinyArchitecture | None = None) -> None:
        super().__init__()
        self.architecture = architecture or TinyArchitecture()
        stages = []
        channels = 3
        for width in self.architecture.widths:
            stages.append(_stage(channels, width))
            channels = width
        self.stages = nn.Sequential(*stages)
        self.mixing = nn.Sequential(  # sees most of the picture; cheap on the last, smallest map
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    @property
    def feature_dim(self) -> int:
        """Length of a feature."""
        return self.architecture.feature_dim

    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, feature_dim) features of (B, 3, S, S) normalised pixels."""
        return self.feature_of(self.stages(pixels))

    def feature_of(self, maps: Tensor) -> Tensor:
        """The (B, feature_dim) features of the last stage's (B, feature_dim, h, w) output."""
        return torch.relu(maps + self.mixing(maps)).mean(dim=(2, 3))


def _stage(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


class TinyBackbone(Backbone):
    """A trained tiny network, frozen."""

    def __init__(self, network: TinyNetwork, *, name: str = "tiny") -> None:
        architecture = network.architecture
        super().__init__(
            name=name,
            feature_dim=architecture.feature_dim,
            transform=architecture.transform,
            architecture=f"tiny {TINY_VERSION} {json.dumps(asdict(architecture), sort_keys=True)}",
        )
        self.network = network
        self.freeze()

    @classmethod
    def untrained(cls, seed: int, architecture: TinyArchitecture | None = None) -> TinyBackbone:
        """A backbone with random weights that depend on the seed alone."""
        with seeded_torch(seed, "tiny network"):
            network = TinyNetwork(architecture)
        return cls(network, name="tiny (untrained)")

    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, feature_dim) float32 features of (B, 3, S, S) normalised pixels."""
        features: Tensor = self.network(pixels)
        return features

    def layer_features(self, pixels: Tensor) -> list[Tensor]:
        """The feature, then the means over positions of all stages but the first."""
        maps = [pixels]
        for stage in self.network.stages:
            maps.append(stage(maps[-1]))
        means = [stage.mean(dim=(2, 3)) for stage in maps[2:]]
        return [self.network.feature_of(maps[-1]), *reversed(means)]


def save_tiny(network: TinyNetwork, folder: Path) -> None:
    """Write config.json and model.safetensors into a folder, which is made; whole files only, by renaming."""
    config = {"format": _FORMAT, "version": TINY_VERSION, "architecture": asdict(network.architecture)}
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_path(folder / _WEIGHTS_FILE) as temporary:
        save_file(weights, temporary)
    write_text_atomically(folder / _CONFIG_FILE, json.dumps(config, indent=1) + "\n")


def load_tiny(folder: Path, *, name: str | None = None) -> TinyBackbone:
    """The frozen backbone that ``save_tiny`` wrote, named after its folder by default.

    Raises BackboneError for missing, foreign or damaged files.
    """
    network = TinyNetwork(_read_architecture(folder))
    try:
        weights = load_file(folder / _WEIGHTS_FILE)
        network.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise BackboneError(
            f"{folder / _WEIGHTS_FILE} does not hold the weights that {_CONFIG_FILE} describes: {error}; "
            "train the network again"
        ) from error
    return TinyBackbone(network, name=name or folder.resolve().name)


def _read_architecture(folder: Path) -> TinyArchitecture:
    path = folder / _CONFIG_FILE
    try:
        config: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackboneError(
            f"no tiny network in {folder}: {error}; expected {_CONFIG_FILE} and {_WEIGHTS_FILE}, as the demo saves"
        ) from error
    if not isinstance(config, dict) or config.get("format") != _FORMAT:
        raise BackboneError(
            f"{path} does not describe a tiny network; for another model, pass the folder without 'tiny:'"
        )
    if config.get("version") != TINY_VERSION:
        raise BackboneError(
            f"{path} is of version {config.get('version')!r}, expected {TINY_VERSION}; train the network again"
        )
    try:
        fields = dict(config["architecture"])
        return TinyArchitecture(**{**fields, "widths": tuple(fields["widths"])})
    except (KeyError, TypeError, ValueError) as error:
        raise BackboneError(f"{path} has an incomplete architecture: {error}; train the network again") from error
