"""Averaged weights, which are evaluated in place of the last ones."""

from __future__ import annotations

from torch import nn


class AverageWeights:
    """The exponential average of a network's weights and batch statistics over the steps."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step number ``step``, counted from 1.

        The decay grows with the steps up to its full value, so that the initial weights are soon forgotten. Integers,
        such as a count of batches, are copied.
        """
        decay = min(self.decay, step / (step + 9))
        for name, value in network.state_dict().items():
            average = self.values[name]
            if average.is_floating_point() and decay > 0:
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)
