"""Random changes: strokes widen and vanish as drawn, on white paper and inverted alike, whoever applies them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pcmsn.training.finetune.augmentation import (
    STROKE_SHARE,
    blanked,
    changed_photos,
    changed_sketches,
    coloured,
    draw_photo_changes,
    draw_sketch_changes,
    thickened,
)

SIDE = 224  # where the most is two whole pixels


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def line(column: int, width: int, *, side: int = SIDE) -> Tensor:
    """(1, 3, side, side) white paper with a black upright line."""
    pixels = torch.ones(1, 3, side, side)
    pixels[..., column : column + width] = 0
    return pixels


def widths(pixels: Tensor) -> list[float]:
    """Ink in each row of each sketch, in pixels."""
    return (1 - pixels).sum(dim=3).mean(dim=(1, 2)).tolist()


@pytest.mark.parametrize(
    ("change", "width"), [(0.0, 3.0), (0.5, 4.0), (1.0, 5.0), (0.25, 3.5), (0.75, 4.5), (-1.0, 2.0), (-0.5, 2.5)]
)
def test_a_stroke_becomes_as_wide_as_drawn(change: float, width: float) -> None:
    """At 224 pixels 1 is two pixels more; -1 one pixel less; what is between is mixed."""
    assert SIDE * STROKE_SHARE == 2
    changed = thickened(line(100, 3), torch.tensor([change]), paper=1.0)
    assert widths(changed) == pytest.approx([width])
    inverted = thickened(1 - line(100, 3), torch.tensor([change]), paper=0.0)
    torch.testing.assert_close(1 - inverted, changed)


def test_small_pictures_change_less() -> None:
    changed = thickened(line(10, 3, side=56), torch.tensor([1.0]), paper=1.0)
    assert widths(changed) == pytest.approx([3.5])


def test_dropped_rectangles_become_paper_and_nothing_else_changes() -> None:
    pixels = torch.rand(2, 3, 10, 20)
    patches = torch.zeros(2, 2, 4)
    patches[0, 1] = torch.tensor([0.1, 0.2, 0.3, 0.5])  # left, top, right, bottom
    for paper in (0.0, 1.0):
        expected = pixels.clone()
        expected[0, :, 2:5, 2:6] = paper
        assert torch.equal(blanked(pixels, patches, paper=paper), expected)


def test_factors_of_one_leave_colours_as_they_are() -> None:
    pixels = torch.rand(2, 3, 4, 5)
    torch.testing.assert_close(coloured(pixels, torch.ones(2, 3)), pixels)


def test_colours_meet_a_worked_case() -> None:
    pixels = torch.tensor([0.2, 0.4, 0.6]).view(1, 3, 1, 1)
    brighter = coloured(pixels, torch.tensor([[2.0, 1.0, 1.0]])).flatten().tolist()
    assert brighter == pytest.approx([0.4, 0.8, 1.0])
    grey = 0.299 * 0.2 + 0.587 * 0.4 + 0.114 * 0.6
    without_colour = coloured(pixels, torch.tensor([[1.0, 1.0, 0.0]])).flatten().tolist()
    assert without_colour == pytest.approx([grey] * 3)
    flat = coloured(pixels, torch.tensor([[1.0, 0.0, 1.0]])).flatten().tolist()
    assert flat == pytest.approx([grey] * 3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), strength=st.floats(0, 1.5), start=st.integers(0, 4), stop=st.integers(5, 7))
def test_rows_change_alike_alone_and_in_the_whole_batch(seed: int, strength: float, start: int, stop: int) -> None:
    pixels = torch.rand(7, 3, 12, 12, generator=generator(seed))
    part = slice(start, stop)
    sketch = draw_sketch_changes(7, generator(seed), strength)
    photo = draw_photo_changes(7, generator(seed), strength)
    for paper in (0.0, 1.0):
        whole = changed_sketches(pixels, sketch, paper=paper)
        torch.testing.assert_close(changed_sketches(pixels[part], sketch.rows(part), paper=paper), whole[part])
        assert whole.shape == pixels.shape and whole.min() >= -1e-5 and whole.max() <= 1 + 1e-5
    whole = changed_photos(pixels, photo)
    torch.testing.assert_close(changed_photos(pixels[part], photo.rows(part)), whole[part])
    assert whole.min() >= 0 and whole.max() <= 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999))
def test_an_inverted_sketch_changes_as_the_sketch_does(seed: int) -> None:
    pixels = torch.rand(4, 3, 16, 16, generator=generator(seed))
    changes = draw_sketch_changes(4, generator(seed))
    plain, inverted = changed_sketches(pixels, changes, paper=1.0), changed_sketches(1 - pixels, changes, paper=0.0)
    torch.testing.assert_close(1 - inverted, plain)


def test_empty_paper_stays_empty() -> None:
    changes = draw_sketch_changes(50, generator())
    for paper in (0.0, 1.0):
        pixels = torch.full((50, 3, 12, 12), paper)
        torch.testing.assert_close(changed_sketches(pixels, changes, paper=paper), pixels)


def test_without_strength_a_picture_is_at_most_flipped() -> None:
    pixels = torch.rand(20, 3, 8, 8)
    sketches = changed_sketches(pixels, draw_sketch_changes(20, generator(), 0.0), paper=1.0)
    photos = changed_photos(pixels, draw_photo_changes(20, generator(), 0.0))
    for changed in (sketches, photos):
        same = [torch.allclose(new, old, atol=1e-5) for new, old in zip(changed, pixels, strict=True)]
        flipped = [torch.allclose(new, old.flip(2), atol=1e-5) for new, old in zip(changed, pixels, strict=True)]
        assert all(one or other for one, other in zip(same, flipped, strict=True))
        assert any(same) and any(flipped)


def test_the_same_generator_state_draws_the_same_changes() -> None:
    first, second = (draw_sketch_changes(5, generator(3)) for _ in range(2))
    assert torch.equal(first.maps, second.maps) and torch.equal(first.strokes, second.strokes)
    assert torch.equal(first.patches, second.patches)
    assert not torch.equal(first.maps, draw_sketch_changes(5, generator(4)).maps)


def test_a_cut_stays_inside_the_photo() -> None:
    """But for the small turn, whose corners may look past the border."""
    changes = draw_photo_changes(500, generator())
    reach = changes.maps[:, :, 2].abs() + changes.maps[:, :, :2].diagonal(dim1=1, dim2=2).abs()
    assert reach.max() <= 1 + 1e-6
    areas = changes.maps[:, :, :2].det().abs()
    assert 0.3 < areas.min() < 0.45 and areas.max() <= 1 + 1e-6
