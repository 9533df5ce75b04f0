"""A sketch from wherever it is, cut to its ink or not."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pcmsn.errors import GalleryError, UnreadablePictureError
from pcmsn.gallery.sketches import fit_ink, prepare_sketch, read_sketch


def drawing(canvas: tuple[int, int], box: tuple[int, int, int, int], paper: str = "white") -> Image.Image:
    """A filled black rectangle, its right and bottom pixels included, on a canvas."""
    picture = Image.new("RGB", canvas, paper)
    ImageDraw.Draw(picture).rectangle(box, fill="black")
    return picture


def test_ink_in_a_corner_fills_a_square_with_a_margin_on_each_side() -> None:
    square = fit_ink(drawing((1000, 600), (10, 20, 109, 69)))
    assert square.size == (120, 120) and square.mode == "RGB"
    dark = np.argwhere(np.asarray(square.convert("L")) < 128)
    assert dark.min(axis=0).tolist() == [35, 10] and dark.max(axis=0).tolist() == [84, 109]


def test_where_a_drawing_lies_on_its_canvas_makes_no_difference() -> None:
    first = fit_ink(drawing((500, 500), (10, 10, 59, 99)))
    second = fit_ink(drawing((800, 700), (700, 600, 749, 689)))
    assert first.tobytes() == second.tobytes()


def test_uneven_paper_is_not_ink_and_faint_strokes_are() -> None:
    noise = np.random.default_rng(0).integers(225, 256, (200, 200, 3)).astype(np.uint8)
    noise[50:60, 100:120] = 120
    assert fit_ink(Image.fromarray(noise)).size == (24, 24)


def test_a_picture_without_ink_comes_back_as_it_is_and_is_refused_as_a_sketch() -> None:
    blank = Image.new("RGB", (50, 40), "white")
    assert fit_ink(blank) is blank
    for fit in ("ink", "whole"):
        with pytest.raises(GalleryError, match="the sketch is empty"):
            prepare_sketch(blank, fit)
    with pytest.raises(GalleryError, match="unknown fit 'box' of sketches; expected 'ink' or 'whole'"):
        prepare_sketch(blank, "box")


def test_whole_leaves_the_canvas_alone() -> None:
    picture = drawing((100, 60), (10, 20, 30, 40))
    assert prepare_sketch(picture, "whole") is picture
    assert prepare_sketch(picture, "ink").size == (25, 25)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1", "I;16", "F", "CMYK", "LA", "HSV", "PA", "RGBX", "RGBa"])
def test_a_picture_in_memory_of_any_kind_becomes_rgb(mode: str) -> None:
    picture = drawing((40, 30), (5, 5, 20, 20))
    if mode in ("I;16", "F"):
        grey = np.asarray(picture.convert("L"))
        converted = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey.astype(np.float32))
    else:
        converted = picture.convert(mode)
    read = read_sketch(converted)
    assert read.mode == "RGB" and read.size == (40, 30)
    assert np.abs(np.asarray(read).astype(int) - np.asarray(picture).astype(int)).max() <= 2


def test_file_content_and_path_give_the_same_and_transparency_becomes_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    ImageDraw.Draw(picture).line((2, 2, 15, 15), fill="black")
    content = BytesIO()
    picture.save(content, "PNG")
    (tmp_path / "s.png").write_bytes(content.getvalue())
    read = read_sketch(content.getvalue())
    assert read.getpixel((0, 19)) == (255, 255, 255) and read.getpixel((5, 5)) == (0, 0, 0)
    assert read.tobytes() == read_sketch(tmp_path / "s.png").tobytes() == read_sketch(str(tmp_path / "s.png")).tobytes()
    assert read.tobytes() == read_sketch(picture).tobytes()


def test_what_is_no_sketch_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match=r"the sketch .*no\.png cannot be read: No such file"):
        read_sketch(tmp_path / "no.png")
    with pytest.raises(UnreadablePictureError, match="sketch: not a picture"):
        read_sketch(b"no picture")
    with pytest.raises(UnreadablePictureError, match="sketch: the file is empty"):
        read_sketch(b"")
    with pytest.raises(UnreadablePictureError, match="a picture of mode La, cannot be converted to RGB"):
        read_sketch(Image.new("La", (8, 8)))
