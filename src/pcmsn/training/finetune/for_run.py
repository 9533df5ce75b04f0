"""Fine-tuning as the first part of a training run, into the run's own folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pcmsn.progress import Progress, silent
from pcmsn.training.config import RunConfig
from pcmsn.training.finetune.config import FinetuneConfig, build_finetune_config
from pcmsn.training.finetune.folder import Job, jobs_to_resume, networks_of
from pcmsn.training.finetune.preparation import needs_one_network, resolved_finetune
from pcmsn.training.finetune.session import Hardware, finetune
from pcmsn.training.split_dataset import TINY


def finetune_for_run(config: RunConfig, folder: Path, *, device: str, progress: Progress | None = None) -> None:
    """Fine-tune a run's extractors on its seen classes; what was begun in ``folder`` with the same settings goes on.

    ``config.backbone.finetune`` says how; data, backbone and seed are the run's. Raises PcmsnError's subclasses.
    """
    wanted = finetuning_of(config)
    begun = any(Job(name, wanted, folder).is_begun for name in networks_of(wanted))
    same = begun and all(job.config == wanted for job in jobs_to_resume(folder))
    if same and all(Job(name, wanted, folder).is_finished for name in networks_of(wanted)):
        return
    finetune(
        None if same else wanted,
        folder,
        resume=same,
        overwrite=True,
        hardware=Hardware(device=device),
        progress=progress or silent,
    )


def check_pair(config: RunConfig) -> None:
    """Raise ConfigError where a shared network is wanted of ``tiny``, before that pair of networks is even trained."""
    if config.backbone.spec == TINY and _configured(config).extractor.shared:
        raise needs_one_network(TINY)


def finetuning_of(config: RunConfig) -> FinetuneConfig:
    """What ``pcmsn finetune`` would be told to make a run's extractors. Raises ConfigError and BackboneError."""
    return resolved_finetune(_configured(config))


def _configured(config: RunConfig) -> FinetuneConfig:
    backbone = config.backbone
    file = Path(backbone.finetune) if backbone.finetune.endswith(".toml") else None
    overrides = {
        "data": asdict(config.data),
        "trunk": {"spec": backbone.spec, "model_root": backbone.model_root, "resize": backbone.resize},
        "schedule": {"seed": config.training.seed},
    }
    preset = None if file else backbone.finetune
    return build_finetune_config(preset=preset, file=file, overrides=overrides)
