"""A backbone is frozen, and its fingerprint says which one it is."""

import subprocess
import sys

import pytest
import torch

from pcmsn.features.backbones.base import Extractors, network_fingerprint
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone, TinyNetwork

SMALL = TinyArchitecture(input_size=16, widths=(4, 8))


def test_nothing_of_a_backbone_can_be_trained() -> None:
    backbone = TinyBackbone(TinyNetwork(SMALL).train()).train()
    assert not any(module.training for module in backbone.modules())
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    backbone(torch.randn(4, 3, 16, 16))
    assert all(torch.equal(before[name], tensor) for name, tensor in backbone.state_dict().items())


def test_half_precision_weights_run_in_single_precision() -> None:
    backbone = TinyBackbone(TinyNetwork(SMALL).half())
    assert backbone(torch.randn(2, 3, 16, 16)).dtype == torch.float32


def test_the_fingerprint_depends_on_every_weight_its_name_its_shape_and_the_architecture() -> None:
    weights = {"a": torch.zeros(2, 3), "b": torch.ones(1)}
    changed = torch.zeros(2, 3)
    changed[1, 2] = 1e-30
    fingerprints = {
        network_fingerprint("net", weights),
        network_fingerprint("other", weights),
        network_fingerprint("net", {**weights, "a": changed}),
        network_fingerprint("net", {**weights, "a": torch.zeros(3, 2)}),
        network_fingerprint("net", {"c": weights["a"], "b": weights["b"]}),
        network_fingerprint("net", {**weights, "b": torch.tensor([1], dtype=torch.int64)}),
    }
    assert len(fingerprints) == 6


def test_the_fingerprint_does_not_depend_on_order_or_memory_layout() -> None:
    weights = {"a": torch.randn(2, 3, 4, 4), "b": torch.tensor(1)}
    turned = {"b": weights["b"], "a": weights["a"].to(memory_format=torch.channels_last)}
    assert network_fingerprint("net", weights) == network_fingerprint("net", turned)


def test_the_fingerprint_is_the_same_in_another_process() -> None:
    program = (
        "from pcmsn.features.backbones.tiny import *;"
        "print(TinyBackbone.untrained(3, TinyArchitecture(input_size=16, widths=(4, 8))).fingerprint)"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == TinyBackbone.untrained(3, SMALL).fingerprint


def test_the_pair_has_a_fingerprint_that_knows_which_side_is_which() -> None:
    one, two = TinyBackbone.untrained(0, SMALL), TinyBackbone.untrained(1, TinyArchitecture(widths=(4, 6)))
    pair = Extractors(sketch=one, photo=two)
    assert pair.feature_dims == (8, 6)
    fingerprints = {pair.fingerprint, Extractors(two, one).fingerprint, Extractors(one, one).fingerprint}
    assert len(fingerprints) == 3


@pytest.mark.parametrize("batch", [0, 1, 5])
def test_rows_are_independent_of_each_other(batch: int) -> None:
    backbone = TinyBackbone.untrained(0, SMALL)
    pixels = torch.randn(5, 3, 16, 16)
    torch.testing.assert_close(backbone(pixels)[:batch], backbone(pixels[:batch]), atol=1e-6, rtol=1e-5)
