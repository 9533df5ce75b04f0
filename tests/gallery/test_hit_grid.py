"""The picture of a search shows the sketch and every hit in its place."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from made_photos import made_photo
from PIL import Image

from pcmsn.errors import GalleryError
from pcmsn.gallery.hit_grid import caption, hit_grid
from pcmsn.gallery.records import Hit


def coloured(colour: str) -> bytes:
    content = BytesIO()
    Image.new("RGB", (64, 64), colour).save(content, "JPEG", quality=95)
    return content.getvalue()


def hits(count: int) -> list[tuple[Hit, bytes | None]]:
    photos = [made_photo(nth, [0, 0, 0, 0], "a $label_ with\nmore than fits").record for nth in range(count)]
    return [(Hit(photo=photo, distance=nth / 3), coloured("red")) for nth, photo in enumerate(photos)]


def centres(path: Path, colour: tuple[int, int, int]) -> int:
    """How many separate areas have about this colour, counted along a coarse grid of rows and columns."""
    from scipy.ndimage import label

    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    _, count = label((np.abs(pixels - np.array(colour)).max(axis=2) < 40).astype(int), np.ones((3, 3)))
    return int(count)


def test_the_sketch_and_each_hit_are_there_once_over_several_rows(tmp_path: Path) -> None:
    hit_grid(Image.new("RGB", (300, 300), "blue"), hits(23), tmp_path / "grid.png")
    assert centres(tmp_path / "grid.png", (254, 0, 0)) == 23
    assert centres(tmp_path / "grid.png", (0, 0, 255)) == 1


def test_a_thumbnail_that_is_missing_or_damaged_is_left_blank(tmp_path: Path) -> None:
    (first, _), (second, _), good = hits(3)
    hit_grid(Image.new("RGB", (30, 30), "blue"), [(first, None), (second, b"damaged"), good], tmp_path / "grid.png")
    assert centres(tmp_path / "grid.png", (254, 0, 0)) == 1


def test_nothing_to_draw_and_nowhere_to_write_are_errors(tmp_path: Path) -> None:
    sketch = Image.new("RGB", (30, 30), "blue")
    with pytest.raises(GalleryError, match=r"grid\.png cannot be drawn: no photo was found"):
        hit_grid(sketch, [], tmp_path / "grid.png")
    (tmp_path / "file").write_text("x")
    with pytest.raises(GalleryError, match="the picture cannot be written to"):
        hit_grid(sketch, hits(1), tmp_path / "file" / "grid.png")


@pytest.mark.parametrize(
    ("label", "path", "expected"),
    [
        ("alarm_clock", "/p/1.jpg", "alarm clock"),
        ("a_label_that_is_too_long", "/p/1.jpg", "a label that is t…"),
        ("", "/p/my_photo_1.jpg", "my_photo_1.jpg"),
        ("", "/p/fan_n03271574_16047.jpg", "fan_n032…16047.jpg"),
        ("", "/p/new\nline.jpg", "new?line.jpg"),
    ],
)
def test_labels_are_read_as_words_and_file_names_keep_their_two_ends(label: str, path: str, expected: str) -> None:
    assert caption(made_photo(0, [0, 0, 0, 0], label, path).record) == expected


@pytest.mark.parametrize(("name", "expected"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG"), ("a", "PNG")])
def test_a_picture_has_the_format_of_its_ending(tmp_path: Path, name: str, expected: str) -> None:
    hit_grid(Image.new("RGB", (30, 30), "blue"), hits(2), tmp_path / name)
    with Image.open(tmp_path / name) as picture:
        assert picture.format == expected
