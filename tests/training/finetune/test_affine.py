"""Flips, turns and shifts do what their numbers say."""

import math

import torch
from torch import Tensor

from pcmsn.training.finetune.augmentation import random_affine, warped

IDENTITY = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])


def picture(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows).expand(1, 3, -1, -1)


def test_the_identity_leaves_a_picture_as_it_is() -> None:
    pixels = torch.rand(1, 3, 7, 5)
    for outside in (None, 1.0):
        torch.testing.assert_close(warped(pixels, IDENTITY, outside=outside), pixels)


def test_a_negative_first_number_flips_left_and_right() -> None:
    flip = torch.tensor([[[-1.0, 0, 0], [0, 1, 0]]])
    expected = picture([[2.0, 1.0], [4.0, 3.0]])
    torch.testing.assert_close(warped(picture([[1.0, 2.0], [3.0, 4.0]]), flip), expected)


def test_what_comes_from_outside_is_the_border_or_the_given_value() -> None:
    shift = torch.tensor([[[1.0, 0, 1.0], [0, 1, 0]]])  # half a picture to the left
    pixels = picture([[1.0, 2.0]])
    torch.testing.assert_close(warped(pixels, shift), picture([[2.0, 2.0]]))
    torch.testing.assert_close(warped(pixels, shift, outside=9.0), picture([[2.0, 9.0]]))


def test_random_maps_stay_in_their_ranges() -> None:
    maps = random_affine(400, torch.Generator().manual_seed(0), turn=0.2, scale=(0.9, 1.1), shift=0.05)
    sizes = maps[:, :, :2].det().abs().sqrt()
    angles = torch.atan2(-maps[:, 0, 1], maps[:, 1, 1])
    assert sizes.min() >= 0.9 and sizes.max() <= 1.1
    assert angles.abs().max() <= 0.2 + 1e-6 and angles.abs().max() > 0.1
    assert maps[:, :, 2].abs().max() <= 0.05
    flipped = (maps[:, :, :2].det() < 0).float().mean()
    assert math.isclose(flipped, 0.5, abs_tol=0.1)
