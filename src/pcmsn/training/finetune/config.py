"""Everything that decides a fine-tuning, as frozen values, and how it is made from a preset, a file and options."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pcmsn.errors import ConfigError
from pcmsn.features.config import Resize
from pcmsn.training.config import DataConfig
from pcmsn.training.configuration import (
    chosen_preset,
    merge_tables,
    part_from_tables,
    preset_names,
    read_preset,
    read_toml,
    tables_to_toml,
    with_exact_dataset,
)

PRESETS = Path(__file__).parent / "presets"

Modalities = Literal["sketch", "photo", "both"]
Statistics = Literal["trunk", "imagenet", "plain"]
BatchNorm = Literal["train", "frozen"]
Precision = Literal["auto", "32", "bf16-mixed", "16-mixed"]


@dataclass(frozen=True, kw_only=True)
class TrunkConfig:
    """The network that is fine-tuned."""

    spec: str = "vgg16"
    """A Hugging Face name or folder, ``vgg16:FILE``, ``vgg16`` (released weights) or ``tiny:FOLDER``."""
    model_root: str = "./model"
    """The folder with the released ``<data set>_sketch.pth`` and ``<data set>_image.pth``, for ``vgg16``."""
    resize: Resize = "squash"
    """How pictures get a Hugging Face model's size: ``squash`` them whole, or as the ``model``'s processor does."""
    frozen_share: float = 0.0
    """Share of the trunk's weight tensors, from the input on, that stay as they are; 1 trains the bottleneck alone."""
    batch_norm: BatchNorm = "train"
    """Whether batch normalisation uses and learns the batches' statistics, or keeps those that it came with."""

    def __post_init__(self) -> None:
        _check_share("trunk.frozen_share", self.frozen_share)


@dataclass(frozen=True, kw_only=True)
class ExtractorConfig:
    """The feature extractor that comes out."""

    modality: Modalities = "both"
    """Which networks are trained."""
    shared: bool = False
    """One network for sketches and photos instead of one for each; every batch is half sketches, half photos."""
    bottleneck: int = 512
    """Length of the feature: a linear layer after the trunk; 0 takes the trunk's own feature."""
    input_size: int = 0
    """Height and width of the pictures in pixels, where the trunk allows another size; 0 is the trunk's own."""
    invert_sketches: bool = False
    """Whether sketches are white strokes on black."""
    statistics: Statistics = "trunk"
    """Mean and deviation of the pixels: the trunk's own, ImageNet's, or none (``plain``, values in [0, 1])."""

    def __post_init__(self) -> None:
        for name in ("bottleneck", "input_size"):
            if getattr(self, name) < 0:
                raise ConfigError(f"extractor.{name} must be >= 0, got {getattr(self, name)}")
        if self.shared and self.modality != "both":
            raise ConfigError(
                f"extractor.shared is one network for both modalities, got modality {self.modality!r}; leave one out"
            )


@dataclass(frozen=True, kw_only=True)
class FittingConfig:
    """How the weights move."""

    learning_rate: float = 1e-4
    """AdamW's highest learning rate of the trunk."""
    head_factor: float = 10.0
    """How many times faster than the trunk the bottleneck and the classifier learn."""
    weight_decay: float = 0.02
    """Of matrices and convolutions; biases and norms have none."""
    warm_up: float = 0.1
    """Share of all steps in which the learning rate rises; it then falls as half a cosine."""
    label_smoothing: float = 0.1
    """Share of the target that is spread over all classes."""
    dropout: float = 0.0
    """Share of the trunk's feature that is set to 0 before the bottleneck while training."""
    clip: float = 1.0
    """Longest gradient (Euclidean norm of all); longer ones are shortened to it. 0 is off."""
    average_decay: float = 0.99
    """Of the exponential average of the weights, which is what is evaluated and saved; 0 takes the last weights."""

    def __post_init__(self) -> None:
        if not 0 < self.learning_rate <= 1:
            raise ConfigError(f"fitting.learning_rate must be in (0, 1], got {self.learning_rate}")
        if not self.head_factor > 0:
            raise ConfigError(f"fitting.head_factor must be > 0, got {self.head_factor}")
        for name in ("weight_decay", "clip"):
            if getattr(self, name) < 0:
                raise ConfigError(f"fitting.{name} must be >= 0, got {getattr(self, name)}")
        _check_share("fitting.warm_up", self.warm_up)
        for name in ("label_smoothing", "dropout", "average_decay"):
            _check_share(f"fitting.{name}", getattr(self, name), below_1=True)


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """How long, in what portions, from which seed."""

    epochs: int = 10
    """In an epoch as many pictures are drawn as there are, every class equally often."""
    batch_size: int = 32
    """Pictures a step, over all devices together."""
    held_out: float = 0.1
    """Share of each seen class's pictures on which the best epoch is chosen, at least one where a class has two."""
    augmentation: float = 1.0
    """Strength of the random changes to pictures; 0 is off."""
    validate_retrieval: bool = False
    """Whether retrieval of the validation classes is measured after each epoch, too; nothing is chosen by it."""
    precision: Precision = "auto"
    """Number format: ``auto`` is bf16-mixed on CUDA devices and CPUs that compute in it, 32 elsewhere."""
    seed: int = 0
    """Decides held-out pictures, first weights of the new layers, order and changes of pictures, and dropout."""

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 2), ("seed", 0), ("augmentation", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"schedule.{name} must be >= {least}, got {getattr(self, name)}")
        _check_share("schedule.held_out", self.held_out, below_1=True)


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """One fine-tuning."""

    preset: str = "default"
    """The preset that the other values started from."""
    data: DataConfig = field(default_factory=DataConfig)
    trunk: TrunkConfig = field(default_factory=TrunkConfig)
    extractor: ExtractorConfig = field(default_factory=ExtractorConfig)
    fitting: FittingConfig = field(default_factory=FittingConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)


def _check_share(name: str, value: float, *, below_1: bool = False) -> None:
    if not 0 <= value <= 1 or (below_1 and value == 1):
        raise ConfigError(f"{name} must be in {'[0, 1)' if below_1 else '[0, 1]'}, got {value}")


def finetune_presets() -> tuple[str, ...]:
    """The presets of fine-tuning."""
    return preset_names(PRESETS)


def build_finetune_config(
    *, preset: str | None = None, file: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> FinetuneConfig:
    """The configuration of a fine-tuning: preset, then file, then ``overrides``, tables like ``{"schedule": {...}}``.

    Raises ConfigError for an unknown preset, table or key, a value of the wrong type, or one out of range.
    """
    from_file = read_toml(file) if file else {}
    chosen = chosen_preset(preset, from_file, FinetuneConfig().preset)
    given = with_exact_dataset(merge_tables(from_file, overrides or {}))
    return part_from_tables(FinetuneConfig, merge_tables(read_preset(chosen, PRESETS), given) | {"preset": chosen})


def finetune_config_to_toml(config: FinetuneConfig) -> str:
    """The whole configuration as TOML text that ``--config`` reads back."""
    return tables_to_toml(dataclasses.asdict(config))
