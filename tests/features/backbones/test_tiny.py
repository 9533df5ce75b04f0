"""The built-in network trains, is saved and comes back, and refuses foreign files."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone, TinyNetwork, load_tiny, save_tiny

SMALL = TinyArchitecture(input_size=16, widths=(4, 8))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_tiny(TinyBackbone.untrained(0, SMALL).network, tmp_path / "net")
    return tmp_path / "net"


def test_the_default_network_is_small_and_takes_64_pixels() -> None:
    backbone = TinyBackbone.untrained(0)
    assert 150_000 < sum(parameter.numel() for parameter in backbone.parameters()) < 600_000
    assert backbone.feature_dim == 192 and backbone.transform.height == backbone.transform.width == 64
    assert backbone(torch.randn(2, 3, 64, 64)).shape == (2, 192)


def test_random_weights_depend_on_the_seed_alone() -> None:
    state = torch.get_rng_state()
    first = TinyBackbone.untrained(5, SMALL).fingerprint
    torch.manual_seed(99)
    assert TinyBackbone.untrained(5, SMALL).fingerprint == first != TinyBackbone.untrained(6, SMALL).fingerprint
    torch.set_rng_state(state)


def test_the_network_learns_two_kinds_of_pictures() -> None:
    network = TinyBackbone.untrained(0, SMALL).network.requires_grad_().train()
    head = torch.nn.Linear(8, 2)
    optimizer = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=0.02)
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(32) % 2
    pixels = torch.randn(32, 3, 16, 16, generator=generator) + labels.view(-1, 1, 1, 1)
    for _ in range(30):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(head(network(pixels)), labels)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2


def test_a_saved_network_gives_the_same_features(saved: Path) -> None:
    original, loaded = TinyBackbone.untrained(0, SMALL), load_tiny(saved)
    pixels = torch.randn(3, 3, 16, 16)
    assert torch.equal(original(pixels), loaded(pixels))
    assert loaded.fingerprint == original.fingerprint and loaded.name == "net"
    assert sorted(path.name for path in saved.iterdir()) == ["config.json", "model.safetensors"]


def test_a_missing_network_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(
        BackboneError, match=r"no tiny network in .*nowhere.*expected config.json and model.safetensors"
    ):
        load_tiny(tmp_path / "nowhere")


def edit_config(folder: Path, **fields: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_another_version_is_refused(saved: Path) -> None:
    edit_config(saved, version=2)
    with pytest.raises(BackboneError, match=r"config.json is of version 2, expected 1; train the network again"):
        load_tiny(saved)


def test_a_folder_of_another_model_is_refused(saved: Path) -> None:
    edit_config(saved, format="vit")
    with pytest.raises(BackboneError, match=r"does not describe a tiny network; .* pass the folder without 'tiny:'"):
        load_tiny(saved)


@pytest.mark.parametrize("architecture", [{"widths": [4]}, {"input_size": 16}, {"width": 3, "widths": [4]}, None])
def test_an_architecture_that_does_not_fit_is_refused(saved: Path, architecture: object) -> None:
    edit_config(saved, architecture=architecture)
    with pytest.raises(BackboneError, match=r"incomplete architecture|does not hold the weights"):
        load_tiny(saved)


def test_missing_and_foreign_weights_are_named(saved: Path) -> None:
    path = saved / "model.safetensors"
    weights = load_file(path)
    weights["extra"] = weights.pop("stages.0.0.weight")
    save_file(weights, path)
    with pytest.raises(
        BackboneError, match=r"(?s)does not hold the weights.*stages.0.0.weight.*extra.*train the network"
    ):
        load_tiny(saved)


def test_a_truncated_weights_file_is_refused(saved: Path) -> None:
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BackboneError, match=r"does not hold the weights that config.json describes"):
        load_tiny(saved)


def test_saving_takes_a_network_that_is_in_training(tmp_path: Path) -> None:
    network = TinyNetwork(SMALL).to(memory_format=torch.channels_last).train()
    save_tiny(network, tmp_path)
    assert network.training and load_tiny(tmp_path).feature_dim == 8
