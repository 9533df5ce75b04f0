"""Devices, processes and number formats: one code path from a CPU to several machines, through Lightning Fabric."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import torch

from pcmsn.device import pick_device
from pcmsn.errors import ConfigError
from pcmsn.training.finetune.config import Precision

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_AMPERE = 8  # compute capability from which on a CUDA device computes in bf16
_CPU_UNITS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")  # torch has no public name; older ones lack both


def make_fabric(device: str, *, devices: int, nodes: int, precision: Precision) -> Fabric:
    """The devices to train on, not launched yet.

    ``device`` is ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``auto``; ``devices`` is the number of devices (on a CPU, of
    processes) on each of ``nodes`` machines. Raises ConfigError for devices and precisions that are not here.
    """
    kind, _, index = pick_device(device).partition(":")
    if devices > 1 and (index or kind == "mps"):
        raise ConfigError(f"--device {device} is one device; for {devices} of them pass --device cuda or --device cpu")
    if kind == "cuda" and devices > torch.cuda.device_count():
        there = torch.cuda.device_count()
        raise ConfigError(
            f"--devices {devices} is more than this machine's {there} CUDA devices; pass --devices {there}"
        )
    if precision == "16-mixed" and kind != "cuda":
        raise ConfigError(f"precision 16-mixed needs a CUDA device, got {kind}; pass --precision 32 or auto")
    return _quiet_fabric(
        accelerator=kind,
        devices=[int(index)] if index else devices,
        num_nodes=nodes,
        strategy="ddp" if devices * nodes > 1 else "auto",
        precision=number_format(precision, kind),
    )


def number_format(precision: Precision, kind: str) -> str:
    """Fabric's name of a precision; ``auto`` is mixed bf16 on devices that compute in it, 32 bits elsewhere."""
    if precision != "auto":
        return "32-true" if precision == "32" else precision
    return "bf16-mixed" if _computes_in_bf16(kind) else "32-true"


def _computes_in_bf16(kind: str) -> bool:
    """Whether a device has instructions for bf16; without them it is many times slower than 32 bits."""
    if kind == "cuda":
        return torch.cuda.get_device_capability()[0] >= _AMPERE
    return kind == "cpu" and any(getattr(torch.cpu, name, bool)() for name in _CPU_UNITS)


def _quiet_fabric(**settings: Any) -> Fabric:
    """A Fabric whose own reports and advice stay away from the user's terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lightning_fabric import Fabric

        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # its import sets a level of its own
        return Fabric(**settings)


def rows_of_process(fabric: Fabric, count: int) -> slice:
    """The rows of a batch of ``count`` that this process works on; every process has equally many."""
    share = count // fabric.world_size
    return slice(fabric.global_rank * share, (fabric.global_rank + 1) * share)


def check_batch_size(batch_size: int, parts: int, processes: int) -> None:
    """Raise ConfigError unless a batch has equally many pictures of each of its ``parts`` for each process.

    A step then means the same on any number of devices.
    """
    unit = parts * processes
    if batch_size % unit:
        halves = ", half of it sketches and half photos," if parts == 2 else ""
        below, above = batch_size // unit * unit, -(-batch_size // unit) * unit
        proposals = " or ".join(str(size) for size in (below, above) if size)
        raise ConfigError(
            f"a batch of {batch_size}{halves} cannot be divided evenly among {processes} processes; "
            f"pass --batch-size {proposals}"
        )


def smaller_batch(batch_size: int, parts: int, processes: int) -> int | None:
    """About half of a batch size, that passes ``check_batch_size`` too; None where there is no smaller one."""
    unit = parts * processes
    smaller = max(batch_size // 2 // unit, -(-2 // unit)) * unit
    return smaller if smaller < batch_size else None
