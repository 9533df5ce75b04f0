"""Observers of fine-tunings that several tests use."""

from __future__ import annotations

from pcmsn.features.backbones.finetuned import NetworkName
from pcmsn.training.finetune.history import FinetuneEpoch, SilentFinetuneObserver


class Remember(SilentFinetuneObserver):
    """Keeps each epoch, and the network that it was of."""

    def __init__(self) -> None:
        self.networks: list[NetworkName] = []
        self.epochs: list[FinetuneEpoch] = []

    def on_epoch(self, network: NetworkName, epoch: FinetuneEpoch) -> None:
        self.networks.append(network)
        self.epochs.append(epoch)


class StopAt(SilentFinetuneObserver):
    """Interrupts in the middle of an epoch, as Ctrl-C does."""

    def __init__(self, network: NetworkName, epoch: int, batch: int) -> None:
        self.place = (network, epoch, batch)

    def on_batch(self, network: NetworkName, epoch: int, epochs: int, batch: int, batches: int, loss: float) -> None:
        if (network, epoch, batch) == self.place:
            raise KeyboardInterrupt
