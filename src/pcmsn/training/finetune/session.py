"""A whole fine-tuning: prepare, start or continue, train each network, draw the curves. The command line calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pcmsn.errors import ConfigError, enumerate_names
from pcmsn.features.backbones.finetuned import NetworkName, TrainedOn, load_finetuned, read_trained_on
from pcmsn.features.backbones.released_layout import check_released_layout, write_released_layout
from pcmsn.progress import Progress, silent
from pcmsn.training.finetune.config import FinetuneConfig
from pcmsn.training.finetune.curves import write_curves
from pcmsn.training.finetune.folder import CURVES, Job, jobs_to_resume, new_jobs, read_history
from pcmsn.training.finetune.loop import FinetuningRun, OnEpoch, show_nothing
from pcmsn.training.finetune.preparation import (
    Prepared,
    open_finetune_dataset,
    prepare,
    resolved_finetune,
    sides_of,
)
from pcmsn.training.finetune.processes import check_batch_size, make_fabric
from pcmsn.training.split_dataset import SplitDataset

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Note = Callable[[str], None]
"""Called with a sentence for the user."""


def _say_nothing(text: str) -> None:
    """A ``Note`` that says nothing."""


@dataclass(frozen=True)
class Hardware:
    """What a fine-tuning runs on; the number of devices changes its result by rounding only."""

    device: str = "auto"
    """``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``auto``."""
    devices: int = 1
    """Devices of each machine, on a CPU processes."""
    nodes: int = 1
    """Machines."""

    def __post_init__(self) -> None:
        if self.devices < 1 or self.nodes < 1:
            raise ConfigError(f"--devices and --nodes must be at least 1, got {self.devices} and {self.nodes}")


@dataclass(frozen=True)
class FinetunedNetwork:
    """One network that was trained."""

    network: NetworkName
    folder: Path
    trained_on: TrainedOn


@dataclass(frozen=True)
class FinetuneResult:
    """What a fine-tuning left on disk."""

    networks: tuple[FinetunedNetwork, ...]
    curves: Path
    released: tuple[Path, ...]
    """Files in the released layout."""
    is_main_process: bool
    """Whether this is the process, of all that train together, that reports the result."""


def finetune(
    config: FinetuneConfig | None,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    hardware: Hardware | None = None,
    released_layout: Path | None = None,
    progress: Progress = silent,
    note: Note = _say_nothing,
    on_epoch: OnEpoch = show_nothing,
) -> FinetuneResult:
    """Train the networks of a configuration into ``out``; with ``resume`` those that were begun there, as configured.

    Every process of several calls this and does its part. All that can be wrong is checked before the first step.
    Raises PcmsnError's subclasses.
    """
    hardware = hardware or Hardware()
    jobs = _jobs(config, out, resume=resume, overwrite=overwrite)
    split_datasets = {job.config: open_finetune_dataset(job.config, progress) for job in jobs}
    for job in jobs:
        _check(prepare(job, split_datasets[job.config]), hardware, released_layout)
    fabric = _fabric(jobs, hardware)
    fabric.launch()
    if not resume and fabric.is_global_zero:
        for job in jobs:
            job.start()
    if not fabric.is_global_zero:
        note, progress, on_epoch = _say_nothing, silent, show_nothing
    fabric.barrier()
    for job in jobs:
        if not job.is_finished:
            prepared = prepare(job, split_datasets[job.config])
            _train(FinetuningRun(prepared, fabric, progress, on_epoch), resume=resume, note=note)
    files = _write_files(jobs, out, released_layout, split_datasets) if fabric.is_global_zero else ()
    fabric.barrier()
    return FinetuneResult(
        networks=tuple(FinetunedNetwork(job.network, job.path, read_trained_on(job.path)) for job in jobs),
        curves=out / CURVES,
        released=files,
        is_main_process=fabric.is_global_zero,
    )


def _jobs(config: FinetuneConfig | None, out: Path, *, resume: bool, overwrite: bool) -> list[Job]:
    if resume:
        return jobs_to_resume(out)
    if config is None:
        raise ConfigError("a new fine-tuning needs a configuration; to continue one, resume it")
    return new_jobs(resolved_finetune(config), out, overwrite=overwrite)


def _check(prepared: Prepared, hardware: Hardware, released_layout: Path | None) -> None:
    """Raise ConfigError or BackboneError for what would stop the training, or the files after it."""
    config = prepared.job.config
    processes = hardware.devices * hardware.nodes
    check_batch_size(config.schedule.batch_size, len(prepared.sources), processes)
    if released_layout is not None:
        check_released_layout(
            prepared.network.trunk,
            bottleneck=config.extractor.bottleneck,
            transforms={source.modality: source.transform for source in prepared.sources},
        )


def _fabric(jobs: list[Job], hardware: Hardware) -> Fabric:
    formats = {job.config.schedule.precision for job in jobs if not job.is_finished} or {"auto"}
    if len(formats) > 1:
        raise ConfigError(f"the networks in {jobs[0].out} were begun with different precisions: {sorted(formats)}")
    return make_fabric(hardware.device, devices=hardware.devices, nodes=hardware.nodes, precision=formats.pop())


def _train(run: FinetuningRun, *, resume: bool, note: Note) -> None:
    for text in run.prepared.notes():
        note(text)
    if run.fabric.is_global_zero and not run.job.is_begun:
        run.job.start()
    if resume:
        run.restore()
    run.run()
    skipped = [("", run.unreadable)]
    if run.retrieval:
        skipped.append((" of validation classes", run.retrieval.unreadable))
    for whose, names in skipped:
        if names:
            note(f"{run.job.network}: skipped {len(names)} unreadable pictures{whose}: {enumerate_names(names)}")


def _write_files(
    jobs: list[Job], out: Path, released_layout: Path | None, split_datasets: dict[FinetuneConfig, SplitDataset]
) -> tuple[Path, ...]:
    """The curves of all networks in the folder, and the files in the released layout where they are wanted."""
    histories = {network: read_history(out / network) for network in get_args(NetworkName)}
    write_curves(histories, out / CURVES)
    if released_layout is None:
        return ()
    return tuple(
        write_released_layout(
            load_finetuned(job.path, side), side, released_layout, split_datasets[job.config].dataset.name
        )
        for job in jobs
        for side in sides_of(job.network)
    )
