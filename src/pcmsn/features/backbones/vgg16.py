"""VGG16 without batch normalisation: the field's extractor, in the released layout and as torchvision saves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import torch
from torch import Tensor, nn

from pcmsn.data.atomic import atomic_path
from pcmsn.data.records import Modality
from pcmsn.errors import BackboneError, enumerate_names
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.transform import Transform

RELEASED_FEATURE_DIM = 512
"""Outputs of the released networks' last layer, ``classifier.6``."""

_HIDDEN = 4096
_IMAGENET_CLASSES = 1000
_CONVOLUTIONS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # (channels, layers) of each block
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_ENTRIES: dict[Modality, tuple[str, str]] = {  # modality -> (ending of the file's name, key in the file)
    "sketch": ("sketch", "state_dict_sketch"),
    "photo": ("image", "state_dict_image"),
}
_ALTERNATIVES = (
    "the released files are to be had from their authors alone; any other extractor works: --backbone FOLDER_OR_NAME "
    "(a Hugging Face vision model), --backbone vgg16:FILE (torchvision's ImageNet weights)"
)


class VGG16(Backbone):
    """VGG16's features: the output of the last layer (released, 512) or of the one before it (ImageNet, 4096)."""

    outputs: int
    """Length of the last layer's output, whether or not it is the feature."""
    stop: Literal["hidden", "output"]
    """Which layer's output is the feature."""

    def __init__(self, *, name: str, transform: Transform, outputs: int, stop: Literal["hidden", "output"]) -> None:
        super().__init__(
            name=name,
            feature_dim=outputs if stop == "output" else _HIDDEN,
            transform=transform,
            architecture=f"vgg16 {outputs} {stop}",
        )
        self.outputs = outputs
        self.stop = stop
        self.features = nn.Sequential(*_convolution_layers())
        self.avgpool = nn.AdaptiveAvgPool2d(7)  # changes nothing at 224 x 224
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(_HIDDEN, outputs),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, feature_dim) float32 features of (B, 3, 224, 224) normalised pixels."""
        return self._feature_of(self.features(pixels))

    def layer_features(self, pixels: Tensor) -> list[Tensor]:
        """The feature, then the means over positions of the last three blocks' outputs (512, 512 and 256)."""
        blocks: list[Tensor] = []
        maps = pixels
        for layer in self.features:
            maps = layer(maps)
            if isinstance(layer, nn.MaxPool2d):
                blocks.append(maps)
        return [self._feature_of(maps), *(block.mean(dim=(2, 3)) for block in reversed(blocks[2:]))]

    def _feature_of(self, maps: Tensor) -> Tensor:
        layers = self.classifier if self.stop == "output" else self.classifier[:5]
        features: Tensor = layers(self.avgpool(maps).flatten(1))
        return features


def _convolution_layers() -> list[nn.Module]:
    layers: list[nn.Module] = []
    channels = 3
    for width, count in _CONVOLUTIONS:
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return layers


def load_released_vgg16(model_root: Path, dataset_name: str, modality: Modality) -> VGG16:
    """One of the two networks that the paper's authors fine-tuned; 512 values a picture.

    It is read from ``<model root>/<data set>_sketch.pth`` or ``_image.pth``. As released, pictures are squashed to
    224 x 224 and scaled to [0, 1], sketches are inverted, and ImageNet's statistics are not used.
    Raises BackboneError for a missing file and for one of another content, naming what differs.
    """
    ending, key = _ENTRIES[modality]
    path = model_root / f"{dataset_name}_{ending}.pth"
    if not path.is_file():
        raise BackboneError(
            f"no released VGG16 for the {modality} side of {dataset_name}: expected {path}; {_ALTERNATIVES}"
        )
    content = _read_tensors(path)
    if not isinstance(content.get(key), dict):
        raise BackboneError(f"{path} has no {key!r}; it holds {enumerate_names(map(str, content)) or 'nothing'}")
    return _with_weights(path, content[key], released_transform(modality), outputs=RELEASED_FEATURE_DIM, stop="output")


def released_transform(modality: Modality) -> Transform:
    """The preparation of pictures that goes with the released layout, which does not name it."""
    return Transform(height=224, width=224, invert=modality == "sketch")


def save_released_vgg16(model_root: Path, dataset_name: str, modality: Modality, weights: Mapping[str, Tensor]) -> Path:
    """Write weights under the released names as the file that ``load_released_vgg16`` reads, and return its path."""
    ending, key = _ENTRIES[modality]
    path = model_root / f"{dataset_name}_{ending}.pth"
    with atomic_path(path) as temporary:
        torch.save({key: {name: tensor.detach().cpu() for name, tensor in weights.items()}}, temporary)
    return path


def load_torchvision_vgg16(path: Path) -> VGG16:
    """The ImageNet network of torchvision's ``vgg16`` file; 4096 values a picture, after the second hidden layer.

    Pictures are squashed to 224 x 224 and normalised with ImageNet's statistics. Raises BackboneError for a missing
    file and for one of another content, naming what differs.
    """
    if not path.is_file():
        raise BackboneError(f"no VGG16 file {path}; expected torchvision's vgg16-397923af.pth; {_ALTERNATIVES}")
    transform = Transform(height=224, width=224, mean=_IMAGENET_MEAN, std=_IMAGENET_STD)
    return _with_weights(path, _read_tensors(path), transform, outputs=_IMAGENET_CLASSES, stop="hidden")


def _read_tensors(path: Path) -> dict[str, Any]:
    """A torch file's dictionary, read without running anything that a pickle may hold."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise BackboneError(f"{path} is damaged, or holds more than tensors: {reason}; get the file again") from error
    if not isinstance(content, dict):
        raise BackboneError(f"{path} holds a {type(content).__name__}, expected a dictionary of tensors")
    return content


def _with_weights(
    path: Path, weights: Mapping[str, Any], transform: Transform, *, outputs: int, stop: Literal["hidden", "output"]
) -> VGG16:
    """The frozen network with a file's weights; whatever else is among them, such as an epoch, is passed over."""
    with torch.device("meta"):  # half a gigabyte that the file's own tensors take the place of
        network = VGG16(name=path.stem, transform=transform, outputs=outputs, stop=stop)
    tensors = {name: entry for name, entry in weights.items() if isinstance(entry, Tensor)}
    _check_weights(path, tensors, network.state_dict())
    network.load_state_dict(tensors, assign=True)
    network.freeze()
    return network


def _check_weights(path: Path, weights: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Raise BackboneError naming the parameters that are missing, unknown or of another shape."""
    wrong = [f"lacks {name}" for name in expected if name not in weights]
    wrong += [f"has the unknown {name}" for name in weights if name not in expected]
    wrong += [
        f"has {name} of shape {tuple(weights[name].shape)}, expected {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    if wrong:
        more = f" and {len(wrong) - 5} more differences" if len(wrong) > 5 else ""
        raise BackboneError(
            f"{path} is not the VGG16 that is expected here: it {', '.join(wrong[:5])}{more}; 'vgg16' reads the "
            "released files, 'vgg16:FILE' torchvision's"
        )
