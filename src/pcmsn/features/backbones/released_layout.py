"""Fine-tuned VGG16 networks as the files that the authors' code and its relatives read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from pcmsn.data.records import Modality
from pcmsn.errors import BackboneError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.finetuned import FinetunedBackbone, bottleneck_size
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.backbones.vgg16 import RELEASED_FEATURE_DIM, VGG16, released_transform, save_released_vgg16

_LAST_LAYER = "classifier.6."


def check_released_layout(trunk: Backbone, *, bottleneck: int, transforms: Mapping[Modality, Transform]) -> None:
    """Raise BackboneError unless the released layout can hold a network of this kind and preparation of pictures."""
    if not isinstance(trunk, VGG16):
        raise BackboneError(f"the released layout holds VGG16 networks only, got {trunk.name}; leave it out")
    outputs = bottleneck or trunk.feature_dim
    if outputs != RELEASED_FEATURE_DIM or (trunk.stop == "output" and bottleneck):
        expected = 0 if trunk.stop == "output" else RELEASED_FEATURE_DIM
        raise BackboneError(
            f"the released layout ends with one layer of {RELEASED_FEATURE_DIM} values after the second hidden one, "
            f"got a bottleneck of {bottleneck} on {trunk.feature_dim} values; pass --bottleneck {expected}"
        )
    for modality, transform in transforms.items():
        if transform != released_transform(modality):
            raise BackboneError(
                f"code that reads the released layout squashes {modality} pictures to 224 x 224, scales them to [0, 1] "
                f"and {'inverts' if modality == 'sketch' else 'does not invert'} them; this network expects "
                f"{transform}; fine-tune with --preset released"
            )


def write_released_layout(network: FinetunedBackbone, modality: Modality, model_root: Path, dataset_name: str) -> Path:
    """Write a fine-tuned VGG16 to ``<model root>/<data set>_sketch.pth`` or ``_image.pth``, and return that path.

    Raises BackboneError for a network that the layout cannot hold.
    """
    size = bottleneck_size(network.bottleneck)
    check_released_layout(network.trunk, bottleneck=size, transforms={modality: network.transform})
    weights: dict[str, Tensor] = dict(network.trunk.state_dict())
    if size:  # the bottleneck takes the place of ImageNet's last layer
        weights |= {_LAST_LAYER + name: tensor for name, tensor in network.bottleneck.state_dict().items()}
    return save_released_vgg16(model_root, dataset_name, modality, weights)
