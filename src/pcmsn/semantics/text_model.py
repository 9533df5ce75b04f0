"""Class vectors from any text model of the Hugging Face hub, or of a local folder in its format."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError, enumerate_names
from pcmsn.pretrained import (
    downloaded_model,
    first_line,
    load_from_folder,
    needs_own_code,
    quiet_transformers,
    untrained_weights,
)

if TYPE_CHECKING:
    from torch import Tensor

TEMPLATE = "a photo of a {}"
"""The default template; the class name takes the place of the braces."""

BATCH = 64
"""Texts of one length that go through the network at once."""


@dataclass(frozen=True, eq=False)
class TextVectors:
    """The vectors of classes and what made them."""

    values: NDArray[np.float32]
    """(C, D) one row a class, in the order asked for."""
    source: str
    """Model, kind of vector, fingerprint of the weights and template, in words."""


def text_model_vectors(
    classes: Sequence[str],
    model: str,
    *,
    template: str = TEMPLATE,
    progress: Callable[[int, int], None] | None = None,
) -> TextVectors:
    """The vectors that a text model gives for the class names, each put in the place of ``{}`` in ``template``.

    ``model`` is a local folder or a name on the Hugging Face hub. A model with a text side for pictures (CLIP,
    SigLIP) gives its text embedding, any other encoder the mean of its last hidden states over the text's tokens.
    Raises SemanticsError when nothing can be loaded, weights are missing, or two classes are one text to the model.
    """
    if template.count("{}") != 1:
        raise SemanticsError(f"the template {template!r} must hold {{}} once, where the class name goes")
    if not classes:
        raise SemanticsError("no classes to build vectors for; expected at least one class name")
    texts = [template.replace("{}", readable(name)) for name in classes]
    local = Path(model).expanduser()
    folder = local if local.is_dir() else _downloaded(model)
    _check_folder(folder)
    with quiet_transformers():
        tokenizer = _from_pretrained("AutoTokenizer", folder, model)
        network = _load_network(folder, model)
    tokens = _tokenised(tokenizer, network, texts, classes)
    values, kind = _embedded(network, tokens, model, progress)
    name = folder.resolve().name if local.is_dir() else model
    return TextVectors(values, f"{kind} of {name} (weights {_fingerprint(network)}), template {template!r}")


def readable(name: str) -> str:
    """A class name as a reader would write it: ``crane (machine)`` for ``crane_(machine)``."""
    return re.sub(r"[\s_]+", " ", name).strip()


def _load_network(folder: Path, name: str) -> Any:
    """The network in float32 for inference, without parts that texts do not pass through."""
    import transformers

    config = _from_pretrained("AutoConfig", folder, name)
    architecture = next(iter(getattr(config, "architectures", None) or []), "")
    # a text tower with its projection has no Auto class of its own
    loader = architecture if architecture.endswith("TextModelWithProjection") else "AutoModel"
    if not hasattr(transformers, loader):
        raise SemanticsError(f"{name}: this version of transformers has no {loader}; install the one the model needs")
    network, report = _from_pretrained(loader, folder, name, output_loading_info=True)
    lacking = [weight for weight in untrained_weights(report) if not _is_unused(weight, network)]
    if lacking:
        raise SemanticsError(
            f"{name}: the file lacks {len(lacking)} weights of {type(network).__name__} or has them in another shape: "
            f"{enumerate_names(lacking)}; get the model's complete files"
        )
    if network.config.is_encoder_decoder:
        network = network.get_encoder()
    return network.float().eval()


def _is_unused(weight: str, network: Any) -> bool:
    """Whether the vectors do not depend on a weight: the pooler of an encoder whose hidden states are averaged."""
    return "pooler" in weight and not _is_text_tower(network)


def _is_text_tower(network: Any) -> bool:
    """Whether the network is the text side of a model of pictures and texts, whose pooled output is meant for use."""
    return bool(re.search(r"(clip|siglip|align).*text", str(network.config.model_type)))


def _tokenised(tokenizer: Any, network: Any, texts: Sequence[str], classes: Sequence[str]) -> list[tuple[int, ...]]:
    """The token numbers of each text, without padding but for models that were trained with it."""
    options: dict[str, Any] = {}
    if "siglip" in network.config.model_type:
        text_config = getattr(network.config, "text_config", network.config)
        options = {"padding": "max_length", "max_length": text_config.max_position_embeddings, "truncation": True}
    tokens = [tuple(tokenizer(text, **options)["input_ids"]) for text in texts]
    seen: dict[tuple[int, ...], str] = {}
    for name, numbers in zip(classes, tokens, strict=True):
        if not numbers:
            raise SemanticsError(f"the text model's tokenizer makes nothing of {name!r}; rename the class")
        if numbers in seen:
            raise SemanticsError(
                f"the text model's tokenizer reads {seen[numbers]!r} and {name!r} as the same tokens, so "
                "that they would get the same vector; rename one, or choose a model of the names' language"
            )
        seen[numbers] = name
    return tokens


def _embedded(
    network: Any, tokens: Sequence[tuple[int, ...]], name: str, progress: Callable[[int, int], None] | None
) -> tuple[NDArray[np.float32], str]:
    """(C, D) vectors and their kind; texts of one length go together, so that nothing is ever padded."""
    import torch

    by_length: dict[int, list[int]] = {}
    for row, numbers in enumerate(tokens):
        by_length.setdefault(len(numbers), []).append(row)
    batches = [rows[start : start + BATCH] for rows in by_length.values() for start in range(0, len(rows), BATCH)]
    found: dict[int, NDArray[np.float32]] = {}
    kind = ""
    for rows in batches:
        batch = torch.tensor([tokens[row] for row in rows])
        try:
            with torch.inference_mode():
                vectors, kind = _vectors_of(network, batch)
        except Exception as error:  # whatever a model raises that does not take texts alone
            raise SemanticsError(
                f"{name} does not turn a text into a vector: {first_line(error)}; choose a text model"
            ) from error
        found.update(zip(rows, vectors.numpy(), strict=True))
        if progress is not None:
            progress(len(found), len(tokens))
    return np.stack([found[row] for row in range(len(tokens))]).astype(np.float32), kind


def _vectors_of(network: Any, tokens: Tensor) -> tuple[Tensor, str]:
    """(B, D) vectors of (B, T) token numbers, and what they are."""
    if hasattr(network, "get_text_features"):
        features: Any = network.get_text_features(input_ids=tokens)
        # transformers 4 returns the tensor itself
        return getattr(features, "pooler_output", features), "text embedding"
    output: Any = network(input_ids=tokens)
    if getattr(output, "text_embeds", None) is not None:
        return output.text_embeds, "text embedding"
    if _is_text_tower(network):
        return output.pooler_output, "pooled text output"
    return output.last_hidden_state.mean(dim=1), "mean of the last hidden states"


def _fingerprint(network: Any) -> str:
    """16 hexadecimal digits that depend on every weight of the network."""
    digest = hashlib.sha256(type(network).__name__.encode())
    for name, tensor in sorted(network.state_dict().items()):
        if not _is_unused(name, network):
            digest.update(f"{name} {tuple(tensor.shape)}".encode())
            digest.update(np.ascontiguousarray(tensor.numpy()).tobytes())
    return digest.hexdigest()[:16]


def _downloaded(name: str) -> Path:
    """The folder of a hub model's files on this machine, downloaded first where they are not there yet."""
    patterns = ["*.json", "*.safetensors", "*.txt", "*.model"]
    try:
        return downloaded_model(name, patterns=patterns, needed=["config.json", "*.safetensors"])
    except Exception as error:  # the hub's, the network's and the disk's own errors, by version and cause
        raise SemanticsError(
            f"no text model {name!r}: no such folder here, and it cannot be downloaded ({first_line(error)}); check "
            "the spelling and the network, or download it on another machine and pass its folder: --text-model FOLDER"
        ) from error


def _check_folder(folder: Path) -> None:
    """Raise SemanticsError for a folder without description, weights or tokenizer."""
    files = sorted(path.name for path in folder.iterdir())
    # without its vocabulary a tokenizer may load all the same, and know no word
    tokenizer = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
    for needed in (("config.json",), ("*.safetensors",), tokenizer):
        if not any(fnmatch(file, pattern) for file in files for pattern in needed):
            raise SemanticsError(
                f"{folder} is not a Hugging Face text model's folder: it has no {' or '.join(needed)}; found "
                f"{enumerate_names(files) or 'nothing'}; expected config.json, model.safetensors and the tokenizer's "
                "files, as save_pretrained writes them"
            )


def _from_pretrained(loader: str, folder: Path, name: str, **options: Any) -> Any:
    """What a ``transformers`` class loads from a folder; its many errors become one SemanticsError."""
    if loader not in ("AutoTokenizer", "AutoConfig"):
        options["use_safetensors"] = True
    try:
        return load_from_folder(loader, folder, **options)
    except Exception as error:  # OSError, ValueError, KeyError, safetensors' own, by version and cause
        if needs_own_code(error):
            raise SemanticsError(
                f"the text model {name!r} is made by code in its own folder, and pcmsn never runs such code; choose a "
                "model that transformers knows by itself"
            ) from error
        raise SemanticsError(
            f"cannot load the text model {name!r} with transformers.{loader}: {first_line(error)}; check the files "
            f"in {folder}, or get them again"
        ) from error
