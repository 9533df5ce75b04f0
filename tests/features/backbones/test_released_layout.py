"""A fine-tuned VGG16 in the released layout gives the same features when it is read; nothing else is written so."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch

from pcmsn.data.records import Modality
from pcmsn.errors import BackboneError
from pcmsn.features.backbones import vgg16
from pcmsn.features.backbones.finetuned import FinetunedBackbone, TrainedOn, make_bottleneck
from pcmsn.features.backbones.released_layout import check_released_layout, write_released_layout
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone
from pcmsn.features.backbones.vgg16 import VGG16, load_released_vgg16, released_transform

TRAINED_ON = TrainedOn(
    dataset="zoo",
    split="zoo",
    classes=("ant",),
    pictures=1,
    unreadable=0,
    epochs=1,
    best_epoch=1,
    held_out_accuracy=None,
    seed=0,
)
Stop = Literal["hidden", "output"]
NAMES = {f"classifier.{place}.{kind}" for place in (0, 3, 6) for kind in ("weight", "bias")}


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG16 with few channels, so that it is made in no time."""
    monkeypatch.setattr(vgg16, "_HIDDEN", 6)
    monkeypatch.setattr(vgg16, "_CONVOLUTIONS", ((2, 2), (2, 2), (2, 3), (2, 3), (512, 3)))


def network(modality: Modality, *, stop: Stop = "hidden", bottleneck: int = 512) -> FinetunedBackbone:
    outputs = 1000 if stop == "hidden" else 512
    transform = released_transform(modality)
    trunk = VGG16(name="vgg16", transform=transform, outputs=outputs, stop=stop)
    layer = make_bottleneck(trunk.feature_dim, bottleneck)
    made = FinetunedBackbone(trunk, layer, transform=transform, trained_on=TRAINED_ON)
    made.freeze()
    return made


@pytest.mark.parametrize(("stop", "bottleneck"), [("hidden", 512), ("output", 0)])
def test_what_is_written_is_read_back_with_the_same_features(tmp_path: Path, stop: Stop, bottleneck: int) -> None:
    endings: tuple[tuple[Modality, str, str], ...] = (
        ("sketch", "Sketchy_sketch.pth", "state_dict_sketch"),
        ("photo", "Sketchy_image.pth", "state_dict_image"),
    )
    for modality, file, key in endings:
        made = network(modality, stop=stop, bottleneck=bottleneck)
        assert write_released_layout(made, modality, tmp_path, "Sketchy") == tmp_path / file
        read = load_released_vgg16(tmp_path, "Sketchy", modality)
        pixels = torch.rand(2, 3, 64, 64)
        torch.testing.assert_close(read(pixels), made(pixels))
        assert read.transform == made.transform
        content = torch.load(tmp_path / file, weights_only=True)
        assert list(content) == [key]
        assert {name for name in content[key] if name.startswith("classifier")} == NAMES


def test_another_network_is_refused() -> None:
    tiny = TinyBackbone.untrained(0, TinyArchitecture(input_size=16, widths=(4, 8)))
    with pytest.raises(BackboneError, match=r"the released layout holds VGG16 networks only, got tiny \(untrained\)"):
        check_released_layout(tiny, bottleneck=512, transforms={})


@pytest.mark.parametrize(
    ("stop", "bottleneck", "message"),
    [
        ("hidden", 256, r"got a bottleneck of 256 on 6 values; pass --bottleneck 512"),
        ("hidden", 0, r"got a bottleneck of 0 on 6 values; pass --bottleneck 512"),
        ("output", 512, r"got a bottleneck of 512 on 512 values; pass --bottleneck 0"),
    ],
)
def test_another_last_layer_is_refused(stop: Stop, bottleneck: int, message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        check_released_layout(network("photo", stop=stop).trunk, bottleneck=bottleneck, transforms={})


def test_pictures_prepared_in_another_way_are_refused(tmp_path: Path) -> None:
    made = network("sketch")
    made.transform = replace(made.transform, invert=False)
    with pytest.raises(BackboneError, match=r"\[0, 1\] and inverts them; .*; fine-tune with --preset released"):
        write_released_layout(made, "sketch", tmp_path, "Sketchy")
    assert not list(tmp_path.iterdir())
