"""Reading checkpoints of the released code, ``checkpoint/tip_.../model_best.pth``, where their parameters fit.

The released repository lacks its main model file, so the names of some parameters are not known. Networks are found by
the shapes of their parameters, and by modality where two have the same shapes (``sk`` or ``im`` in the name). Only the
networks that embed are read: the two generators and the retrieval decoder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pcmsn.data.layouts import PhotoVariant
from pcmsn.data.records import Modality
from pcmsn.errors import CheckpointError, enumerate_names
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.pcmsn import PCMSN

_FOLDER = re.compile(
    r"tip_(?P<dataset>Sketchy|TU-Berlin)_(?P<photos>extended|None)_(?P<split>None|split_eccv_2018)"
    r"_(?P<sources>[^_]+)_c2f_(?P<coarse_to_fine>True|False)_(?P<dim>\d+)"
)
_EXAMPLE = "checkpoint/tip_Sketchy_extended_None_hieremb-jcn+word2vec-google-news_c2f_False_64/model_best.pth"
_MODALITY_MARKS: dict[Modality, str] = {"sketch": "sk", "photo": "im"}


@dataclass(frozen=True)
class ReleasedRun:
    """What the path of a released checkpoint says."""

    dataset: str
    photos: PhotoVariant
    sources: tuple[str, ...]
    dim: int


def read_released_path(path: Path) -> ReleasedRun:
    """The settings in the name of the checkpoint's folder; raises CheckpointError when it is not of the known form."""
    match = _FOLDER.fullmatch(path.parent.name)
    if not match:
        raise CheckpointError(
            f"the folder {path.parent.name!r} is not named like {_EXAMPLE}, so its settings are unknown"
        )
    if match["split"] != "None":
        raise CheckpointError(f"{path}: trained on the ECCV 2018 split, which has no validation classes; not supported")
    return ReleasedRun(
        dataset=match["dataset"],
        photos="original" if match["dataset"] == "Sketchy" and match["photos"] == "None" else "extended",
        sources=tuple(match["sources"].split("+")),
        dim=int(match["dim"]),
    )


def load_released_model(path: Path, *, sketch_dim: int, photo_dim: int, dim: int) -> PCMSN:
    """The network of a released checkpoint, in evaluation mode, for embedding only.

    The length of its semantic features is read from the retrieval decoder's first layer. Raises CheckpointError, which
    says which network was not found or which of its parameters do not fit.
    """
    networks = _networks(_read_state_dict(path))
    semantic = _semantic_dim(networks, dim, path)
    dims = FeatureDims(sketch=sketch_dim, photo=photo_dim, semantic=semantic, classes=1)
    model = PCMSN(dims, ModelConfig(dim=dim))
    wanted: list[tuple[str, nn.Module, Modality | None]] = [
        ("sketch generator", model.sketch_generator, "sketch"),
        ("photo generator", model.photo_generator, "photo"),
        ("retrieval decoder", model.retrieval_decoder, None),
    ]
    problems = []
    for name, network, modality in wanted:
        fitting = _fitting(networks, network, modality)
        if len(fitting) == 1:
            network.load_state_dict(networks[fitting[0]])
        else:
            problems.append(_problem(name, network, fitting, networks))
    if problems:
        raise CheckpointError(f"{path} does not fit: {'; '.join(problems)}")
    return model.eval()


def _read_state_dict(path: Path) -> dict[str, Tensor]:
    """The weights of a .pth file, through a loader that admits tensors and NumPy numbers only."""
    numpy_scalars = [np.dtype, type(np.dtype(np.float64)), _numpy_scalar_builder()]
    try:
        with torch.serialization.safe_globals(numpy_scalars):
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"no checkpoint {path}; expected a path like {_EXAMPLE}") from error
    except Exception as error:  # torch.load raises many kinds for what is no checkpoint
        raise CheckpointError(f"{path} cannot be read as a released checkpoint: {error}") from error
    state = content.get("state_dict") if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping):
        keys = sorted(content) if isinstance(content, Mapping) else type(content).__name__
        raise CheckpointError(f"{path} holds {keys}, expected the keys exp_seed, epoch, state_dict and best_map")
    return {str(name): tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}


def _numpy_scalar_builder() -> Any:
    """The function that a pickled NumPy number names; NumPy 2 moved it."""
    core = getattr(np, "_core", None) or np.core
    return core.multiarray.scalar


def _networks(state: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Parameters grouped by what stands before ``<number>.<parameter>``: one group a sequence of layers."""
    networks: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        match = re.fullmatch(r"(?P<network>.+?)\.(?P<parameter>\d+\.\w+)", name)
        if match:
            networks.setdefault(match["network"], {})[match["parameter"]] = tensor
    return networks


def _semantic_dim(networks: Mapping[str, Mapping[str, Tensor]], dim: int, path: Path) -> int:
    """Input length of the network that ends in ``dim`` outputs after 1024 hidden units: the retrieval decoder."""
    for parts in networks.values():
        first, last = parts.get("0.weight"), parts.get("7.weight")
        if first is not None and last is not None and last.shape == (dim, 1024) and len(first) == 1024:
            return int(first.shape[1])
    raise CheckpointError(
        f"{path} does not fit: no retrieval decoder (semantic -> 1024 -> 1024 -> {dim}) is in it; "
        f"it has {enumerate_names(sorted(networks), 12) or 'no networks'}"
    )


def _fitting(networks: Mapping[str, Mapping[str, Tensor]], network: nn.Module, modality: Modality | None) -> list[str]:
    """Names of the networks with the same parameters as ``network``, by their names where several could be meant."""
    expected = _shapes(network.state_dict())
    fitting = [name for name, parts in networks.items() if _shapes(parts) == expected]
    if modality is None or len(fitting) < 2:
        return fitting
    return [name for name in fitting if _MODALITY_MARKS[modality] in name.lower()]


def _shapes(parameters: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in parameters.items()}


def _problem(name: str, network: nn.Module, fitting: list[str], networks: Mapping[str, Mapping[str, Tensor]]) -> str:
    """Why a network was not found among those of the checkpoint."""
    if fitting:
        return f"the {name} may be any of {enumerate_names(fitting)}"
    if not networks:
        return f"no network like the {name} is in it"
    expected = _shapes(network.state_dict())
    shapes = {candidate: _shapes(parts) for candidate, parts in networks.items()}
    nearest = max(shapes, key=lambda candidate: len(shapes[candidate].items() & expected.items()))
    found = shapes[nearest]
    differences = [
        f"{nearest}.{key} is {found.get(key, 'missing')}, expected {shape}"
        for key, shape in expected.items()
        if found.get(key) != shape
    ]
    more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
    return f"no {name}; nearest is {nearest!r}: {'; '.join(differences[:3])}{more}"
