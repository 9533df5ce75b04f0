"""Every kind of picture file comes out as upright 8-bit RGB; what cannot be read says which file and why."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from pcmsn.data.pictures import PICTURE_SUFFIXES, has_picture_suffix, load_picture
from pcmsn.errors import UnreadablePictureError

RED, WHITE, BLACK, GREY = (255, 0, 0), (255, 255, 255), (0, 0, 0), (128, 128, 128)


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def colours(path: Path) -> list[tuple[int, ...]]:
    """The picture's pixels, row by row, after checking its mode."""
    picture = load_picture(path)
    assert picture.mode == "RGB"
    return [tuple(int(value) for value in pixel) for pixel in np.asarray(picture).reshape(-1, 3)]


def test_one_bit_pictures_use_the_full_range(tmp_path: Path) -> None:
    image = Image.new("1", (2, 1), 0)
    image.putpixel((1, 0), 1)
    assert colours(saved(image, tmp_path / "a.png")) == [BLACK, WHITE]


def test_grey_pictures_get_three_equal_channels(tmp_path: Path) -> None:
    assert colours(saved(Image.new("L", (1, 1), 128), tmp_path / "a.png")) == [GREY]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_pictures_are_scaled_and_not_clipped(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 257 * 128, 65535, 300]], dtype=np.uint16)
    assert colours(saved(Image.fromarray(values), tmp_path / f"a.{suffix}")) == [BLACK, GREY, WHITE, (1, 1, 1)]


def test_big_endian_sixteen_bit_pictures_are_scaled(tmp_path: Path) -> None:
    image = Image.frombytes("I;16B", (2, 1), struct.pack(">2H", 257 * 128, 65535))
    assert colours(saved(image, tmp_path / "a.tif")) == [GREY, WHITE]


def test_dark_sixteen_bit_pictures_stay_dark(tmp_path: Path) -> None:
    values = np.full((1, 1), 255, dtype=np.uint16)
    assert colours(saved(Image.fromarray(values), tmp_path / "a.png")) == [(1, 1, 1)]


@pytest.mark.parametrize(("value", "grey"), [(65535, 255), (257 * 128, 128), (2**31 - 1, 255), (-5, 0)])
def test_pictures_in_the_32_bit_mode_are_scaled(tmp_path: Path, value: int, grey: int) -> None:
    image = Image.new("I", (1, 1), value)
    assert colours(saved(image, tmp_path / "a.tif")) == [(grey, grey, grey)]


@pytest.mark.parametrize(("white", "half"), [(1.0, 0.502), (255.0, 128.0), (65535.0, 257 * 128.0)])
def test_float_pictures_are_scaled_by_the_range_in_use(tmp_path: Path, white: float, half: float) -> None:
    values = np.array([[0.0, half, white, np.nan]], dtype=np.float32)
    if white > 1:
        values[0, 3] = 0.0
    assert colours(saved(Image.fromarray(values), tmp_path / "a.tif"))[:3] == [BLACK, GREY, WHITE]


def test_palettes_are_looked_up(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLACK])
    image.putpixel((1, 0), 1)
    assert colours(saved(image, tmp_path / "a.png")) == [RED, BLACK]


def test_a_transparent_palette_colour_becomes_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*BLACK, *RED])
    image.putpixel((1, 0), 1)
    assert colours(saved(image, tmp_path / "a.png", transparency=0)) == [WHITE, RED]


def test_transparent_pixels_are_laid_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (3, 1))
    for column, pixel in enumerate([(0, 0, 0, 0), (255, 0, 0, 255), (0, 0, 0, 127)]):
        image.putpixel((column, 0), pixel)
    assert colours(saved(image, tmp_path / "a.png")) == [WHITE, RED, GREY]


def test_grey_with_alpha_is_laid_on_white(tmp_path: Path) -> None:
    image = Image.new("LA", (2, 1))
    image.putpixel((0, 0), (0, 255))
    assert colours(saved(image, tmp_path / "a.png")) == [BLACK, WHITE]


def test_a_transparent_colour_of_a_grey_picture_becomes_white(tmp_path: Path) -> None:
    image = Image.new("L", (2, 1), 0)
    image.putpixel((1, 0), 128)
    assert colours(saved(image, tmp_path / "a.png", transparency=0)) == [WHITE, GREY]


def test_printers_colours_become_rgb(tmp_path: Path) -> None:
    [red] = colours(saved(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), tmp_path / "a.tif"))
    assert red == RED
    red = colours(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), tmp_path / "a.jpg", quality=100))[0]
    assert np.abs(np.subtract(red, RED)).max() <= 8


def test_lab_colours_become_rgb(tmp_path: Path) -> None:
    image = Image.frombytes("LAB", (2, 1), bytes([255, 0, 0, 0, 0, 0]))
    white, black = colours(saved(image, tmp_path / "a.tif"))
    assert min(white) >= 250 and max(black) <= 5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((2, 3), dtype=np.uint8)
    upright[0] = [10, 20, 30]
    upright[1] = [40, 50, 60]
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(Image.fromarray(np.ascontiguousarray(stored)), tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(np.asarray(load_picture(path))[..., 0], upright)


def test_a_damaged_camera_block_does_not_spoil_the_picture(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (2, 2), RED), tmp_path / "a.png", exif=b"Exif\x00\x00nonsense")
    assert colours(path) == [RED] * 4


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_an_animation_gives_its_first_frame(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, BLACK)]
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(frames[0], tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], **options)
    assert colours(path)[0] == RED


def test_listings_accept_the_usual_endings_in_any_case() -> None:
    assert {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"} < PICTURE_SUFFIXES
    assert has_picture_suffix("cup/n01.JPEG") and has_picture_suffix(Path("a.Png"))
    assert not has_picture_suffix("Thumbs.db") and not has_picture_suffix("jpg")


def bomb(path: Path) -> None:
    """A PNG of 69 bytes that announces 100,000 x 100,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")))


def truncated(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, format="JPEG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("break_file", "reason"),
    [
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_text("<html>not found</html>"), "not a picture in any format that Pillow reads"),
        (truncated, "damaged or not supported: image file is truncated"),
        (bomb, "damaged or not supported: Image size .* could be decompression bomb"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: None, "No such file"),
    ],
    ids=["empty", "web page", "truncated", "bomb", "folder", "missing"],
)
def test_an_unreadable_picture_says_which_and_why(
    tmp_path: Path, break_file: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "broken.jpg"
    break_file(path)
    with pytest.raises(UnreadablePictureError, match=f"broken.jpg: .*{reason}"):
        load_picture(path)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own remarks on damaged TIFF tags
@pytest.mark.parametrize("seed", range(20))
def test_damage_anywhere_in_a_file_never_raises_another_error(tmp_path: Path, seed: int) -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    generator = np.random.default_rng(seed)
    picture = Image.fromarray(generator.integers(0, 255, (16, 16, 3), dtype=np.uint8))
    path = saved(picture, tmp_path / f"a.{['png', 'jpg', 'webp', 'tif', 'bmp'][seed % 5]}")
    content = bytearray(path.read_bytes())
    for position in generator.integers(0, len(content), 12):
        content[position] ^= 0xFF
    path.write_bytes(content)
    try:
        assert load_picture(path).mode == "RGB"
    except UnreadablePictureError as error:
        assert str(error).startswith(str(path))


FORMATS = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WEBP": ".webp", "AVIF": ".avif"}


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_turned_upright_once_whatever_its_ending(tmp_path: Path, kind: str, turned: int) -> None:
    """Four coloured corners; a reader that Pillow has turned already must not turn again."""
    upright = Image.new("RGB", (96, 64), "white")
    for place, colour in zip(((0, 0), (48, 0), (0, 32), (48, 32)), ("red", "lime", "blue", "black"), strict=True):
        upright.paste(colour, (*place, place[0] + 48, place[1] + 32))
    undo = {  # what a camera stores of an upright scene
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[turned]
    for ending in (FORMATS[kind], ".jpg"):
        exif = Image.Exif()  # a new one each time, as saving an AVIF takes the orientation out of it
        exif[0x0112] = turned
        target = tmp_path / f"turned{ending}"
        (upright if undo is None else upright.transpose(undo)).save(target, kind, exif=exif)
        found = load_picture(target)
        assert found.size == (96, 64)
        assert [found.getpixel((x, y)) for x, y in ((20, 15), (75, 15), (20, 48), (75, 48))] == [
            pytest.approx(colour, abs=40) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0))
        ]


def test_a_heic_photo_is_read_by_its_content(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC needs pillow-heif")
    picture = Image.new("RGB", (96, 64), "red")
    pillow_heif.from_pillow(picture).save(tmp_path / "a.heic")
    (tmp_path / "named.jpg").write_bytes((tmp_path / "a.heic").read_bytes())
    for name in ("a.heic", "named.jpg"):
        found = load_picture(tmp_path / name)
        assert found.size == (96, 64) and found.getpixel((40, 30)) == pytest.approx((255, 0, 0), abs=8)
    assert has_picture_suffix("IMG_0001.HEIC")


def test_a_damaged_heic_photo_is_called_a_damaged_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(range(256)))
    with pytest.raises(UnreadablePictureError, match="the picture is damaged: it begins as HEIC or AVIF does"):
        load_picture(tmp_path / "a.jpg")
