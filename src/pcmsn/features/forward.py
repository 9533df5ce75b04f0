"""A frozen network on its device: batch size, precision, compilation, copies to the device and back."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pcmsn.errors import BackboneError, ConfigError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.config import Precision

_MOST_WORKERS = 16
_BATCH_SIZES = {"cpu": 16, "cuda": 256}  # on a CPU larger batches only fall out of the processor's caches
_BATCH_SIZE_ELSEWHERE = 64
_TYPES: dict[Precision, torch.dtype] = {"bf16": torch.bfloat16, "16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Computation:
    """How features are computed. Raises ConfigError for a batch size or number of workers below 1."""

    device: str = "cpu"
    batch_size: int | None = None
    """Pictures that go through the network at once; None takes what suits the device."""
    workers: int | None = None
    """Threads that read and decode, on a CPU also compute; None takes what suits the device, at most 16."""
    precision: Precision = "32"
    """Features of less than 32 bits differ in the third digit; the cache keeps them apart."""
    compiled: bool = False
    """Whether torch compiles the network first."""

    def __post_init__(self) -> None:
        if any(number is not None and number < 1 for number in (self.batch_size, self.workers)):
            raise ConfigError(f"batch_size and workers must be at least 1, got {self.batch_size} and {self.workers}")

    @property
    def on_cpu(self) -> bool:
        """Whether the network shares the cores with the decoding."""
        return torch.device(self.device).type == "cpu"

    def chosen_batch_size(self) -> int:
        """The batch size, chosen for the device where it was left open: 16 on a CPU, 256 on CUDA, 64 elsewhere."""
        kind = torch.device(self.device).type
        return self.batch_size or _BATCH_SIZES.get(kind, _BATCH_SIZE_ELSEWHERE)

    def chosen_workers(self) -> int:
        """The number of threads; where it was left open as many as torch has on a CPU, elsewhere one a core."""
        available = torch.get_num_threads() if self.on_cpu else os.cpu_count() or 1
        return self.workers or min(available, _MOST_WORKERS)


def suitable_precision(device: str) -> Precision:
    """The fastest precision that does no harm on a device: on CUDA bfloat16 or else float16, elsewhere 32 bits.

    On CPUs without matrix units for 16 bits, these are several times slower than 32.
    """
    if torch.device(device).type != "cuda":
        return "32"
    return "bf16" if torch.cuda.is_bf16_supported() else "16"


class Forward:
    """Runs batches of pixels through a backbone, which is moved to the device."""

    def __init__(self, backbone: Backbone, computation: Computation) -> None:
        self._backbone = backbone
        self._batch_size = computation.chosen_batch_size()
        self._precision = computation.precision
        self._compiled = computation.compiled
        self._device = torch.device(computation.device)
        self.pins_memory = self._device.type == "cuda"
        """Whether pixels should be put into memory that is copied to the device while the network works."""
        self.feature_dim = backbone.feature_dim
        self._copies = torch.cuda.Stream(self._device) if self.pins_memory else None  # type: ignore[no-untyped-call]
        backbone.to(self._device)
        self._network: Callable[[Tensor], Tensor] = backbone
        if computation.compiled:
            self._network = torch.compile(backbone, dynamic=False)

    def start(self, pixels: Tensor) -> Callable[[], NDArray[np.float32]]:
        """Begin with (B, H, W, 3) uint8 pixels; the answer waits for the (B, D) features and gives them.

        On CUDA this returns while the device still works; elsewhere the work is done. Raises BackboneError when the
        memory does not suffice, and on waiting when a feature is not finite.
        """
        try:
            with torch.inference_mode():
                return self._started(pixels)
        except (RuntimeError, MemoryError) as error:
            if not is_lack_of_memory(error):
                raise
            raise BackboneError(
                f"{self._backbone.name}: {self._device} has not enough memory for {len(pixels)} pictures at a time; "
                f"pass a smaller batch: --batch-size {max(1, len(pixels) // 2)}"
            ) from error

    def compile(self) -> None:
        """Have the network compiled now, for the calling thread's number of torch threads.

        Raises BackboneError where torch cannot compile here.
        """
        transform = self._backbone.transform
        pixels = torch.zeros((self._batch_size, transform.height, transform.width, 3), dtype=torch.uint8)
        try:
            self.start(pixels)()
        except Exception as error:  # torch's compiler and the C++ one behind it raise almost anything
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise BackboneError(
                f"torch cannot compile {self._backbone.name} here ({lines[0]}); it needs a C++ compiler and a network "
                "that it knows: leave out --compile"
            ) from error

    def _started(self, pixels: Tensor) -> Callable[[], NDArray[np.float32]]:
        count = len(pixels)
        inputs = self._inputs(self._filled(pixels))
        with self._casting():
            features = self._network(inputs)
        features = features[:count].float()
        if self._copies is None:
            return self._checked(features.cpu())
        on_host = torch.empty(features.shape, dtype=torch.float32, pin_memory=True)
        on_host.copy_(features, non_blocking=True)
        arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrived.record(torch.cuda.current_stream(self._device))
        return self._checked(on_host, arrived)

    def _filled(self, pixels: Tensor) -> Tensor:
        """The pixels of a full batch: a compiled network takes one batch size, and the rows added are thrown away."""
        lacking = self._batch_size - len(pixels)
        if not self._compiled or lacking <= 0:
            return pixels
        return torch.cat([pixels, pixels.new_zeros((lacking, *pixels.shape[1:]))])

    def _inputs(self, pixels: Tensor) -> Tensor:
        """The network's input on its device; on CUDA copied and normalised beside the batch that is being computed."""
        normalise = self._backbone.transform.normalise
        if self._copies is None:
            return normalise(pixels.to(self._device))
        with torch.cuda.stream(self._copies):
            inputs = normalise(pixels.to(self._device, non_blocking=True))
        current = torch.cuda.current_stream(self._device)
        current.wait_stream(self._copies)
        inputs.record_stream(current)
        return inputs

    def _casting(self) -> AbstractContextManager[Any]:
        if self._precision == "32":
            return nullcontext()
        return torch.autocast(self._device.type, _TYPES[self._precision])

    def _checked(self, features: Tensor, arrived: torch.cuda.Event | None = None) -> Callable[[], NDArray[np.float32]]:
        """A function that waits until the features have arrived and refuses those that are not finite."""

        def wait() -> NDArray[np.float32]:
            if arrived is not None:
                arrived.synchronize()
            values: NDArray[np.float32] = features.numpy()
            if not np.isfinite(values).all():
                small = "" if self._precision == "32" else ", or too large for 16 bits: try --precision 32"
                raise BackboneError(
                    f"{self._backbone.name} gives features that are not finite; its weights are damaged{small}"
                )
            return values

        return wait


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether torch, on any device, or Python ran out of memory; each says so in its own way."""
    text = str(error).lower()
    asked_too_much = "out of memory" in text or "not enough memory" in text or "can't allocate memory" in text
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and asked_too_much)
