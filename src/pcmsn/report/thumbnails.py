"""Pictures inside the page: small, as data URIs."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from pcmsn.data.pictures import load_picture
from pcmsn.errors import UnreadablePictureError

SIDE = 112
"""Pixels a side."""
QUALITY = 72


def thumbnail(path: Path) -> str | None:
    """The whole picture on a white square as a JPEG in a data URI; None where it cannot be read."""
    try:
        picture = load_picture(path)
    except UnreadablePictureError:
        return None
    square = ImageOps.pad(picture, (SIDE, SIDE), Image.Resampling.LANCZOS, color="white")
    content = BytesIO()
    square.save(content, format="JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{b64encode(content.getvalue()).decode('ascii')}"
