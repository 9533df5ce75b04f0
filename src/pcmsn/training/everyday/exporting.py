"""The trained networks as a folder that ``pcmsn.encoders`` reads: ONNX files with weights in 8 bits, and the space."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from pcmsn.encoders.class_space import CLASSES, write_class_space
from pcmsn.encoders.encoder import Description
from pcmsn.features.backbones.transform import Transform
from pcmsn.hashing.itq import ITQ
from pcmsn.training.everyday.network import DrawingNetwork, PhotoNetwork
from pcmsn.training.everyday.space import DIMENSION, Classes, Head, Space

OPSET = 17
SMALLEST = 4096
"""Tensors with fewer values keep 32 bits: biases, norms, and whatever else weighs nothing."""


class _Sketches(nn.Module):
    """Sheets as bytes, three equal colours, to vectors."""

    def __init__(self, network: DrawingNetwork, head: Head) -> None:
        super().__init__()
        self.network, self.head = network, head

    def forward(self, pixels: Tensor) -> Tensor:
        vectors: Tensor = self.head(self.network(pixels[..., 0].float()))
        return vectors


class _Photos(nn.Module):
    """Photos as bytes, colours last, to vectors."""

    def __init__(self, network: PhotoNetwork, head: Head) -> None:
        super().__init__()
        self.network, self.head = network, head

    def forward(self, pixels: Tensor) -> Tensor:
        vectors: Tensor = self.head(self.network(pixels.permute(0, 3, 1, 2).float()))
        return vectors


def export_encoder(
    folder: Path,
    name: str,
    *,
    drawings: DrawingNetwork,
    photos: PhotoNetwork,
    space: Space,
    classes: Classes,
    codes: ITQ,
) -> None:
    """Writes a model that ``Encoder.load`` reads into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    sides = {"sketch": _Sketches(drawings, space.drawings), "photo": _Photos(photos, space.photos)}
    sizes = {"sketch": drawings.size, "photo": photos.size}
    fingerprint = hashlib.sha256()
    for side, module in sides.items():
        path = folder / f"{side}.onnx"
        _export(module, sizes[side], path)
        fingerprint.update(path.read_bytes())
    write_class_space(folder / CLASSES, classes.names, classes.synsets, space.classes.detach().numpy())
    Description(
        name=name,
        fingerprint=fingerprint.hexdigest(),
        dim=DIMENSION,
        sketch=Transform(height=sizes["sketch"], width=sizes["sketch"]),
        photo=Transform(height=sizes["photo"], width=sizes["photo"], resampling="bicubic"),
        sketch_on_sheet=True,
    ).write(folder, codes)


def _export(module: nn.Module, size: int, path: Path) -> None:
    torch.onnx.export(
        module.eval(),
        (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
        str(path),
        input_names=["pixels"],
        output_names=["embedding"],
        dynamic_axes={"pixels": {0: "batch"}, "embedding": {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(path)
    narrow_weights(model)
    onnx.save(model, path)


def narrow_weights(model: onnx.ModelProto) -> None:
    """Stores the large weights of a model in 8 bits, with a scale for each output channel, and widens them in place.

    Only storage becomes smaller: everything is computed in 32 bits, from weights that are at most half a step off.
    """
    graph = model.graph
    axes = _output_axes(graph)
    added = []
    for stored in list(graph.initializer):
        axis = axes.get(stored.name)
        if axis is None or stored.data_type != TensorProto.FLOAT or np.prod(stored.dims) < SMALLEST:
            continue
        weights = numpy_helper.to_array(stored)
        others = tuple(other for other in range(weights.ndim) if other != axis)
        scale = np.maximum(np.abs(weights).max(axis=others), 1e-12) / 127
        shape = [-1 if other == axis else 1 for other in range(weights.ndim)]
        narrow = np.clip(np.rint(weights / scale.reshape(shape)), -127, 127).astype(np.int8)
        name = stored.name
        graph.initializer.remove(stored)
        graph.initializer.extend(
            [
                numpy_helper.from_array(narrow, f"{name}.narrow"),
                numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"),
            ]
        )
        added.append(helper.make_node("DequantizeLinear", [f"{name}.narrow", f"{name}.scale"], [name], axis=axis))
    for node in reversed(added):
        graph.node.insert(0, node)


def _output_axes(graph: onnx.GraphProto) -> dict[str, int]:
    """Initializer to the axis of its output channels, for the weights of products and convolutions."""
    dims = {stored.name: len(stored.dims) for stored in graph.initializer}
    axes: dict[str, int] = {}
    for node in graph.node:
        if node.op_type not in ("MatMul", "Gemm", "Conv") or len(node.input) < 2 or node.input[1] not in dims:
            continue
        transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
        first = node.op_type == "Conv" or transposed
        axes[node.input[1]] = 0 if first else dims[node.input[1]] - 1
    return axes
