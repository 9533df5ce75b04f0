"""What a network is, as plain values, so that it can be built again without the files that it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import torch

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.huggingface import HuggingFaceBackbone, rebuild_huggingface
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone, TinyNetwork
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.backbones.vgg16 import VGG16


def describe_trunk(trunk: Backbone) -> dict[str, Any]:
    """Plain values from which ``build_trunk`` makes the same network with other weights.

    Raises BackboneError for a network that cannot be the trunk of another one.
    """
    about = {"name": trunk.name, "architecture": trunk.architecture}
    if isinstance(trunk, HuggingFaceBackbone):
        return {"kind": "huggingface", **about, **trunk.describe()}
    if isinstance(trunk, VGG16):
        return {"kind": "vgg16", **about, "outputs": trunk.outputs, "stop": trunk.stop}
    if isinstance(trunk, TinyBackbone):
        return {"kind": "tiny", **about, "sizes": asdict(trunk.network.architecture)}
    raise BackboneError(
        f"{trunk.name} cannot be fine-tuned; expected a Hugging Face vision model, VGG16, or a tiny network"
    )


def build_trunk(description: Mapping[str, Any], transform: Transform) -> Backbone:
    """The network of a description, for pictures prepared by ``transform``; its weights are still to be loaded.

    Raises BackboneError for a description that nothing can be built from.
    """
    try:
        kind, name = description["kind"], description["name"]
        if kind == "huggingface":
            return rebuild_huggingface(description, name=name, transform=transform)
        if kind == "vgg16":
            with torch.device("meta"):  # half a gigabyte that the file's own tensors take the place of
                return VGG16(name=name, transform=transform, outputs=description["outputs"], stop=description["stop"])
        if kind == "tiny":
            sizes = description["sizes"]
            architecture = TinyArchitecture(input_size=sizes["input_size"], widths=tuple(sizes["widths"]))
            tiny = TinyBackbone(TinyNetwork(architecture), name=name)
            tiny.transform = transform
            return tiny
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackboneError(f"the trunk's description is incomplete: {type(error).__name__} {error}") from error
    raise BackboneError(f"a trunk of the kind {kind!r} is not known; expected huggingface, vgg16 or tiny")


def resized_input(transform: Transform, size: int) -> Transform:
    """The same preparation of pictures for ``size`` x ``size`` pixels; a cut keeps its share of the picture."""
    edge = transform.shortest_edge
    if edge is not None:
        edge = max(size, round(edge * size / max(transform.height, transform.width)))
    return replace(transform, height=size, width=size, shortest_edge=edge)
