"""VGG16 reads the released pair and torchvision's file, gives the right layer's output, and names what does not fit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from pcmsn.data.records import Modality
from pcmsn.errors import BackboneError
from pcmsn.features.backbones.vgg16 import load_released_vgg16, load_torchvision_vgg16

CONVOLUTIONS = {  # position -> (inputs, outputs), as torchvision numbers them
    0: (3, 64),
    2: (64, 64),
    5: (64, 128),
    7: (128, 128),
    10: (128, 256),
    12: (256, 256),
    14: (256, 256),
    17: (256, 512),
    19: (512, 512),
    21: (512, 512),
    24: (512, 512),
    26: (512, 512),
    28: (512, 512),
}
CLOSE = {"atol": 1e-4, "rtol": 1e-4}
POOLS = (4, 9, 16, 23, 30)


def weights(outputs: int, seed: int = 0) -> dict[str, Tensor]:
    """All parameters; every row of a large matrix is the same memory, so that files stay small."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape[-1], generator=generator).div(shape[-1]).expand(*shape)

    state = {}
    for position, (inputs, channels) in CONVOLUTIONS.items():
        kernel = torch.randn(channels, 1, 3, 3, generator=generator).div(inputs)
        state[f"features.{position}.weight"] = kernel.expand(channels, inputs, 3, 3)
        state[f"features.{position}.bias"] = torch.randn(channels, generator=generator) * 0.1
    for position, shape in {0: (4096, 25088), 3: (4096, 4096), 6: (outputs, 4096)}.items():
        state[f"classifier.{position}.weight"] = random(*shape)
        state[f"classifier.{position}.bias"] = torch.randn(shape[0], generator=generator)
    return state


def slow_features(state: dict[str, Tensor], pixels: Tensor, *, hidden: bool) -> Tensor:
    """The paper's network written out, layer by layer, for 32 x 32 pixels (the last map has one position, 49 times)."""
    maps = pixels
    for position in range(31):
        if position in CONVOLUTIONS:
            weight, bias = state[f"features.{position}.weight"], state[f"features.{position}.bias"]
            maps = F.relu(F.conv2d(maps, weight, bias, padding=1))
        elif position in POOLS:
            maps = F.max_pool2d(maps, 2)
    row = maps.reshape(len(maps), 512, 1).expand(-1, -1, 49).reshape(len(maps), -1)
    for position in (0, 3):
        row = F.relu(F.linear(row, state[f"classifier.{position}.weight"], state[f"classifier.{position}.bias"]))
    return row if hidden else F.linear(row, state["classifier.6.weight"], state["classifier.6.bias"])


def save_released(folder: Path) -> None:
    for ending, key, seed in (("sketch", "state_dict_sketch", 1), ("image", "state_dict_image", 2)):
        torch.save({"epoch": 3, key: weights(512, seed)}, folder / f"Sketchy_{ending}.pth")


def test_the_released_pair_gives_512_values_from_pixels_in_0_to_1_and_inverts_sketches(tmp_path: Path) -> None:
    save_released(tmp_path)
    Image.new("RGB", (40, 30), "white").save(tmp_path / "paper.png")
    sides: tuple[tuple[Modality, int, float], ...] = (("sketch", 1, 0.0), ("photo", 2, 1.0))
    for modality, seed, paper in sides:
        network = load_released_vgg16(tmp_path, "Sketchy", modality)
        pixels = torch.rand(2, 3, 32, 32)
        torch.testing.assert_close(network(pixels), slow_features(weights(512, seed), pixels, hidden=False), **CLOSE)
        assert network.feature_dim == 512
        seen = network.transform.normalise(torch.from_numpy(network.transform.decode(tmp_path / "paper.png"))[None])
        assert seen.shape == (1, 3, 224, 224) and np.unique(seen.numpy()).tolist() == [paper]


def test_torchvisions_file_gives_the_second_hidden_layer_from_normalised_pixels(tmp_path: Path) -> None:
    path = tmp_path / "vgg16-397923af.pth"
    torch.save(weights(1000), path)
    network = load_torchvision_vgg16(path)
    pixels = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(network(pixels), slow_features(weights(1000), pixels, hidden=True), **CLOSE)
    assert network.feature_dim == 4096 and network.name == "vgg16-397923af"
    assert network.transform.mean == (0.485, 0.456, 0.406) and not network.transform.invert


def test_entries_that_are_no_tensors_are_passed_over(tmp_path: Path) -> None:
    torch.save({"epoch": 3, **weights(1000)}, tmp_path / "vgg16.pth")
    assert load_torchvision_vgg16(tmp_path / "vgg16.pth").feature_dim == 4096


def test_a_missing_released_file_says_where_it_belongs_and_what_else_works(tmp_path: Path) -> None:
    message = (
        r"no released VGG16 for the photo side of TU-Berlin: expected .*TU-Berlin_image.pth; .*--backbone FOLDER_OR"
    )
    with pytest.raises(BackboneError, match=message):
        load_released_vgg16(tmp_path, "TU-Berlin", "photo")
    with pytest.raises(BackboneError, match=r"no VGG16 file .*nowhere.pth; expected torchvision's"):
        load_torchvision_vgg16(tmp_path / "nowhere.pth")


def test_the_wrong_half_of_the_pair_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict_image": {}}, tmp_path / "Sketchy_sketch.pth")
    with pytest.raises(BackboneError, match="has no 'state_dict_sketch'; it holds 'state_dict_image'"):
        load_released_vgg16(tmp_path, "Sketchy", "sketch")


def test_parameters_that_do_not_fit_are_named(tmp_path: Path) -> None:
    state = weights(1000)
    del state["features.28.bias"]
    state["features.1.weight"] = torch.zeros(64)
    torch.save({"state_dict_sketch": state}, tmp_path / "Sketchy_sketch.pth")
    message = (
        r"lacks features.28.bias, has the unknown features.1.weight, has classifier.6.weight of shape \(1000, 4096\), "
        r"expected \(512, 4096\), has classifier.6.bias .*'vgg16:FILE' torchvision's"
    )
    with pytest.raises(BackboneError, match=message):
        load_released_vgg16(tmp_path, "Sketchy", "sketch")


def test_many_differences_are_counted(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "weight": torch.zeros(2)}, tmp_path / "a.pth")
    with pytest.raises(BackboneError, match=r"lacks features.0.weight, .* and 28 more differences"):
        load_torchvision_vgg16(tmp_path / "a.pth")


class Trap:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_file_with_code_in_it_is_refused_and_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict_sketch": Trap(tmp_path / "run")}, tmp_path / "Sketchy_sketch.pth")
    with pytest.raises(BackboneError, match=r"is damaged, or holds more than tensors: .*get the file again"):
        load_released_vgg16(tmp_path, "Sketchy", "sketch")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"", b"not a torch file", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(BackboneError, match=r"a.pth is damaged, or holds more than tensors"):
        load_torchvision_vgg16(tmp_path / "a.pth")


def test_a_file_that_is_no_dictionary_is_refused(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "a.pth")
    with pytest.raises(BackboneError, match="holds a Tensor, expected a dictionary of tensors"):
        load_torchvision_vgg16(tmp_path / "a.pth")
