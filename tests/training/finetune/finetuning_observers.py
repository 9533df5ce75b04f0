"""What several tests watch or stop fine-tunings with."""

from __future__ import annotations

from pcmsn.features.backbones.finetuned import NetworkName
from pcmsn.training.finetune.folder import FinetuneEpoch


class Remember:
    """Keeps each epoch, and the network that it was of."""

    def __init__(self) -> None:
        self.networks: list[NetworkName] = []
        self.epochs: list[FinetuneEpoch] = []

    def __call__(self, network: NetworkName, epoch: FinetuneEpoch) -> None:
        self.networks.append(network)
        self.epochs.append(epoch)


class StopAt:
    """Progress that interrupts in the middle of an epoch, as Ctrl-C does."""

    def __init__(self, network: NetworkName, epoch: int, step: int) -> None:
        self._stage, self._step = f"fine-tuning {network}: epoch {epoch}/", step

    def __call__(self, stage: str, done: int, total: int | None, detail: str = "") -> None:
        if stage.startswith(self._stage) and done == self._step:
            raise KeyboardInterrupt
