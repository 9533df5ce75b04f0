"""Everything that decides a run, as frozen values: one dataclass a part, checked once when made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pcmsn.data.layouts import PhotoVariant
from pcmsn.errors import ConfigError
from pcmsn.features.config import Layers, Resize
from pcmsn.losses.weights import BRANCH_TERMS, PCMSN_TERMS, LossConfig
from pcmsn.model.config import ModelConfig

UpdateOrder = Literal["discriminator-first", "generators-first"]
DiscriminatorOptimizer = Literal["adam", "sgd"]
Schedule = Literal["constant", "cosine"]
Standardise = Literal["each-modality", "none"]


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which pictures, and which of their classes are seen."""

    dataset: str = "Sketchy"
    """A benchmark (``Sketchy``, ``TU-Berlin``, ``QuickDraw``), ``toyworld``, or a folder with ``sketch/<class>/*``
    and ``photo/<class>/*``. In a file and on the command line upper and lower case are the same."""
    data_root: str = "./ZS-SBIR"
    """The folder that holds the benchmarks and ``toyworld``."""
    photos: PhotoVariant = "extended"
    """Sketchy's photos: its extension (which includes the originals) or the 12,500 originals alone."""
    split: str = ""
    """A published split, ``random``, or a TOML file; empty takes the data set's own."""
    split_seed: int = 0
    """Seed of ``random``; the run's seed does not change the split."""
    unseen_classes: str = ""
    """A text file with one class name a line: these are the test classes, in place of ``split``."""
    file_list: str = ""
    """A folder of SAKE's or ZSE-SBIR's file lists, which name the pictures and the unseen classes."""
    allow_missing_classes: bool = False
    """Whether the data set may lack classes of the split; every table then says so."""

    def __post_init__(self) -> None:
        given = [name for name in ("split", "unseen_classes", "file_list") if getattr(self, name)]
        if len(given) > 1:
            raise ConfigError(f"data.{' and data.'.join(given)} each name the unseen classes; expected one of them")


@dataclass(frozen=True, kw_only=True)
class SemanticsConfig:
    """Side information: one vector a class."""

    root: str = "./dataset"
    """The folder with ``<data set>/<source>.npy`` or ``.npz``."""
    sources: tuple[str, ...] = ("word2vec-google-news", "hieremb-jcn")
    """Sources, joined in sorted order; ``toyworld-path`` is built in."""


@dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """The frozen feature extractors."""

    spec: str = "vgg16"
    """``vgg16`` (released weights), ``vgg16:FILE``, ``tiny``, ``tiny:FOLDER``, a Hugging Face name or a folder."""
    model_root: str = "./model"
    """The folder with the released ``<data set>_sketch.pth`` and ``<data set>_image.pth``."""
    resize: Resize = "squash"
    """How pictures get a Hugging Face model's size: ``squash`` them whole, or as the ``model``'s processor does."""
    finetune: str = ""
    """A preset of ``pcmsn finetune``, or a TOML file: the network is first fine-tuned so on the seen classes, into the
    run's folder. Empty takes it as it is."""
    keep_original: bool = False
    """Whether the network as it was before ``finetune`` stands beside the fine-tuned one."""
    layers: Layers = "last"
    """Whether features have summaries of the network's earlier layers beside the last one (``several``)."""
    standardise: Standardise = "each-modality"
    """Bring each modality's features to zero mean and unit variance with training statistics; the paper did not."""


@dataclass(frozen=True, kw_only=True)
class OptimisationConfig:
    """How the parameters move."""

    learning_rate: float = 1e-4
    """Of both optimizers."""
    betas: tuple[float, float] = (0.5, 0.99)
    """Adam's decay rates."""
    discriminator: DiscriminatorOptimizer = "adam"
    """``sgd`` is the released choice."""
    momentum: float = 0.9
    """Of the discriminator's SGD."""
    order: UpdateOrder = "discriminator-first"
    """Which side is updated first in each batch."""
    schedule: Schedule = "constant"
    """``cosine``: the learning rate rises over the first ``warm_up``, then falls as half a cosine to 0."""
    warm_up: float = 0.1
    """Share of all batches in which the learning rate of ``cosine`` rises."""
    average_decay: float = 0.0
    """Of the exponential average of the weights, which is then what is evaluated and saved; 0 takes the last ones."""

    def __post_init__(self) -> None:
        if not 0 < self.learning_rate <= 1:
            raise ConfigError(f"optimisation.learning_rate must be in (0, 1], got {self.learning_rate}")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"optimisation.betas must be two numbers in [0, 1), got {self.betas}")
        if not 0 <= self.momentum < 1:
            raise ConfigError(f"optimisation.momentum must be in [0, 1), got {self.momentum}")
        if not 0 <= self.average_decay < 1:
            raise ConfigError(f"optimisation.average_decay must be in [0, 1), got {self.average_decay}")
        if not 0 <= self.warm_up < 1:
            raise ConfigError(f"optimisation.warm_up must be in [0, 1), got {self.warm_up}")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How long, in what portions, from which seed."""

    epochs: int = 30
    """The most epochs to train."""
    batch_size: int = 128
    """Same-class pairs a batch."""
    pairs_per_class: int = 0
    """So many pairs of each class in a batch, of batch_size / pairs_per_class different classes. 0 draws the class of
    every pair by itself, as the released code does."""
    batches_per_epoch: int = 100
    """Batches between two validations."""
    early_stop: int = 10
    """Stop after this many epochs without a better validation score; 0 never stops early."""
    seed: int = 0
    """Decides initial weights, pairs, dropout and noise."""

    def __post_init__(self) -> None:
        for name, least in (
            ("epochs", 1),
            ("batch_size", 2),
            ("batches_per_epoch", 1),
            ("early_stop", 0),
            ("seed", 0),
            ("pairs_per_class", 0),
        ):
            if getattr(self, name) < least:
                raise ConfigError(f"training.{name} must be >= {least}, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One training run."""

    preset: str = "paper"
    """The preset that the other values started from."""
    data: DataConfig = field(default_factory=DataConfig)
    semantics: SemanticsConfig = field(default_factory=SemanticsConfig)
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimisation: OptimisationConfig = field(default_factory=OptimisationConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        kind = self.model.kind
        own, foreign = (PCMSN_TERMS, BRANCH_TERMS) if kind == "pcmsn" else (BRANCH_TERMS, PCMSN_TERMS)
        given = [f"loss.{name} = {getattr(self.loss, name)}" for name in foreign if getattr(self.loss, name)]
        if given:
            raise ConfigError(
                f"{', '.join(given)} has no part in model.kind = {kind!r}; its terms are "
                f"{', '.join(f'loss.{name}' for name in own)}. Leave it at 0, or choose another preset"
            )
        if not any(getattr(self.loss, name) for name in own):
            raise ConfigError(f"all of {', '.join(f'loss.{name}' for name in own)} are 0: nothing would be learned")
