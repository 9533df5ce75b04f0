"""A sketch drawn with other pens, on other grounds, becomes what the plain one is; the plain one stays as it is."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from pcmsn.data.ink import Ink, find_ink
from pcmsn.data.pictures import picture_from_bytes

CANVAS, BOX = (320, 240), (120, 60, 201, 181)


def plain() -> Image.Image:
    """Some curves and a line in the middle of a white canvas, three pixels wide."""
    picture = Image.new("RGB", CANVAS, "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((120, 60, 200, 140), outline="black", width=3)
    pen.arc((130, 100, 190, 180), 20, 250, fill="black", width=3)
    pen.line((160, 70, 170, 180), fill="black", width=3)
    return picture


def in_colours(ground: str, stroke: str) -> Image.Image:
    return ImageOps.colorize(plain().convert("L"), black=stroke, white=ground)


def on_paper_in_shadow() -> Image.Image:
    """Soft strokes on grey paper that darkens to one side, with the grain of a photograph."""
    pixels = np.asarray(plain().convert("L"), dtype=np.float32) / 255
    light = np.linspace(215, 140, CANVAS[0], dtype=np.float32)[None, :]
    grain = np.random.default_rng(0).normal(0, 4, pixels.shape)
    return Image.fromarray(np.clip(light * (0.35 + 0.65 * pixels) + grain, 0, 255).astype(np.uint8)).convert("RGB")


def on_squared_paper() -> Image.Image:
    sheet = Image.new("RGB", CANVAS, "white")
    pen = ImageDraw.Draw(sheet)
    for x in range(8, CANVAS[0], 16):
        pen.line((x, 0, x, CANVAS[1]), fill=(150, 200, 215))
    for y in range(8, CANVAS[1], 16):
        pen.line((0, y, CANVAS[0], y), fill=(150, 200, 215))
    drawn = plain()
    sheet.paste(drawn, mask=ImageOps.invert(drawn.convert("L")))
    return sheet


def framed(width: int) -> Image.Image:
    picture = plain()
    ImageDraw.Draw(picture).rectangle((0, 0, CANVAS[0] - 1, CANVAS[1] - 1), outline="black", width=width)
    return picture


def with_specks() -> Image.Image:
    picture = plain()
    picture.putpixel((5, 230), (0, 0, 0))
    ImageDraw.Draw(picture).rectangle((310, 8, 312, 9), fill=(40, 40, 40))
    return picture


OTHERS: dict[str, Callable[[], Image.Image]] = {
    "white on black": lambda: ImageOps.invert(plain()),
    "dark mode": lambda: in_colours("#1e1e1e", "#dcdcdc"),
    "pencil": lambda: in_colours("white", "#bfbfbf"),
    "red": lambda: in_colours("white", "#e00000"),
    "cyan": lambda: in_colours("white", "#00c8ff"),
    "yellow": lambda: in_colours("white", "#ffdc00"),
    "chalk on a green board": lambda: in_colours("#2a5a40", "#e8e8d8"),
    "photographed paper in shadow": on_paper_in_shadow,
    "squared paper": on_squared_paper,
    "a thin frame": lambda: framed(1),
    "a thick frame": lambda: framed(4),
    "specks": with_specks,
}


def found(picture: Image.Image) -> Ink:
    ink = find_ink(picture)
    assert ink is not None
    return ink


@pytest.mark.parametrize("name", OTHERS)
def test_another_pen_or_ground_gives_the_plain_drawing(name: str) -> None:
    ink = found(OTHERS[name]())
    assert ink.kind == "other"
    assert ink.box() is not None and np.abs(np.array(ink.box()) - np.array(BOX)).max() <= 2
    drawn = np.asarray(ink.picture().convert("L"), dtype=float)
    expected = np.asarray(plain().convert("L"), dtype=float)
    assert np.corrcoef(drawn.ravel(), expected.ravel())[0, 1] > 0.9


def test_a_plain_sketch_is_known_as_one_wherever_and_how_large_it_is() -> None:
    assert found(plain()).kind == "plain" and found(plain()).box() == BOX
    large = Image.new("RGB", (1600, 1200), "white")
    large.paste(plain(), (1250, 20))
    assert found(large).kind == "plain"
    jpeg = BytesIO()
    plain().save(jpeg, "JPEG", quality=70)
    assert found(picture_from_bytes(jpeg.getvalue(), Path("s.jpg"))).kind == "plain"


def test_small_parts_of_a_drawing_stay() -> None:
    """Rain around a cloud: many drops, each small; and an eye beside the head that it belongs to."""
    picture = plain()
    pen = ImageDraw.Draw(picture)
    for x in range(100, 230, 12):
        pen.line((x, 190, x + 2, 198), fill="black", width=2)
    pen.ellipse((206, 90, 210, 94), fill="black")
    ink = found(picture)
    assert ink.kind == "plain" and ink.box() == (100, 60, 224, 199)


@pytest.mark.parametrize("ground", ["white", "black", "#777777"])
def test_a_canvas_with_nothing_on_it_has_no_ink(ground: str) -> None:
    assert find_ink(Image.new("RGB", (50, 40), ground)) is None


def test_strokes_that_are_only_in_the_alpha_channel_are_seen() -> None:
    layer = Image.new("RGBA", CANVAS, (255, 255, 255, 0))
    layer.putalpha(ImageOps.invert(plain().convert("L")))
    content = BytesIO()
    layer.save(content, "PNG")
    assert found(picture_from_bytes(content.getvalue(), Path("s.png"))).box() == BOX


def test_a_very_large_sketch_is_cleaned_in_a_smaller_copy() -> None:
    picture = Image.new("RGB", (6000, 4000), "black")
    picture.paste(ImageOps.invert(plain()).resize((3000, 2250)), (1500, 800))
    ink = found(picture)
    assert max(ink.strength.shape) == 2048 and ink.kind == "other"


def test_what_is_no_line_drawing_is_told_apart() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    assert found(Image.fromarray(noise)).kind == "photo"
    coarse = np.random.default_rng(1).integers(0, 256, (9, 12, 3)).astype(np.uint8)
    assert found(Image.fromarray(coarse).resize((240, 180), Image.Resampling.BICUBIC)).kind == "photo"
