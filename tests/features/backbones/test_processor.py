"""The settings of transformers' image processors become the same pixels, or are refused where they cannot."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.processor import transform_of_processor

SHARED = Path(__file__).parents[3] / "shared"
GREY_LEVEL = 1 / 255
SQUASHING = {
    "do_resize": True,
    "size": {"height": 32, "width": 24},
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.5, 0.6, 0.7],
}


def test_a_processor_that_squashes_is_understood() -> None:
    transform = transform_of_processor(SQUASHING, source="model")
    assert (transform.height, transform.width, transform.shortest_edge) == (32, 24, None)
    assert transform.resampling == "bicubic"
    assert transform.mean == pytest.approx((0.5, 0.4, 0.3)) and transform.std == pytest.approx((0.5, 0.6, 0.7))


@pytest.mark.parametrize(
    ("fields", "sizes"),
    [
        ({"size": 48}, (48, 48, None)),
        ({"size": {"shortest_edge": 40}, "do_center_crop": True, "crop_size": 32}, (32, 32, 40)),
        ({"size": 40, "do_center_crop": True, "crop_size": {"height": 32, "width": 24}}, (32, 24, 40)),
        ({"size": {"shortest_edge": 40}}, (40, 40, 40)),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875}, (224, 224, 256)),
        ({"size": {"shortest_edge": 384}, "crop_pct": 0.875}, (384, 384, None)),
        ({"crop_size": {"height": 9, "width": 9}, "do_center_crop": False}, (32, 24, None)),
    ],
)
def test_every_way_of_writing_sizes_is_understood(
    fields: dict[str, object], sizes: tuple[int, int, int | None]
) -> None:
    transform = transform_of_processor({**SQUASHING, **fields}, source="model")
    assert (transform.height, transform.width, transform.shortest_edge) == sizes


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rescale_factor": 1 / 127.5}, (200 / 127.5 - 0.5) / 0.5),
        ({"do_rescale": False}, (200 - 0.5) / 0.5),
        ({"do_normalize": False}, 200 / 255),
    ],
)
def test_scale_factors_and_switched_off_steps_give_the_processors_numbers(
    fields: dict[str, object], expected: float
) -> None:
    transform = transform_of_processor({**SQUASHING, **fields}, source="model")
    value = transform.normalise(torch.full((1, 1, 1, 3), 200, dtype=torch.uint8))[0, 0, 0, 0]
    assert value.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"do_flip_channel_order": True}, "model: its image processor uses do_flip_channel_order"),
        ({"size": {"shortest_edge": 10, "longest_edge": 20}}, "model: its image processor resizes to .*longest_edge"),
        ({"do_resize": False}, "expected a fixed height and width or a shortest edge"),
        ({"size": {"width": 3}}, "size {'width': 3} has no height and width"),
        ({"do_center_crop": True, "crop_size": {"shortest_edge": 9}}, "crop_size .* has no height and width"),
        ({"resample": None}, "model: its image processor's resample is None; expected the number of a filter"),
        ({"resample": 77}, "resample is 77"),
        ({"image_mean": [0.5]}, r"normalises with \[0.5\]; expected three numbers, one a channel"),
        ({"image_std": 0.5}, "normalises with 0.5; expected three numbers"),
        ({"do_center_crop": True, "crop_size": 9}, "squashes to 32 x 24 and cuts 9 x 9"),
    ],
)
def test_processors_that_can_not_be_reproduced_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        transform_of_processor({**SQUASHING, **fields}, source="model")


@pytest.mark.parametrize("name", ["mobilenet_v2", "vit_tiny_patch16_224"])
def test_the_pixels_are_those_of_the_models_own_processor(name: str) -> None:
    folder, data = SHARED / "backbones" / name, SHARED / "data" / "ZS-SBIR" / "Sketchy"
    if not folder.is_dir() or not data.is_dir():
        pytest.skip(f"needs {folder} and {data}")
    from transformers import AutoImageProcessor

    processor = AutoImageProcessor.from_pretrained(folder)
    transform = transform_of_processor(processor.to_dict(), source=name)
    sketches, photos = (sorted((data / part).rglob("*.*")) for part in ("sketch", "extended_photo"))
    for path in [*sketches[::600], *photos[::600]]:
        own = transform.normalise(torch.from_numpy(transform.decode(path))[None])
        with Image.open(path) as picture:
            theirs = processor(picture.convert("RGB"), return_tensors="pt")["pixel_values"]
        assert (own - theirs).abs().max() <= 1.01 * GREY_LEVEL / min(transform.std)
