"""Pixels are resized, cut, inverted and normalised as a transform says, checked by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pcmsn.errors import ConfigError
from pcmsn.features.backbones import transform as transform_module
from pcmsn.features.backbones.transform import Transform


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_squashing_uses_the_whole_picture() -> None:
    picture = Image.new("RGB", (40, 10), "black")
    picture.paste("white", (0, 0, 20, 10))
    pixels = Transform(height=4, width=4, resampling="nearest").apply(picture)
    assert pixels.shape == (4, 4, 3) and pixels.dtype == np.uint8
    assert (pixels[:, :2] == 255).all() and (pixels[:, 2:] == 0).all()


def test_the_centre_cut_takes_the_middle_of_the_long_side() -> None:
    picture = Image.new("RGB", (30, 10), "black")
    picture.paste("white", (10, 0, 20, 10))
    assert (Transform(height=10, width=10, shortest_edge=10).apply(picture) == 255).all()


@settings(max_examples=40, deadline=None)
@given(width=st.integers(6, 90), height=st.integers(6, 90), cut=st.integers(1, 24), more=st.integers(0, 9))
def test_the_cut_is_the_centre_of_the_picture_with_its_proportions(
    width: int, height: int, cut: int, more: int
) -> None:
    edge = cut + more
    picture = noise(width, height)
    long_edge = int(edge * max(width, height) / min(width, height))
    size = (edge, long_edge) if width <= height else (long_edge, edge)
    left, top = (size[0] - cut) // 2, (size[1] - cut) // 2
    expected = np.asarray(picture.resize(size, Image.Resampling.BICUBIC))[top : top + cut, left : left + cut]
    pixels = Transform(height=cut, width=cut, shortest_edge=edge, resampling="bicubic").apply(picture)
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1)])
def test_a_strip_of_one_pixel_does_not_fill_the_memory(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, "black")
    middle = Image.new("RGB", (min(size[0], 20), min(size[1], 20)), "red")
    picture.paste(middle, ((size[0] - middle.width) // 2, (size[1] - middle.height) // 2))
    pixels = Transform(height=224, width=224, shortest_edge=256).apply(picture)
    assert (pixels == (255, 0, 0)).all()


def test_inversion_changes_black_and_white(tmp_path: Path) -> None:
    Image.new("RGB", (3, 3), (0, 255, 10)).save(tmp_path / "a.png")
    pixels = Transform(height=2, width=2, invert=True).decode(tmp_path / "a.png")
    assert (pixels == (255, 0, 245)).all()


def test_normalising_subtracts_means_and_divides_by_deviations_per_channel() -> None:
    transform = Transform(height=1, width=2, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    pixels = torch.tensor([[[[0, 51, 255], [255, 0, 102]]]], dtype=torch.uint8)
    expected = [[[[-0.2, 1.8]], [[0.0, -0.8]], [[0.35, 0.05]]]]
    torch.testing.assert_close(transform.normalise(pixels), torch.tensor(expected), atol=1e-6, rtol=0)


def test_no_pictures_normalise_to_none() -> None:
    shape = Transform(height=4, width=5).normalise(torch.zeros(0, 4, 5, 3, dtype=torch.uint8)).shape
    assert shape == (0, 3, 4, 5)


def test_the_key_changes_with_every_field_and_with_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    transform = Transform(height=8, width=8)
    others = [
        replace(transform, height=9),
        replace(transform, width=9),
        replace(transform, shortest_edge=8),
        replace(transform, resampling="bicubic"),
        replace(transform, mean=(0.0, 0.0, 0.1)),
        replace(transform, std=(1.0, 1.0, 0.9)),
        replace(transform, invert=True),
    ]
    keys = {transform.key, *(other.key for other in others)}
    assert len(keys) == 1 + len(others) == 1 + len(Transform.__dataclass_fields__)
    assert Transform(height=8, width=8).key == transform.key
    monkeypatch.setattr(transform_module, "TRANSFORM_VERSION", 2)
    assert transform.key not in keys


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"height": 0}, "at least 1 x 1, got 0 x 8"),
        ({"shortest_edge": 7}, "cut 8 x 8 pixels out of pictures whose shorter side is 7; shortest_edge must be 8"),
        ({"resampling": "bicubik"}, "no resampling filter 'bicubik'.*did you mean 'bicubic'"),
        ({"std": (1.0, 0.0, 1.0)}, "deviations above 0"),
        ({"mean": (0.5,)}, r"needs 3 means .* got \(0.5,\)"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Transform(**{"height": 8, "width": 8, **fields})
