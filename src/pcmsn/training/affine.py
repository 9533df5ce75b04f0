"""Small random changes of place: pictures are turned, scaled, shifted and flipped."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """(count,) numbers, each uniform in [low, high)."""
    return low + (high - low) * torch.rand(count, generator=generator)


def random_affine(
    count: int,
    generator: torch.Generator,
    *,
    turn: float = 0.25,
    scale: tuple[float, float] = (0.85, 1.2),
    shift: float = 0.12,
) -> Tensor:
    """(count, 2, 3) affine maps from places in the new picture to places in the old one; places are in -1..1.

    Half of them flip left and right. Each turns by up to ``turn`` radians, shows ``scale`` times the picture's side and
    moves by up to ``shift`` times half the side.
    """
    flip = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    angle, size = uniform(count, -turn, turn, generator), uniform(count, *scale, generator)
    cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
    right, down = uniform(count, -shift, shift, generator), uniform(count, -shift, shift, generator)
    return torch.stack([flip * cosine, -sine, right, flip * sine, cosine, down], dim=1).view(count, 2, 3)


def warped(pixels: Tensor, maps: Tensor, *, outside: float | None = None) -> Tensor:
    """The (B, 3, H, W) float pictures seen through (B, 2, 3) maps.

    What lies outside a picture has the value ``outside``; with None the picture's border is repeated.
    """
    grid = F.affine_grid(maps.to(pixels.device), list(pixels.shape), align_corners=False)
    if outside is None:
        return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    return F.grid_sample(pixels - outside, grid, padding_mode="zeros", align_corners=False) + outside
