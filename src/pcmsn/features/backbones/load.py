"""From the text after ``--backbone`` to the pair of extractors."""

from __future__ import annotations

from pathlib import Path

from pcmsn.errors import BackboneError, did_you_mean
from pcmsn.features.backbones.base import Extractors
from pcmsn.features.backbones.composite import with_several_layers
from pcmsn.features.backbones.finetuned import load_finetuned_pair
from pcmsn.features.backbones.huggingface import load_huggingface
from pcmsn.features.backbones.tiny import load_tiny
from pcmsn.features.backbones.vgg16 import load_released_vgg16, load_torchvision_vgg16
from pcmsn.features.config import Layers, Resize

BACKBONE_FORMS = {
    "vgg16": "the released pair of networks, <model root>/<data set>_sketch.pth and _image.pth",
    "vgg16:FILE": "torchvision's ImageNet VGG16",
    "tiny:FOLDER": "the built-in small networks, as the demo trains them",
    "finetuned:FOLDER": "extractors that pcmsn finetune made",
    "FOLDER": "a local folder of a Hugging Face vision model",
    "OWNER/NAME": "a vision model on the Hugging Face hub, for example facebook/dinov2-small",
}
"""Every form of a backbone's text, with what it stands for."""


def load_extractors(
    spec: str, *, dataset_name: str, model_root: Path, resize: Resize = "squash", layers: Layers = "last"
) -> Extractors:
    """The frozen extractors of sketches and photos that a text names, in one of ``BACKBONE_FORMS``.

    ``dataset_name`` and ``model_root`` say where ``vgg16`` finds its two files; a network that serves both sides is
    held once. ``resize`` counts for Hugging Face models; the others squash. ``layers`` says whether features have
    earlier layers beside the last one. Raises BackboneError for an unknown form and for whatever cannot be read.
    """
    extractors = _load(spec, dataset_name, model_root, resize)
    return with_several_layers(extractors) if layers == "several" else extractors


def _load(spec: str, dataset_name: str, model_root: Path, resize: Resize) -> Extractors:
    if spec == "vgg16":
        return Extractors(
            sketch=load_released_vgg16(model_root, dataset_name, "sketch"),
            photo=load_released_vgg16(model_root, dataset_name, "photo"),
        )
    kind, colon, place = spec.partition(":")
    if (spec and Path(spec).expanduser().is_dir()) or (not colon and "/" in spec):
        shared = load_huggingface(spec, resize)
        return Extractors(sketch=shared, photo=shared)
    if kind == "vgg16" and place:
        imagenet = load_torchvision_vgg16(Path(place).expanduser())
        return Extractors(sketch=imagenet, photo=imagenet)
    if kind == "finetuned" and place:
        return load_finetuned_pair(Path(place).expanduser())
    if kind == "tiny" and place:
        return _load_tiny(Path(place).expanduser())
    raise _unknown(spec, kind)


def _load_tiny(folder: Path) -> Extractors:
    """A pair of tiny networks from ``folder/sketch`` and ``folder/photo``, or one network for both from ``folder``."""
    if (folder / "sketch").is_dir() and (folder / "photo").is_dir():
        return Extractors(
            sketch=load_tiny(folder / "sketch", name="tiny (sketches)"),
            photo=load_tiny(folder / "photo", name="tiny (photos)"),
        )
    tiny = load_tiny(folder)
    return Extractors(sketch=tiny, photo=tiny)


def _unknown(spec: str, kind: str) -> BackboneError:
    forms = "; ".join(f"{form}: {meaning}" for form, meaning in BACKBONE_FORMS.items())
    if kind in ("finetuned", "tiny", "vgg16"):
        needs = "vgg16:FILE" if kind == "vgg16" else f"{kind}:FOLDER"
        return BackboneError(f"backbone {spec!r} names no place; expected {needs}. The forms are: {forms}")
    hint = did_you_mean(kind, ("vgg16", "tiny", "finetuned"))
    return BackboneError(f"unknown backbone {spec!r}{hint}, and no such folder. The forms are: {forms}")
