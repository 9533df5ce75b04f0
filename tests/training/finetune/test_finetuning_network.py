"""What learns in a network, and what stays as it was."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.huggingface import HuggingFaceBackbone
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.backbones.trunk import resized_input
from pcmsn.training.finetune.config import build_finetune_config
from pcmsn.training.finetune.network import (
    FinetuningNetwork,
    check_input_size,
    compute_attention_as_products,
    extractor_weights,
)

SMALL = TinyArchitecture(input_size=16, widths=(4, 8))


def network(backbone: Backbone | None = None, **tables: dict[str, Any]) -> FinetuningNetwork:
    config = build_finetune_config(overrides={"extractor": {"bottleneck": 5}, **tables})
    return FinetuningNetwork(backbone or TinyBackbone.untrained(0, SMALL), 3, config)


def norms(made: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in made.modules() if isinstance(module, nn.BatchNorm2d)]


def test_the_trunk_learns_although_it_is_frozen_elsewhere() -> None:
    made = network().train()
    assert all(parameter.requires_grad for parameter in made.parameters())
    assert all(norm.training and norm.momentum == 0.1 for norm in norms(made))
    assert not any(module.training for module in made.eval().modules())


def test_batch_statistics_can_stay_as_they_came() -> None:
    made = network(trunk={"batch_norm": "frozen"}, fitting={"dropout": 0.4}).train()
    assert made.dropout.p == 0.4
    assert made.dropout.training and not any(norm.training for norm in norms(made))


def test_a_share_of_the_trunk_can_stay_with_its_batch_statistics() -> None:
    made = network(trunk={"frozen_share": 0.5}).train()
    learns = [parameter.requires_grad for parameter in made.trunk.parameters()]
    half = round(len(learns) / 2)
    assert learns == [False] * half + [True] * (len(learns) - half)
    assert [norm.training for norm in norms(made)] == [norm.weight.requires_grad for norm in norms(made)]
    assert {norm.training for norm in norms(made)} == {True, False}
    whole = network(trunk={"frozen_share": 1.0})
    assert not any(parameter.requires_grad for parameter in whole.trunk.parameters())
    assert whole.bottleneck.weight.requires_grad


class WithSpareLayer(TinyBackbone):
    """A trunk with weights that the feature does not depend on, as poolers and unused heads are."""

    def __init__(self) -> None:
        super().__init__(TinyBackbone.untrained(0, SMALL).network)
        self.spare = nn.Linear(2, 2)


def test_weights_that_the_feature_does_not_depend_on_do_not_learn() -> None:
    made = network(WithSpareLayer())
    frozen = [name for name, parameter in made.named_parameters() if not parameter.requires_grad]
    assert frozen == ["trunk.spare.weight", "trunk.spare.bias"]
    assert all(parameter.grad is None for parameter in made.parameters())


def test_new_layers_learn_faster_and_biases_do_not_decay() -> None:
    fitting = {"learning_rate": 0.001, "head_factor": 7.0, "weight_decay": 0.3}
    config = build_finetune_config(overrides={"extractor": {"bottleneck": 5}, "fitting": fitting})
    made = FinetuningNetwork(TinyBackbone.untrained(0, SMALL), 3, config)
    groups = made.groups(config)
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [
        (0.001, 0.3),
        (0.001, 0.0),
        (pytest.approx(0.007), 0.3),
        (pytest.approx(0.007), 0.0),
    ]
    assert sum(len(group["params"]) for group in groups) == len(list(made.parameters()))
    assert all(parameter.ndim > 1 for group in groups if group["weight_decay"] for parameter in group["params"])


def test_without_bottleneck_the_classifier_stands_on_the_trunks_feature() -> None:
    made = network(extractor={"bottleneck": 0})
    assert made.classifier.in_features == 8
    assert not any(name.startswith("bottleneck") for name in made.state_dict())
    assert all(name.startswith("trunk.") for name in extractor_weights(made.state_dict()))
    assert made(torch.zeros(2, 3, 16, 16)).shape == (2, 3)


def test_new_layers_follow_from_the_seed() -> None:
    weights = [network(schedule={"seed": seed}).classifier.weight for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def small_vit() -> HuggingFaceBackbone:
    from transformers import ViTConfig, ViTModel

    sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = ViTConfig(**sizes, intermediate_size=32, image_size=32, patch_size=8)
    transform = Transform(height=32, width=32)
    return HuggingFaceBackbone(ViTModel(config), name="small", transform=transform, pooler_is_trained=False)


def test_attention_as_products_gives_the_same_and_is_not_part_of_the_extractor() -> None:
    trunk = small_vit()
    made, pixels = network(trunk), torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert trunk.network.config._attn_implementation == "sdpa"
    before, description, fingerprint = made(pixels), trunk.describe(), trunk.fingerprint
    compute_attention_as_products(made)
    assert trunk.network.config._attn_implementation == "eager"
    torch.testing.assert_close(made(pixels), before)
    assert (trunk.describe(), trunk.fingerprint) == (description, fingerprint)
    compute_attention_as_products(network())  # a trunk without attention stays as it is


class OneSize(TinyBackbone):
    """A trunk that has learned positions."""

    def __init__(self) -> None:
        super().__init__(TinyBackbone.untrained(0, SMALL).network, name="one size")

    def forward(self, pixels: Tensor) -> Tensor:
        if pixels.shape[-1] != 16:
            raise ValueError(f"input size {pixels.shape[-1]} does not match 16\nmore")
        return super().forward(pixels)


def test_a_trunk_that_takes_one_size_only_says_so() -> None:
    trunk = OneSize()
    check_input_size(trunk)
    trunk.transform = resized_input(trunk.transform, 12)
    message = (
        r"one size does not take pictures of 12 x 12 pixels \(input size 12 does not match 16\); leave --input-size"
    )
    with pytest.raises(BackboneError, match=message):
        check_input_size(trunk)


def test_a_smaller_input_keeps_the_share_that_is_cut() -> None:
    cut = Transform(height=224, width=224, shortest_edge=256)
    assert resized_input(cut, 112) == replace(cut, height=112, width=112, shortest_edge=128)
    assert resized_input(replace(cut, shortest_edge=None), 100) == Transform(height=100, width=100)
