"""The process that reads pictures of strangers: it may be ended at any moment, and has little memory.

``python -m pcmsn.serve.decoder_process PIXELS BYTES`` answers requests on stdin (4 bytes of length, then a picture) on
stdout: one of the letters below, width and height in 4 bytes each, and for ``DECODED`` the RGB pixels. It ends with
its stdin.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

DECODED, TOO_LARGE, DAMAGED = b"P", b"L", b"D"
LENGTH, ANSWER = struct.Struct(">I"), struct.Struct(">cII")
FORMATS = ("PNG", "JPEG", "MPO", "WEBP")


def main() -> None:
    """Answer until nobody asks any more."""
    pixels, memory = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which closes stdin
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a codec prints must not get between the answers
    _admit_only(FORMATS)
    _limit_memory(memory)
    requests = sys.stdin.buffer
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        _answer(requests.read(LENGTH.unpack(head)[0]), pixels, answers)
        answers.flush()


def _answer(content: bytes, pixels: int, answers: BinaryIO) -> None:
    from PIL import Image

    from pcmsn.data.pictures import picture_from_bytes
    from pcmsn.errors import UnreadablePictureError

    try:
        with Image.open(BytesIO(content)) as image:
            width, height = image.size
    except Exception:  # damaged files make Pillow's readers raise almost anything
        answers.write(ANSWER.pack(DAMAGED, 0, 0))
        return
    if width * height > pixels:
        answers.write(ANSWER.pack(TOO_LARGE, width, height))
        return
    try:
        picture = picture_from_bytes(content, Path("picture"))
        rows = picture.tobytes()
    except (UnreadablePictureError, MemoryError):
        answers.write(ANSWER.pack(DAMAGED, width, height))
        return
    answers.write(ANSWER.pack(DECODED, *picture.size))
    answers.write(rows)


def _admit_only(formats: tuple[str, ...]) -> None:
    """Pillow's other readers, one of which starts a program, are not there in this process."""
    from PIL import Image

    Image.init()
    Image.ID[:] = [name for name in Image.ID if name in formats]
    Image.MAX_IMAGE_PIXELS = None  # we look at the size ourselves


def _limit_memory(memory: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    import numpy as np  # noqa: F401  before the limit: its libraries reserve address space when they are loaded

    import pcmsn.data.pictures  # noqa: F401

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    main()
