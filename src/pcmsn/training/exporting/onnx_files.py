"""Extractor and model of one modality as one ONNX file, held to torch's own result."""

from __future__ import annotations

import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pcmsn.data.atomic import atomic_path
from pcmsn.data.records import Modality
from pcmsn.errors import ConfigError, ExportError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.transform import Transform
from pcmsn.model.retrieval_model import RetrievalModel
from pcmsn.seeding import torch_generator

TOLERANCE = 1e-4
"""Largest difference of an element between ONNX and torch."""
INPUT, OUTPUT = "pixels", "embedding"


class PixelsToEmbedding(nn.Module):
    """From (B, H, W, 3) uint8 pixels, as ``Transform.apply`` gives them, to (B, dim) retrieval features."""

    def __init__(self, backbone: Backbone, model: RetrievalModel, modality: Modality) -> None:
        super().__init__()
        self.backbone = backbone
        self.model = model
        self.modality = modality
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        features = self.backbone(self.backbone.transform.normalise(pixels))
        if self.modality == "sketch":
            return self.model.forward_sketches(features)
        return self.model.forward_photos(features)


def require_export_extra() -> None:
    """Raise ConfigError, with the command to run, unless all packages that write and run ONNX are installed."""
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"export needs the extra 'export' (not installed: {', '.join(missing)}); install it with: "
            "pip install 'pcmsn[export]'"
        )


def write_onnx(network: PixelsToEmbedding, path: Path) -> float:
    """Write the file and give the largest difference to torch on random pixels, in batches of one and of three.

    Raises ExportError where the network cannot be traced, or the file gives another result; nothing is left then.
    """
    transform = network.backbone.transform
    with atomic_path(path) as temporary:
        try:
            _trace(network, _pixels(transform, 2), temporary)
        except Exception as error:  # the tracer's own errors, by torch's version and the network's code
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ExportError(
                f"{network.backbone.name} cannot be written as ONNX ({reason}); --no-onnx writes the rest"
            ) from error
        difference = max(_difference(network, temporary, _pixels(transform, count)) for count in (1, 3))
        if not difference <= TOLERANCE:
            raise ExportError(
                f"the ONNX file of {network.backbone.name} gives embeddings that differ by {difference:.2g} from "
                f"torch's, expected at most {TOLERANCE:g}; report this, and pass --no-onnx meanwhile"
            )
    return difference


def _trace(network: PixelsToEmbedding, pixels: Tensor, path: Path) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns that torchvision is missing, which is not needed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            network,
            (pixels,),
            dynamic_shapes={"pixels": {0: torch.export.Dim("pictures")}},
            dynamo=True,
            verbose=False,
        )
        _name_ends(program)
        program.save(str(path), external_data=False)


def _name_ends(program: Any) -> None:
    """Name a graph's input and output; values inside that the tracer gave the same name (CLIP) get another one."""
    graph = program.model.graph
    inner = [*graph.initializers.values(), *(value for node in graph for value in node.outputs)]
    for value in inner:
        if value.name in (INPUT, OUTPUT):
            value.name = f"inner_{value.name}"
    graph.inputs[0].name, graph.outputs[0].name = INPUT, OUTPUT


def _difference(network: PixelsToEmbedding, path: Path, pixels: Tensor) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (found,) = session.run([OUTPUT], {INPUT: pixels.numpy()})
    with torch.inference_mode():
        return float((torch.from_numpy(found) - network(pixels)).abs().max())


def _pixels(transform: Transform, count: int) -> Tensor:
    shape = (count, transform.height, transform.width, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch_generator(0, "pixels to check with"))
