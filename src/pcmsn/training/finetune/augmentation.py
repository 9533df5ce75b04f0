"""Random changes of sketches and photos, of a kind that suits each: numbers are drawn first, then applied.

They are drawn for a whole batch on the CPU and applied to any rows of it, on any device, so that the changes of a
picture do not depend on how many processes share the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

STROKE_SHARE = 1 / 112
"""By how much a stroke becomes thicker at most, as a share of the picture's side: 2 pixels at 224."""

_THINNEST = -0.6  # pixels; strokes of one pixel would vanish with -1
_PATCHES = 3  # rectangles of a sketch that may become paper
_GREY = (0.299, 0.587, 0.114)  # weights of red, green and blue in luminance (ITU-R BT.601)


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


@dataclass(frozen=True, eq=False)
class SketchChanges:
    """What happens to each of B sketches."""

    maps: Tensor
    """(B, 2, 3) affine maps, as ``random_affine`` describes them: flip, turn, size and shift."""
    strokes: Tensor
    """(B,) change of the strokes' width, in -0.6..1, in the units of ``thickened``."""
    patches: Tensor
    """(B, P, 4) left, top, right and bottom in 0..1 of the rectangles that become paper; empty where right <= left."""

    def rows(self, part: slice) -> SketchChanges:
        """The changes of some of the sketches."""
        return SketchChanges(self.maps[part], self.strokes[part], self.patches[part])


@dataclass(frozen=True, eq=False)
class PhotoChanges:
    """What happens to each of B photos."""

    maps: Tensor
    """(B, 2, 3) affine maps, as ``random_affine`` describes them: flip, turn and cut."""
    colours: Tensor
    """(B, 3) factors of brightness, contrast and saturation."""

    def rows(self, part: slice) -> PhotoChanges:
        """The changes of some of the photos."""
        return PhotoChanges(self.maps[part], self.colours[part])


def draw_sketch_changes(count: int, generator: torch.Generator, strength: float = 1.0) -> SketchChanges:
    """Changes for ``count`` sketches: flip, small affine map, width of the strokes, dropped strokes.

    ``strength`` scales all but the flip; 1 turns by up to 0.25 (14 degrees) and shifts by up to 6 % of the side.
    """
    scale = (1 - 0.15 * min(strength, 1), 1 + 0.2 * strength)
    maps = random_affine(count, generator, turn=0.25 * strength, scale=scale, shift=0.12 * strength)
    strokes = uniform(count, _THINNEST, 1.0, generator) * min(strength, 1)
    strokes = torch.where(torch.rand(count, generator=generator) < 0.5, strokes, 0.0)
    sides = 0.05 + 0.2 * torch.rand(count, _PATCHES, 2, generator=generator)
    corners = torch.rand(count, _PATCHES, 2, generator=generator) * (1 - sides)
    drops = torch.rand(count, _PATCHES, 1, generator=generator) < 0.35 * strength
    patches = torch.cat([corners, torch.where(drops, corners + sides, corners)], dim=2)
    return SketchChanges(maps, strokes, patches)


def draw_photo_changes(count: int, generator: torch.Generator, strength: float = 1.0) -> PhotoChanges:
    """Changes for ``count`` photos: flip, a cut of 36 to 100 % of the area with another shape, small turn, colours.

    ``strength`` scales all but the flip; 1 gives factors of brightness, contrast and saturation in 0.6..1.4.
    """
    maps = random_affine(count, generator, turn=0.1 * strength, scale=(1.0, 1.0), shift=0.0)
    side = 1 - uniform(count, 0.0, 0.4 * min(strength, 1), generator)
    shape = torch.exp(uniform(count, -0.25, 0.25, generator) * strength)  # width : height of the cut, by its root
    sides = torch.stack([side * shape, side / shape], dim=1).clamp(max=1.0)
    free = 1 - sides
    centres = free * (2 * torch.rand(count, 2, generator=generator) - 1)
    turned = maps[:, :, :2] * sides[:, :, None]
    reach = min(0.4 * strength, 1.0)
    colours = torch.stack([uniform(count, 1 - reach, 1 + reach, generator) for _ in range(3)], dim=1)
    return PhotoChanges(torch.cat([turned, centres[:, :, None]], dim=2), colours)


def changed_sketches(pixels: Tensor, changes: SketchChanges, *, paper: float) -> Tensor:
    """The (B, 3, H, W) sketches in [0, 1] with their changes; ``paper`` is 1 for dark strokes on white, 0 inverted."""
    pixels = warped(pixels, changes.maps, outside=paper)
    pixels = thickened(pixels, changes.strokes.to(pixels.device), paper=paper)
    return blanked(pixels, changes.patches.to(pixels.device), paper=paper)


def changed_photos(pixels: Tensor, changes: PhotoChanges) -> Tensor:
    """The (B, 3, H, W) photos in [0, 1] with their changes, in [0, 1] again."""
    return coloured(warped(pixels, changes.maps), changes.colours.to(pixels.device))


def thickened(pixels: Tensor, strokes: Tensor, *, paper: float) -> Tensor:
    """The (B, 3, H, W) sketches with wider or thinner strokes.

    ``strokes`` (B,): 1 adds ``STROKE_SHARE`` of the side to the width, at most two pixels; -1 takes one pixel away.
    Changes between whole pixels are mixed from the two nearest.
    """
    ink = (paper - pixels) if paper else pixels
    wanted = torch.where(strokes > 0, strokes * min(pixels.shape[-1] * STROKE_SHARE, 2.0), strokes)
    wanted = wanted.view(-1, 1, 1, 1)
    one, two = _widest(ink, 2), _widest(ink, 3)
    none = -_widest(-ink, 2)
    wider = torch.where(wanted <= 1, ink + wanted * (one - ink), one + (wanted - 1) * (two - one))
    changed = torch.where(wanted >= 0, wider, ink - wanted * (none - ink))
    return (paper - changed) if paper else changed


def _widest(values: Tensor, side: int) -> Tensor:
    """The largest value in each pixel's ``side`` x ``side`` neighbourhood; the border repeats beyond the picture."""
    before, after = (side - 1) // 2, side // 2
    return F.max_pool2d(F.pad(values, (before, after, before, after), mode="replicate"), side, stride=1)


def blanked(pixels: Tensor, patches: Tensor, *, paper: float) -> Tensor:
    """The (B, 3, H, W) sketches with (B, P, 4) rectangles of paper, given as left, top, right, bottom in 0..1."""
    height, width = pixels.shape[-2:]
    down = (torch.arange(height, device=pixels.device) + 0.5) / height
    along = (torch.arange(width, device=pixels.device) + 0.5) / width
    left, top, right, bottom = patches.unsqueeze(-1).unbind(dim=2)  # each (B, P, 1)
    rows, columns = (down >= top) & (down < bottom), (along >= left) & (along < right)
    covered = (rows.unsqueeze(-1) & columns.unsqueeze(-2)).any(dim=1, keepdim=True)
    return torch.where(covered, paper, pixels)


def coloured(pixels: Tensor, factors: Tensor) -> Tensor:
    """The (B, 3, H, W) photos with (B, 3) factors of brightness, contrast and saturation, kept in [0, 1]."""
    brightness, contrast, saturation = factors.view(-1, 3, 1, 1, 1).unbind(dim=1)
    pixels = (pixels * brightness).clamp(0, 1)
    middle = _grey(pixels).mean(dim=(2, 3), keepdim=True)
    pixels = (middle + contrast * (pixels - middle)).clamp(0, 1)
    grey = _grey(pixels)
    return (grey + saturation * (pixels - grey)).clamp(0, 1)


def _grey(pixels: Tensor) -> Tensor:
    """(B, 1, H, W) luminance."""
    weights = pixels.new_tensor(_GREY).view(1, 3, 1, 1)
    return (pixels * weights).sum(dim=1, keepdim=True)
