"""Pictures that want to do harm, and odd ones that must work."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from shape_gallery import ROOMY, bar, client_of, encoded, open_gallery, png, post

import pcmsn
from pcmsn.serve.decoder import Decoder
from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.settings import Limits, ServeSettings


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with open_gallery(tmp_path_factory.mktemp("hostile")) as gallery, client_of(gallery) as client:
        yield client


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of_zeros(width: int, height: int, *, rows: int | None = None, extra: bytes = b"") -> bytes:
    """A PNG that announces a size; its pixels are black, one bit each, in next to no bytes."""
    row = b"\0" * (1 + (width + 7) // 8)
    pixels = zlib.compress(row * (height if rows is None else rows), 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def first(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["hits"][0]["name"])


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert (
        set(answer.json()) == {"error"}
        and "Traceback" not in answer.text
        and str(Path(pcmsn.__file__).parent) not in answer.text
    )
    return str(answer.json()["error"])


def test_a_decompression_bomb_is_refused_by_its_header(client: Any) -> None:
    assert "3,600,000,000 pixels (60000 x 60000), expected at most 25,000,000" in refused(
        post(client, png_of_zeros(60_000, 60_000, rows=1)), 413
    )
    largest = 2**31 - 1
    refused(post(client, png_of_zeros(largest, largest, rows=0)), 413)


def test_a_compressed_text_that_grows_does_not_hold_the_server(client: Any) -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 200_000_000, 9))
    refused(post(client, png_of_zeros(8, 8, extra=text)), 422)
    assert first(post(client, png(bar(0)))) == "lying-0.png"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_is_cut_off_is_damaged(client: Any, kind: str) -> None:
    whole = encoded(Image.effect_noise((200, 200), 80).convert("RGB"), kind)
    text = refused(post(client, whole[: len(whole) // 2], kind=f"image/{kind.lower()}"), 422)
    assert text.startswith("the picture cannot be decoded: it is damaged")


def test_content_decides_not_what_is_said_about_it(client: Any) -> None:
    assert first(post(client, encoded(bar(0), "JPEG"), kind="image/png")) == "lying-0.png"
    for kind in ("GIF", "BMP", "TIFF", "ICO", "PPM", "PDF"):
        assert "none of the accepted kinds" in refused(post(client, encoded(bar(0), kind)), 415)


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
        b"<?xml version='1.0'?><!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><s>&x;</s>",
        b"http://example.org/picture.png",
        b"%!PS-Adobe-3.0 EPSF-3.0\n(ls) run\n",
        b"\x89PNG",
        b"RIFF\0\0\0\0WAVE",
    ],
)
def test_what_is_no_accepted_picture_is_refused_unread(client: Any, content: bytes) -> None:
    refused(post(client, content), 415)


def test_nothing_and_rubbish_after_a_right_beginning_are_refused(client: Any) -> None:
    assert "no content, expected the bytes of a PNG" in refused(post(client, b""), 400)
    for head in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x40\0\0\0WEBP"):
        refused(post(client, head + bytes(range(64))), 422)


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "multipart/form-data; boundary=x", "image/gif", ""])
def test_other_announced_types_are_refused(client: Any, kind: str) -> None:
    text = refused(post(client, png(bar(0)), kind=kind), 415)
    assert "expected one of image/png, image/jpeg, image/webp" in text


def test_a_picture_that_is_also_something_else_is_only_a_picture(client: Any) -> None:
    polyglot = png(bar(0)) + b"<script>alert(1)</script>" + b"PK\x03\x04" + b"%PDF-1.7"
    answer = post(client, polyglot)
    assert first(answer) == "lying-0.png" and "script" not in answer.text


def test_of_an_animation_the_first_frame_counts(client: Any) -> None:
    frames = [bar(0, standing=True), bar(1)]
    for kind in ("WEBP", "PNG"):
        moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert first(post(client, moving)) == "standing-0.png"


def test_colours_for_print_palettes_transparency_and_depth_are_handled(client: Any) -> None:
    assert first(post(client, encoded(bar(1).convert("CMYK"), "JPEG"))) == "lying-1.png"
    assert first(post(client, png(bar(1).convert("P")))) == "lying-1.png"
    assert first(post(client, png(bar(1).convert("1")))) == "lying-1.png"
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    ImageDraw.Draw(clear).rectangle((4, 19, 60, 27), fill=(20, 20, 41, 255))
    assert first(post(client, png(clear))) == "lying-1.png"
    deep = Image.fromarray(np.asarray(bar(1).convert("L")).astype(np.uint16) * 257)
    assert first(post(client, png(deep))) == "lying-1.png"


def test_a_rotated_photo_of_a_sketch_is_turned_upright(client: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    stored = bar(1, standing=True).transpose(Image.Transpose.ROTATE_90)
    assert first(post(client, encoded(stored, "JPEG", exif=exif, quality=95))) == "standing-1.png"


@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1), (1, 1)])
@pytest.mark.parametrize("fit", ["whole", "ink"])
def test_strips_and_single_pixels_do_not_fail(client: Any, size: tuple[int, int], fit: str) -> None:
    picture = Image.new("RGB", size, "white")
    if size != (1, 1):
        picture.paste((0, 0, 0), (0, 0, max(1, size[0] // 2), max(1, size[1] // 2)))
    assert post(client, png(picture), fit=fit).status_code == (422 if size == (1, 1) else 200)


def test_too_many_bytes_are_refused_with_and_without_an_announced_length(tmp_path: Path) -> None:
    limits = Limits(upload_bytes=2000)
    with open_gallery(tmp_path) as gallery, client_of(gallery, ServeSettings(limits=limits)) as client:
        body = png(bar(0)) + bytes(3000)
        assert refused(post(client, body), 413) == (
            "the picture has too many bytes, expected at most 2,000 bytes; make it smaller"
        )
        sent = []

        def pieces() -> Iterator[bytes]:
            for start in range(0, 200_000, 500):
                sent.append(start)
                yield (body + bytes(200_000))[start : start + 500]

        answer = client.post("/api/search", content=pieces(), headers={"content-type": "image/png"})
        assert "too many bytes" in refused(answer, 413)


def test_a_decoder_that_takes_too_long_is_ended_and_the_next_picture_works() -> None:
    decoder = Decoder(Limits(decode_seconds=0.05, pixels=10**9))
    with pytest.raises(RefusalError, match=r"took more than 0\.05 s; make it smaller") as late:
        decoder.picture(encoded(Image.new("RGB", (6000, 4000)), "JPEG", progressive=True))
    assert late.value.status == 422
    decoder._limits = ROOMY
    assert decoder.picture(png(bar(0))).size == (64, 64)
    decoder.close()


def test_a_picture_beyond_the_memory_of_the_decoder_is_refused() -> None:
    decoder = Decoder(Limits(decode_memory=700 * 2**20, pixels=10**9))
    with pytest.raises(RefusalError, match="cannot be decoded"):
        decoder.picture(png_of_zeros(30_000, 30_000))
    assert decoder.picture(png(bar(0))).size == (64, 64)
    decoder.close()


def test_a_decoder_that_dies_is_started_again() -> None:
    decoder = Decoder(ROOMY)
    decoder.picture(png(bar(0)))
    process = decoder._process
    assert process is not None
    process.kill()
    process.wait()
    assert decoder.picture(png(bar(1))).size == (64, 64)
    decoder.close()
    assert decoder._process is None


def test_the_decoded_picture_is_that_of_the_package() -> None:
    from pcmsn.data.pictures import picture_from_bytes

    content = encoded(Image.effect_noise((37, 21), 90).convert("CMYK"), "JPEG")
    decoder = Decoder(ROOMY)
    assert decoder.picture(content).tobytes() == picture_from_bytes(content, Path("x")).tobytes()
    decoder.close()
    assert Image.open(BytesIO(content)).mode == "CMYK"
