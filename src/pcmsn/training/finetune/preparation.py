"""From a configuration to what a network is trained from; all that can be wrong is checked here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pcmsn.data.records import Modality
from pcmsn.errors import ConfigError, enumerate_names
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.finetuned import NetworkName
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.backbones.trunk import describe_trunk, resized_input
from pcmsn.progress import Progress
from pcmsn.training.config import BackboneConfig, RunConfig
from pcmsn.training.finetune.config import FinetuneConfig
from pcmsn.training.finetune.folder import Job
from pcmsn.training.finetune.network import FinetuningNetwork, check_input_size
from pcmsn.training.finetune.pictures import Source, all_held_out, hold_out
from pcmsn.training.split_dataset import SplitDataset, open_split_dataset, resolved

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that the training of one network needs."""

    job: Job
    network: FinetuningNetwork
    sources: tuple[Source, ...]
    """One, or for a shared network two."""
    validation: tuple[Source, ...]
    """The same sides' pictures of the validation classes, where their retrieval is measured; else empty."""
    dataset: str
    split: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The seen classes; labels are positions in it."""
        return self.sources[0].split.pictures.classes

    def notes(self) -> list[str]:
        """What a user should know before the training begins."""
        counts = ", ".join(
            f"{len(source.split.training)} {source.modality} pictures to learn from and "
            f"{len(source.split.held_out)} held out"
            for source in self.sources
        )
        trunk = self.network.trunk
        told = [f"{self.job.network}: {trunk.name}, {len(self.classes)} seen classes, {counts}"]
        for source in self.sources:
            alone = source.split.classes_without_held_out
            if alone and len(source.split.held_out):
                told.append(
                    f"{self.job.network}: no {source.modality} is held out of {len(alone)} classes with one picture "
                    f"each: {enumerate_names(alone)}"
                )
        if not any(len(source.split.held_out) for source in self.sources):
            told.append(f"{self.job.network}: no picture is held out, so the last epoch is taken")
        if self.validation:
            looked_at = " and ".join(
                f"{len(source.split.held_out)} {source.modality} pictures" for source in self.validation
            )
            classes = len(self.validation[0].split.pictures.classes)
            told.append(
                f"{self.job.network}: retrieval is measured on {looked_at} of {classes} validation classes, which "
                "nothing is learned from"
            )
        return told


def open_finetune_dataset(config: FinetuneConfig, progress: Progress | None = None) -> SplitDataset:
    """The pictures and the split of a configuration, checked to fit each other."""
    return open_split_dataset(_as_run(config), progress)


def resolved_finetune(config: FinetuneConfig) -> FinetuneConfig:
    """The configuration with its folders as absolute paths, so that it can be continued from anywhere."""
    run = resolved(_as_run(config))
    trunk = replace(config.trunk, spec=run.backbone.spec, model_root=run.backbone.model_root)
    return replace(config, data=run.data, trunk=trunk)


def _as_run(config: FinetuneConfig) -> RunConfig:
    """The same data and backbone as training names them."""
    trunk = config.trunk
    backbone = BackboneConfig(spec=trunk.spec, model_root=trunk.model_root, resize=trunk.resize)
    return RunConfig(data=config.data, backbone=backbone)


def prepare(job: Job, split_dataset: SplitDataset) -> Prepared:
    """The network with its trunk's weights, and its pictures: those of the split's seen classes.

    No others are opened, but for those of the validation classes where the configuration has their retrieval measured.
    """
    config = job.config
    trunk = load_trunk(config, job.network, split_dataset.dataset.name)
    pictures = {"sketch": split_dataset.dataset.sketches, "photo": split_dataset.dataset.photos}
    split, sides, schedule = split_dataset.split, sides_of(job.network), config.schedule
    transforms = {side: prepared_transform(trunk.transform, config, side) for side in sides}
    sources = tuple(
        Source(side, hold_out(pictures[side], split.train, schedule.held_out, schedule.seed), transforms[side])
        for side in sides
    )
    looked_at = sides if schedule.validate_retrieval else ()
    validation = tuple(Source(side, all_held_out(pictures[side], split.val), transforms[side]) for side in looked_at)
    trunk.transform = sources[0].transform
    check_input_size(trunk)
    network = FinetuningNetwork(trunk, len(split.train), config)
    return Prepared(job, network, sources, validation, split_dataset.dataset.name, split.name)


def sides_of(network: NetworkName) -> tuple[Modality, ...]:
    """The modalities that a network is for."""
    return ("sketch", "photo") if network == "shared" else (network,)


def load_trunk(config: FinetuneConfig, network: NetworkName, dataset_name: str) -> Backbone:
    """The network that is fine-tuned, as it was trained before. Raises BackboneError and ConfigError."""
    pair = load_extractors(
        config.trunk.spec,
        dataset_name=dataset_name,
        model_root=Path(config.trunk.model_root),
        resize=config.trunk.resize,
    )
    if network == "shared" and pair.sketch is not pair.photo:
        raise needs_one_network(config.trunk.spec)
    trunk = pair.photo if network == "photo" else pair.sketch
    describe_trunk(trunk)
    return trunk


def needs_one_network(spec: str) -> ConfigError:
    """The error for a shared fine-tuning of a backbone that is a pair of networks."""
    return ConfigError(
        f"--backbone {spec} is a network for each modality, but this fine-tuning makes a shared one of a single "
        "network; pass --backbone with one for both modalities, for example a Hugging Face name or vgg16:FILE, or "
        "fine-tune each by itself: pcmsn finetune --two, or pcmsn train --finetune default"
    )


def prepared_transform(own: Transform, config: FinetuneConfig, modality: Modality) -> Transform:
    """How pictures of one modality are prepared, from the trunk's own way and the configuration."""
    extractor = config.extractor
    transform = resized_input(own, extractor.input_size) if extractor.input_size else own
    if extractor.statistics != "trunk":
        mean, std = _PLAIN if extractor.statistics == "plain" else _IMAGENET
        transform = replace(transform, mean=mean, std=std)
    return replace(transform, invert=own.invert or (extractor.invert_sketches and modality == "sketch"))
