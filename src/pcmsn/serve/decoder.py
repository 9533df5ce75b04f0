"""Pictures of strangers decoded in a process of their own, within a time and a memory that are enforced."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from PIL import Image

import pcmsn
from pcmsn.serve.decoder_process import ANSWER, DECODED, LENGTH, TOO_LARGE
from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.settings import Limits


class Decoder:
    """One process for one thread at a time, started at the latest when it is needed, and again after it was ended."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process without waiting for it."""
        self._running()

    def picture(self, content: bytes) -> Image.Image:
        """The picture, upright, as RGB; deep, transparent and animated ones as ``picture_from_bytes`` has them.

        Raises RefusalError: 413 for too many pixels, 422 for what cannot be decoded, or not within the limits.
        """
        process = self._running()
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._limits.decode_seconds, end)
        timer.daemon = True
        timer.start()
        try:
            status, width, height, rows = _exchange(process, content)
        except (OSError, EOFError):
            self.close()
            raise self._ended(late.is_set()) from None
        finally:
            timer.cancel()
        if late.is_set():  # at the last moment; the process is not there for the next picture
            self.close()
        if status == TOO_LARGE:
            raise RefusalError(
                413,
                f"the picture has {width * height:,} pixels ({width} x {height}), expected at most "
                f"{self._limits.pixels:,}; make it smaller",
            )
        if status != DECODED:
            raise RefusalError(
                422,
                "the picture cannot be decoded: it is damaged, cut off or of an unsupported kind, expected a whole "
                "PNG, JPEG or WebP picture; save it again",
            )
        return Image.frombytes("RGB", (width, height), rows)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what could not be written any more
                    pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            limits = self._limits
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pcmsn.serve.decoder_process", str(limits.pixels), str(limits.decode_memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(pcmsn.__file__).parents[1],  # -m looks for modules in the working directory first
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        return self._process

    def _ended(self, late: bool) -> RefusalError:
        if late:
            return RefusalError(
                422, f"decoding the picture took more than {self._limits.decode_seconds:g} s; make it smaller"
            )
        return RefusalError(
            422, "the picture cannot be decoded within the memory that there is for it; make it smaller"
        )


def _exchange(process: subprocess.Popen[bytes], content: bytes) -> tuple[bytes, int, int, bytes]:
    """(status, width, height, RGB rows); raises OSError or EOFError for a process that is gone."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(LENGTH.pack(len(content)))
    process.stdin.write(content)
    process.stdin.flush()
    status, width, height = ANSWER.unpack(_read(process.stdout, ANSWER.size))
    rows = _read(process.stdout, 3 * width * height) if status == DECODED else b""
    return status, width, height, rows


def _read(pipe: IO[bytes], count: int) -> bytes:
    content = pipe.read(count)
    if len(content) < count:
        raise EOFError
    return content
