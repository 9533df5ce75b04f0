"""Any vision model of the Hugging Face hub, or of a local folder in its format, as a frozen backbone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pcmsn.errors import BackboneError, enumerate_names
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.processor import stored_processor, transform_of_processor
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.config import Resize
from pcmsn.pretrained import (
    downloaded_model,
    first_line,
    load_from_folder,
    needs_own_code,
    quiet_transformers,
    untrained_weights,
)
from pcmsn.seeding import torch_generator

_DEPTHS = (5 / 6, 2 / 3, 1 / 2)  # of the layers beside the last one, for ``layer_features``
_NEEDED_FILES = {"config.json": "config.json", "*processor_config.json": "preprocessor_config.json"}
_NEEDED_FILES["*.safetensors"] = "*.safetensors"  # pattern -> how errors call it
_LEADING_TOKENS = ("cls_token", "class_embedding", "distillation_token", "register_tokens")
"""Names of the weights that stand before the patches in a sequence of tokens."""
_NOT_ARCHITECTURE = {  # fields of a configuration that leave the features as they are
    "_attn_implementation",
    "_name_or_path",
    "architectures",
    "dtype",
    "id2label",
    "label2id",
    "torch_dtype",
    "transformers_version",
}


class HuggingFaceBackbone(Backbone):
    """The features of a ``transformers`` vision model, without its classification head.

    The feature is the first of these that the model has: the image embedding of a model with a text side (CLIP,
    SigLIP), or of its half for pictures alone; the output of the model's own pooling, where its weights are part of the
    file (MobileNetV2, ResNet, ConvNeXt, Swin, DINOv2); the class token after the last norm (a ViT saved without its
    pooler); the mean over positions.
    """

    def __init__(self, network: nn.Module, *, name: str, transform: Transform, pooler_is_trained: bool) -> None:
        config: Any = network.config
        kept = {field: value for field, value in config.to_diff_dict().items() if field not in _NOT_ARCHITECTURE}
        leading = _leading_tokens(network)
        several = f"leading={sum(leading.values())} " if len(leading) > 1 else ""
        super().__init__(
            name=name,
            feature_dim=0,  # known after the first pass
            transform=transform,
            architecture=f"{type(network).__name__} pooler={pooler_is_trained} {several}"
            + json.dumps(kept, sort_keys=True, default=str),
        )
        self.network: Any = network
        self.pooler_is_trained = pooler_is_trained
        self._leading = sum(leading.values())
        self._has_class_token = "cls_token" in leading or "class_embedding" in leading
        self.freeze()
        self.feature_dim = _probed_feature_dim(self)

    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, feature_dim) float32 features of (B, 3, H, W) normalised pixels."""
        if hasattr(self.network, "get_image_features"):
            return self._image_embedding(pixels)
        return self._feature_of(self.network(pixel_values=pixels))

    def layer_features(self, pixels: Tensor) -> list[Tensor]:
        """The feature, the mean of the last layer's patches (ViT), and summaries at 5/6, 2/3 and 1/2 of the depth.

        The summary of a map is its mean over positions; of tokens, the class token and the mean of the others.
        """
        if hasattr(self.network, "get_image_features"):
            output: Any = self.network.vision_model(pixel_values=pixels, output_hidden_states=True)
            feature = self._image_embedding(pixels)
        else:
            output = self.network(pixel_values=pixels, output_hidden_states=True)
            feature = self._feature_of(output)
        hidden = output.hidden_states
        earlier = [hidden[round(depth * (len(hidden) - 1))] for depth in _DEPTHS]
        last = output.last_hidden_state
        patches = self._summaries(last)[1:] if self._has_class_token and last.ndim == 3 else []
        return [feature, *patches, *(summary for layer in earlier for summary in self._summaries(layer))]

    def _summaries(self, hidden: Tensor) -> list[Tensor]:
        """(B, width) summaries of a (B, width, h, w) map or of (B, T, width) tokens."""
        if hidden.ndim == 4:
            return [hidden.mean(dim=(2, 3))]
        patches = hidden[:, self._leading :].mean(dim=1)
        return [hidden[:, 0], patches] if self._has_class_token else [patches]

    def _image_embedding(self, pixels: Tensor) -> Tensor:
        embedding: Any = self.network.get_image_features(pixel_values=pixels)
        # transformers 4 returns the tensor itself
        return embedding if isinstance(embedding, Tensor) else _flat(embedding.pooler_output)

    def _feature_of(self, output: Any) -> Tensor:
        if getattr(output, "image_embeds", None) is not None:
            return _flat(output.image_embeds)
        pooled = getattr(output, "pooler_output", None)
        if pooled is not None and self.pooler_is_trained:
            return _flat(pooled)
        hidden: Tensor = output.last_hidden_state
        if hidden.ndim == 4:
            return hidden.mean(dim=(2, 3))
        return hidden[:, 0].contiguous() if self._has_class_token else hidden[:, self._leading :].mean(dim=1)

    def describe(self) -> dict[str, Any]:
        """Plain values from which ``rebuild_huggingface`` makes the same network with other weights."""
        config = json.loads(self.network.config.to_json_string(use_diff=False))
        return {"config": config, "pooler_is_trained": self.pooler_is_trained}


def _leading_tokens(network: nn.Module) -> dict[str, int]:
    """How many tokens of each kind stand before the patches: class, distillation and register tokens."""
    found: dict[str, int] = {}
    for name, parameter in network.named_parameters():
        kind = name.rpartition(".")[2]
        if kind in _LEADING_TOKENS and not name.startswith("text_model."):
            found.setdefault(kind, parameter.shape[-2] if parameter.ndim > 1 else 1)
    return found


def _flat(pooled: Tensor) -> Tensor:
    """(B, D) from (B, D) or (B, D, 1, 1)."""
    return pooled.flatten(1)


def _probed_feature_dim(backbone: Backbone) -> int:
    """Length of the features that one picture gives; refuses models that answer the same picture in two ways."""
    transform = backbone.transform
    shape = (1, transform.height, transform.width, 3)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch_generator(0, "probe"))
    try:
        with torch.inference_mode():
            first, second = (backbone(transform.normalise(pixels)) for _ in range(2))
    except Exception as error:  # whatever a model raises that does not take pictures alone
        raise BackboneError(
            f"{backbone.name} does not turn a picture into a feature: {error}; choose a vision model"
        ) from error
    if first.ndim != 2 or not torch.allclose(first, second, rtol=1e-3, atol=1e-5):
        raise BackboneError(
            f"{backbone.name} gives another feature each time it sees a picture (random masking?); "
            "choose a model that is meant for features"
        )
    return int(first.shape[1])


def load_huggingface(name_or_folder: str, resize: Resize = "model") -> HuggingFaceBackbone:
    """The backbone of a model's name on the Hugging Face hub or of a local folder; half precision becomes float32.

    ``resize`` says how pictures get the model's size. A model that was downloaded before is read without asking the
    network. Raises BackboneError where nothing can be loaded (no such name or folder, no network), weights are missing,
    or the pictures' preparation cannot be reproduced.
    """
    local = Path(name_or_folder).expanduser()
    folder = local if local.is_dir() else _downloaded(name_or_folder)
    name = folder.resolve().name if local.is_dir() else name_or_folder
    _check_folder(folder)
    with quiet_transformers():
        settings = _processor_settings(folder, name)
        network, report = _from_pretrained(_model_class(_read_json(folder)), folder, name, output_loading_info=True)
    untrained = untrained_weights(report)
    lacking = [weight for weight in untrained if "pooler" not in weight]
    if lacking:
        raise BackboneError(
            f"{name}: the file lacks {len(lacking)} weights of {type(network).__name__} or has them in another shape: "
            f"{enumerate_names(lacking)}; get the model's complete files"
        )
    _zero(network, untrained)
    _drop_text_side(network)
    transform = transform_of_processor(settings, source=name, resize=resize)
    return HuggingFaceBackbone(network, name=name, transform=transform, pooler_is_trained=not untrained)


def _processor_settings(folder: Path, name: str) -> Mapping[str, Any]:
    """What a model's image processor is set to, with its class's own values where the file leaves something out.

    The file alone counts where this machine cannot make the processor, for example without torchvision.
    """
    try:
        settings: dict[str, Any] = _from_pretrained("AutoImageProcessor", folder, name).to_dict()
        return settings
    except BackboneError:
        stored = stored_processor(folder)
        if stored is None:
            raise
        return stored


def _read_json(folder: Path) -> Mapping[str, Any]:
    """A folder's config.json; empty for a damaged one, which transformers then refuses."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _model_class(config: Mapping[str, Any]) -> str:
    """The transformers class for a configuration: with its projection where the model is a CLIP's half for pictures."""
    import transformers

    named = next(iter(config.get("architectures") or ()), "")
    return named if named.endswith("VisionModelWithProjection") and hasattr(transformers, named) else "AutoModel"


def rebuild_huggingface(description: Mapping[str, Any], *, name: str, transform: Transform) -> HuggingFaceBackbone:
    """The network that ``describe`` was called on, with random weights; needs no file and no connection.

    Raises BackboneError where this version of transformers cannot build it, KeyError for an incomplete description.
    """
    import transformers

    fields = {key: value for key, value in description["config"].items() if key not in ("dtype", "torch_dtype")}
    try:
        loader = getattr(transformers, _model_class(fields))
        config = transformers.AutoConfig.for_model(fields.pop("model_type"), **fields)
        with quiet_transformers():
            network = loader.from_config(config) if hasattr(loader, "from_config") else loader(config)
    except Exception as error:  # whatever a model's own code raises at settings of another version
        raise BackboneError(
            f"transformers {transformers.__version__} cannot build {name}: {first_line(error)}; use the version that "
            "the network was trained with"
        ) from error
    _drop_text_side(network)
    trained = bool(description["pooler_is_trained"])
    return HuggingFaceBackbone(network, name=name, transform=transform, pooler_is_trained=trained)


def _drop_text_side(network: Any) -> None:
    """Sketches and photos need no text: this saves its memory and its share of the fingerprint."""
    if hasattr(network, "get_image_features") and hasattr(network, "text_model"):
        del network.text_model


def _downloaded(name: str) -> Path:
    """The folder of a hub model's files on this machine, downloaded first where they are not there yet."""
    patterns = [*_NEEDED_FILES, "*.safetensors.index.json"]
    try:
        return downloaded_model(name, patterns=patterns, needed=list(_NEEDED_FILES))
    except Exception as error:  # the hub's, the network's and the disk's own errors, by version and cause
        raise BackboneError(
            f"no backbone {name!r}: no such folder here, and it cannot be downloaded ({first_line(error)}); check "
            "the spelling and the network, or pass a local folder that holds config.json, preprocessor_config.json and "
            "model.safetensors: --backbone FOLDER"
        ) from error


def _check_folder(folder: Path) -> None:
    """Raise BackboneError for a folder without descriptions or without weights."""
    config = _read_json(folder)
    if "pretrained_cfg" in config and "model_type" not in config:
        raise BackboneError(
            f"{folder} is a model of timm ({config.get('architecture')}), which pcmsn does not load; pass the same "
            "network as transformers saves it (a folder with preprocessor_config.json, or its name on the hub, for "
            "example facebook/dinov2-small for vit_small_patch14_dinov2): --backbone OWNER/NAME"
        )
    for pattern, needed in _NEEDED_FILES.items():
        if not any(folder.glob(pattern)):
            found = enumerate_names(sorted(path.name for path in folder.iterdir())) or "nothing"
            raise BackboneError(
                f"{folder} is not a Hugging Face model folder: it has no {needed}; found {found}; expected "
                "config.json, preprocessor_config.json and model.safetensors, as save_pretrained writes them"
            )


def _from_pretrained(loader: str, folder: Path, name: str, **options: Any) -> Any:
    """What a ``transformers`` Auto class loads from a folder; its many errors become one BackboneError."""
    try:
        return load_from_folder(loader, folder, use_safetensors=True, **options)
    except Exception as error:  # OSError, ValueError, KeyError, safetensors' own, by version and cause
        if needs_own_code(error):
            raise BackboneError(
                f"the backbone {name!r} is made by code in its own folder, and pcmsn never runs such code; choose a "
                "model that transformers knows by itself"
            ) from error
        raise BackboneError(
            f"cannot load the backbone {name!r} with transformers.{loader}: {first_line(error)}; check the files in "
            f"{folder}, or get them again"
        ) from error


def _zero(network: nn.Module, weights: Collection[str]) -> None:
    """Clear weights that no file gave: unused, but as random numbers they would change the fingerprint every time."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name in weights:
                parameter.zero_()
