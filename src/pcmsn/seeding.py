"""Randomness by name: every random choice takes a generator made here from the run's seed and a purpose.

Two purposes never share a stream, so that adding a random choice in one place changes no other; and an epoch's
randomness depends on (seed, epoch) alone, so that a resumed run repeats what an uninterrupted one does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed that depends on ``seed`` and every part of ``purpose``, the same on every machine."""
    text = "\x1f".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A NumPy generator of its own for one purpose, for example ``numpy_generator(0, "pairs", epoch)``."""
    return np.random.default_rng(derive_seed(seed, *purpose))


def torch_generator(seed: int, *purpose: str | int) -> torch.Generator:
    """A CPU torch generator of its own for one purpose."""
    import torch

    return torch.Generator().manual_seed(derive_seed(seed, *purpose))


@contextmanager
def seeded_torch(seed: int, *purpose: str | int) -> Iterator[None]:
    """Run torch code that takes no generator (initialisation, dropout) from a seed, then restore torch's own state."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(seed, *purpose))
        yield
