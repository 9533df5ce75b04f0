"""The device that torch computes on."""

from __future__ import annotations

import torch

from pcmsn.errors import ConfigError


def pick_device(name: str) -> str:
    """A device that torch can use here; ``auto`` takes CUDA, then MPS, then the CPU. Raises ConfigError."""
    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"--device {name} cannot be used here ({reason}); expected cpu, cuda, mps or auto") from error
    return name
