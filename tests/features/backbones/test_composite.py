"""Features of several layers and networks: what they hold, and that whoever knows a network still finds it there."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pcmsn.data.splits import Split
from pcmsn.errors import BackboneError
from pcmsn.features.backbones.base import Backbone, Extractors
from pcmsn.features.backbones.composite import Joined, SeveralLayers, networks_below, side_by_side, with_several_layers
from pcmsn.features.backbones.finetuned import FinetunedBackbone, TrainedOn, make_bottleneck, refuse_leaks
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone, save_tiny
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.backbones.vgg16 import VGG16
from pcmsn.seeding import torch_generator

SMALL = TinyArchitecture(input_size=32, widths=(4, 8, 12))


def pixels(size: int, count: int = 3) -> Tensor:
    return torch.randn(count, 3, size, size, generator=torch_generator(0))


def test_the_feature_comes_first_and_earlier_stages_follow_from_the_deepest_on() -> None:
    tiny = TinyBackbone.untrained(0, SMALL)
    parts = tiny.layer_features(pixels(32))
    assert [part.shape[1] for part in parts] == [12, 12, 8]
    assert torch.equal(parts[0], tiny(pixels(32)))
    stage = tiny.network.stages[1](tiny.network.stages[0](pixels(32)))
    assert torch.equal(parts[2], stage.mean(dim=(2, 3)))


def test_several_layers_are_one_feature_in_rows_that_do_not_depend_on_each_other() -> None:
    network = SeveralLayers(TinyBackbone.untrained(0, SMALL))
    assert network.feature_dim == 32
    together = network(pixels(32))
    assert together.shape == (3, 32)
    assert torch.allclose(together[1:2], network(pixels(32)[1:2]), atol=1e-6)


def test_the_fingerprint_is_not_that_of_the_last_layer() -> None:
    tiny = TinyBackbone.untrained(0, SMALL)
    assert SeveralLayers(tiny).fingerprint != tiny.fingerprint
    assert SeveralLayers(tiny).fingerprint == SeveralLayers(TinyBackbone.untrained(0, SMALL)).fingerprint
    assert SeveralLayers(tiny).fingerprint != SeveralLayers(TinyBackbone.untrained(1, SMALL)).fingerprint


def test_a_network_for_both_sides_stays_one() -> None:
    tiny = TinyBackbone.untrained(0, SMALL)
    shared = with_several_layers(Extractors(tiny, tiny))
    assert shared.sketch is shared.photo
    two = with_several_layers(Extractors(tiny, TinyBackbone.untrained(1, SMALL)))
    assert two.sketch.fingerprint != two.photo.fingerprint


def test_a_text_can_ask_for_several_layers(tmp_path: Path) -> None:
    save_tiny(TinyBackbone.untrained(0, SMALL).network, tmp_path / "tiny")
    found = load_extractors(f"tiny:{tmp_path / 'tiny'}", dataset_name="", model_root=tmp_path, layers="several")
    assert found.feature_dims == (32, 32)
    assert found.photo.name == "tiny (several layers)"


def test_vgg16_adds_its_last_three_blocks() -> None:
    transform = Transform(height=32, width=32)
    vgg = VGG16(name="vgg", transform=transform, outputs=6, stop="output")
    vgg.freeze()
    parts = vgg.layer_features(pixels(32, 1))
    assert [part.shape[1] for part in parts] == [6, 512, 512, 256]
    assert torch.allclose(parts[0], vgg(pixels(32, 1)))
    assert torch.allclose(parts[1], vgg.features(pixels(32, 1)).mean(dim=(2, 3)))


def trained_on(*classes: str) -> TrainedOn:
    return TrainedOn(
        dataset="zoo", split="zoo", classes=classes, pictures=1, unreadable=0, epochs=1, best_epoch=1,
        held_out_accuracy=None, seed=0,
    )  # fmt: skip


def finetuned(size: int, *classes: str) -> FinetunedBackbone:
    trunk = TinyBackbone.untrained(0, SMALL)
    return FinetunedBackbone(
        trunk, make_bottleneck(12, size), transform=trunk.transform, trained_on=trained_on(*classes)
    )


def test_a_fine_tuned_network_adds_the_layers_of_its_trunk() -> None:
    network = finetuned(5)
    network.freeze()
    assert [part.shape[1] for part in network.layer_features(pixels(32))] == [5, 12, 12, 8]
    assert torch.equal(network.layer_features(pixels(32))[0], network(pixels(32)))
    plain = finetuned(0)
    plain.freeze()
    assert [part.shape[1] for part in plain.layer_features(pixels(32))] == [12, 12, 8]


def test_an_extractor_that_has_seen_unseen_classes_is_refused_with_several_layers_too() -> None:
    network = finetuned(5, "gnu")
    extractors = with_several_layers(Extractors(network, network))
    assert networks_below(extractors.sketch) == [network]
    with pytest.raises(BackboneError, match="has seen 1 classes"):
        refuse_leaks(extractors, Split(name="zoo", train=("ant",), val=("elk",), test=("gnu",)))


def test_joined_networks_give_their_features_side_by_side() -> None:
    first, second = TinyBackbone.untrained(0, SMALL), TinyBackbone.untrained(1, SMALL)
    joined = Joined(first, SeveralLayers(second))
    assert joined.feature_dim == 12 + 32
    assert torch.equal(joined(pixels(32))[:, :12], first(pixels(32)))
    assert torch.equal(joined(pixels(32))[:, 12:], SeveralLayers(second)(pixels(32)))
    assert joined.fingerprint != Joined(SeveralLayers(second), first).fingerprint
    assert networks_below(joined) == [first, second]


def test_a_leak_is_found_in_either_of_joined_networks() -> None:
    tuned, plain = finetuned(5, "gnu"), TinyBackbone.untrained(0, SMALL)
    for extractors in (
        (Extractors(plain, plain), Extractors(tuned, tuned)),
        (Extractors(tuned, tuned), Extractors(plain, plain)),
    ):
        joined = side_by_side(*extractors)
        assert joined.sketch is joined.photo
        with pytest.raises(BackboneError, match="has seen 1 classes"):
            refuse_leaks(joined, Split(name="zoo", train=("ant",), val=("elk",), test=("gnu",)))


def test_networks_that_see_pictures_differently_are_not_joined() -> None:
    smaller = TinyArchitecture(input_size=16, widths=(4, 8))
    with pytest.raises(BackboneError, match="prepare pictures in two ways .*keep_original"):
        Joined(TinyBackbone.untrained(0, SMALL), TinyBackbone.untrained(0, smaller))


class Opaque(Backbone):
    def __init__(self) -> None:
        super().__init__(name="opaque", feature_dim=3, transform=Transform(height=8, width=8), architecture="opaque")

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.mean(dim=(2, 3))


def test_a_network_without_visible_layers_says_what_to_do() -> None:
    with pytest.raises(BackboneError, match="opaque shows no earlier layers; pass --layers last"):
        SeveralLayers(Opaque())
