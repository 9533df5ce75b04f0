"""A sketch on its way in: how it is announced, how much of it is read, what it is by content."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from pcmsn.serve.refusal import RefusalError, busy
from pcmsn.serve.settings import MIB, Limits

ACCEPTED_TYPES = ("image/png", "image/jpeg", "image/webp")
WANTED = "expected the bytes of a PNG, JPEG or WebP picture"


class Uploads:
    """Reads bodies within the limits of one and of all together."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes of all bodies that are being read now."""
        return self._held

    async def read(self, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> bytes:
        """The whole body of a request, of a type that is accepted by its header and by its first bytes.

        Raises RefusalError: 415 for another type, 413 above the limit, which is noticed at the first byte too many,
        408 for a body that takes too long, 503 while too many others are being read.
        """
        _check_announcement(headers)
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._limits.upload_bytes:
            raise self._too_large()
        try:
            body = await asyncio.wait_for(self._gather(pieces), self._limits.body_seconds)
        except asyncio.TimeoutError:
            raise RefusalError(
                408, f"the picture did not arrive within {self._limits.body_seconds:g} s; send a smaller one"
            ) from None
        check_content(body)
        return body

    async def _gather(self, pieces: AsyncIterator[bytes]) -> bytes:
        body = bytearray()
        try:
            async for piece in pieces:
                if len(body) + len(piece) > self._limits.upload_bytes:
                    raise self._too_large()
                if self._held + len(piece) > self._limits.bodies_bytes:
                    raise busy(503, "too many pictures are on their way", 2)
                self._held += len(piece)
                body += piece
            return bytes(body)
        finally:
            self._held -= len(body)

    def _too_large(self) -> RefusalError:
        limit = self._limits.upload_bytes
        text = f"{limit // MIB} MiB" if limit % MIB == 0 else f"{limit:,} bytes"
        return RefusalError(413, f"the picture has too many bytes, expected at most {text}; make it smaller")


def check_content(body: bytes) -> None:
    """Raise RefusalError for content that does not begin as one of the accepted pictures does."""
    if not body:
        raise RefusalError(400, f"the request has no content, {WANTED}")
    known = (
        body.startswith(b"\x89PNG\r\n\x1a\n")
        or body.startswith(b"\xff\xd8\xff")
        or (body.startswith(b"RIFF") and body[8:12] == b"WEBP")
    )
    if not known:
        raise RefusalError(415, f"the content is none of the accepted kinds of picture, {WANTED}")


def _check_announcement(headers: Mapping[str, str]) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ACCEPTED_TYPES:
        raise RefusalError(
            415,
            f"the header Content-Type is missing or of another kind, expected one of {', '.join(ACCEPTED_TYPES)}; "
            "send the picture itself, not a form and not its address",
        )
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise RefusalError(415, "the content is compressed, expected the picture itself without Content-Encoding")
