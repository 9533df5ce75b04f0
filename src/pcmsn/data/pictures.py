"""From picture files to RGB, for every kind of file that the field's data sets hold."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path, PurePath

import numpy as np
from PIL import Image, ImageChops, UnidentifiedImageError

from pcmsn.errors import UnreadablePictureError

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".mpo", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
    | {".heic", ".heif", ".hif", ".avif"}
)
"""The file endings, in lower case, that listings accept. What a file is, its content decides."""

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_VANISHING = 239
"""Grey values above which white paper hides what is drawn."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {  # EXIF orientation -> what turns the stored picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def has_picture_suffix(name: str | PurePath) -> bool:
    """Whether a file's ending, in any case, is one of ``PICTURE_SUFFIXES``."""
    return PurePath(name).suffix.lower() in PICTURE_SUFFIXES


def load_picture(path: Path) -> Image.Image:
    """The picture in a file, upright, as 8-bit RGB; of an animation the first frame.

    Deep, palette and transparent pictures are handled as in ``picture_from_bytes``.
    Raises UnreadablePictureError, which starts with the path, for anything that cannot be decoded.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadablePictureError(f"{path}: {error.strerror or error}") from error
    return picture_from_bytes(content, path)


def picture_from_bytes(content: bytes, path: Path) -> Image.Image:
    """The picture in a file's content, upright, as 8-bit RGB; ``path`` is for the error's text only.

    16-bit and float pictures are scaled to 8 bits. Transparent pictures, those with a transparent palette colour too,
    are laid on white, like a sketch on paper. The EXIF orientation is applied.
    Raises UnreadablePictureError for content that cannot be decoded.
    """
    if not content:
        raise UnreadablePictureError(f"{path}: the file is empty")
    try:
        with _opened(content) as image:
            image.load()  # here Pillow turns some formats itself (TIFF, HEIC), and says so in the EXIF orientation
            orientation = _orientation(image)
            picture = as_rgb(image)
    except UnidentifiedImageError as error:
        if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
            raise UnreadablePictureError(
                f"{path}: the picture is damaged: it begins as HEIC or AVIF does, and cannot be decoded"
            ) from error
        raise UnreadablePictureError(f"{path}: not a picture in any format that Pillow reads") from error
    except Exception as error:  # damaged files make Pillow's decoders raise almost anything
        reason = str(error) or type(error).__name__
        raise UnreadablePictureError(f"{path}: the picture is damaged or not supported: {reason}") from error
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


def _opened(content: bytes) -> Image.Image:
    """The picture, not yet decoded; HEIC and AVIF are known by their first box, whatever the file's ending."""
    if content[4:8] == b"ftyp":
        know_heic()
    return Image.open(BytesIO(content))


@cache
def know_heic() -> None:
    """Teach Pillow HEIC, where its package is installed; it is loaded for the first such file alone."""
    try:
        import pillow_heif
    except ImportError:
        return
    pillow_heif.register_heif_opener()


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none; a damaged EXIF block does not spoil the picture."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:
        return 1


def as_rgb(image: Image.Image) -> Image.Image:
    """A picture of any mode as 8-bit RGB, scaled and laid on white as ``picture_from_bytes`` does; not turned upright.

    Raises whatever Pillow raises for a damaged file, or for a mode that it does not convert.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_to_grey(image).convert("RGB")
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    if image.has_transparency_data:
        return _on_paper(image)
    return image.convert("RGB")


def _deep_to_grey(image: Image.Image) -> Image.Image:
    """An 8-bit grey picture of a one-channel one with more bits; black stays black, the format's white is white."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max())
    if image.mode == "F":  # files do not say what white is: 1.0, 255 or 65535 by the range that is in use
        white = 1.0 if highest <= 1.0 else 255.0 if highest <= 255.0 else 65535.0
    else:  # Pillow keeps 16-bit files in the 32-bit mode "I", too
        white = 65535.0 if highest <= 65535.0 else 2.0**31 - 1
    grey = np.rint(np.clip(values * (255.0 / white), 0.0, 255.0))
    return Image.fromarray(grey.astype(np.uint8))


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    to_rgb = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    picture = ImageCms.applyTransform(image, to_rgb)
    if picture is None:
        raise ValueError("LAB colours cannot be converted")
    return picture


def _on_paper(image: Image.Image) -> Image.Image:
    """Laid on white, or on black where all that is opaque would vanish on white: strokes in the alpha channel alone."""
    layer = image.convert("RGBA")
    light = layer.convert("L").point([255 * (value > _VANISHING) for value in range(256)])
    hidden = layer.getchannel("A").point([255 * (value < 128) for value in range(256)])
    vanishes = ImageChops.lighter(light, hidden).getextrema() == (255, 255) and hidden.getextrema() == (0, 255)
    paper = Image.new("RGBA", layer.size, "black" if vanishes else "white")
    return Image.alpha_composite(paper, layer).convert("RGB")
