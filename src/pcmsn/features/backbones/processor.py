"""The transform that a Hugging Face image processor describes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.transform import Transform
from pcmsn.features.config import Resize

Channels = tuple[float, float, float]
"""One number each for red, green and blue."""

_REFUSED = ("do_flip_channel_order", "rescale_offset", "do_pad")
_DECISIVE = ("size", "resample", "do_normalize", "image_mean", "image_std")
_LARGE_CONVNEXT_EDGE = 384  # from this size on, ConvNeXt's processor squashes instead of cutting


def stored_processor(folder: Path) -> dict[str, Any] | None:
    """A model folder's image processor as the files hold it; None unless it says all that decides the pixels.

    ``preprocessor_config.json`` is the image processor's own file; ``processor_config.json`` (transformers 5) holds it
    beside a tokenizer's. Older files leave out what their processor's class knows.
    """
    for name in ("preprocessor_config.json", "processor_config.json"):
        try:
            stored = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        settings = stored.get("image_processor", stored) if isinstance(stored, dict) else None
        if isinstance(settings, dict) and all(settings.get(field) is not None for field in _DECISIVE):
            return settings
    return None


def transform_of_processor(settings: Mapping[str, Any], *, source: str, resize: Resize = "model") -> Transform:
    """The transform of an image processor's settings, as ``preprocessor_config.json`` and ``to_dict`` hold them.

    ``source`` names the model in errors. With ``resize`` ``squash``, whole pictures are brought to the size that the
    processor ends with. With ``model``, one that keeps the proportions and cuts nothing gets a centre cut, so that
    every picture has the same size. Raises BackboneError for settings that Transform cannot reproduce.
    """
    for setting in _REFUSED:
        if settings.get(setting):
            raise BackboneError(f"{source}: its image processor uses {setting}, which is not supported")
    height, width, shortest_edge = _sizes(settings, source, resize)
    mean, std = _statistics(settings, source)
    return Transform(
        height=height,
        width=width,
        shortest_edge=None if resize == "squash" else shortest_edge,
        resampling=_resampling(settings, source),
        mean=mean,
        std=std,
    )


def _resampling(settings: Mapping[str, Any], source: str) -> str:
    """The name of Pillow's filter, which the settings give by its number."""
    number = settings.get("resample", Image.Resampling.BILINEAR)
    try:
        return Image.Resampling(number).name.lower()
    except ValueError as error:
        raise BackboneError(
            f"{source}: its image processor's resample is {number!r}; expected the number of a filter of Pillow, 0 to 5"
        ) from error


def _sizes(settings: Mapping[str, Any], source: str, resize: Resize) -> tuple[int, int, int | None]:
    """(height, width, shortest edge or None) of the network's input."""
    size = settings.get("size")
    cut = settings.get("crop_size") if settings.get("do_center_crop") else None
    if isinstance(size, int):
        size = {"shortest_edge": size} if cut else {"height": size, "width": size}
    if isinstance(cut, int):
        cut = {"height": cut, "width": cut}
    if not settings.get("do_resize", True) or not isinstance(size, Mapping) or size.get("longest_edge"):
        raise BackboneError(
            f"{source}: its image processor resizes to {size!r}; expected a fixed height and width or a shortest edge"
        )
    if cut is not None:
        _check_sides("crop_size", cut, source)
    if size.get("shortest_edge"):
        return _sizes_by_edge(int(size["shortest_edge"]), cut, settings.get("crop_pct"))
    _check_sides("size", size, source)
    height, width = int(size["height"]), int(size["width"])
    if cut is None:
        return height, width, None
    if resize == "model" and (height, width) != (cut["height"], cut["width"]):
        raise BackboneError(
            f"{source}: its image processor squashes to {height} x {width} and cuts "
            f"{cut['height']} x {cut['width']} out of that, which is not supported; pass --resize squash"
        )
    return int(cut["height"]), int(cut["width"]), None


def _check_sides(name: str, size: Mapping[str, Any], source: str) -> None:
    if "height" not in size or "width" not in size:
        raise BackboneError(f"{source}: its image processor's {name} {dict(size)!r} has no height and width")


def _sizes_by_edge(edge: int, cut: Mapping[str, int] | None, cut_share: float | None) -> tuple[int, int, int | None]:
    if cut is not None:
        return int(cut["height"]), int(cut["width"]), edge
    if cut_share is None:
        return edge, edge, edge
    return (edge, edge, int(edge / cut_share)) if edge < _LARGE_CONVNEXT_EDGE else (edge, edge, None)


def _statistics(settings: Mapping[str, Any], source: str) -> tuple[Channels, Channels]:
    """(mean, deviation) for values in [0, 1], whatever factor the processor scales bytes with."""
    factor = float(settings.get("rescale_factor", 1 / 255)) * 255 if settings.get("do_rescale", True) else 255.0
    given = settings if settings.get("do_normalize", True) else {}
    means, deviations = given.get("image_mean") or (0.0, 0.0, 0.0), given.get("image_std") or (1.0, 1.0, 1.0)
    return _per_channel(means, factor, source), _per_channel(deviations, factor, source)


def _per_channel(values: Any, factor: float, source: str) -> Channels:
    try:
        red, green, blue = (float(value) / factor for value in values)
    except (TypeError, ValueError) as error:
        raise BackboneError(
            f"{source}: its image processor normalises with {values!r}; expected three numbers, one a channel"
        ) from error
    return red, green, blue
