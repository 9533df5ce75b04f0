"""The exponential average of weights."""

import torch
from torch import nn

from pcmsn.training.averaging import AverageWeights


def test_the_average_meets_a_slow_version() -> None:
    layer = nn.BatchNorm1d(2)
    average = AverageWeights(layer, 0.5)
    expected = layer.weight.detach().clone()
    for step in range(1, 30):
        with torch.no_grad():
            layer.weight.copy_(torch.randn(2))
            layer.num_batches_tracked += 1
        average.update(layer, step)
        decay = min(0.5, step / (step + 9))
        expected = decay * expected + (1 - decay) * layer.weight.detach()
    torch.testing.assert_close(average.values["weight"], expected)
    assert average.values["num_batches_tracked"] == 29


def test_without_decay_the_average_is_the_last_weights() -> None:
    layer = nn.Linear(2, 2)
    average = AverageWeights(layer, 0.0)
    with torch.no_grad():
        layer.weight.fill_(3)
    average.update(layer, 1)
    assert torch.equal(average.values["weight"], layer.weight)
