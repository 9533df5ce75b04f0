"""Answers from outside of the application: to what it never sees, or fails at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pcmsn.serve.headers import RawHeaders, with_security_headers
from pcmsn.serve.refusal import RefusalError, error_body

if TYPE_CHECKING:
    from starlette.types import Send


async def answer(send: Send, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    """Send JSON, or nothing, and close the connection."""
    await send({"type": "http.response.start", "status": status, "headers": plain_headers(body, headers)})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, refusal: RefusalError) -> None:
    """Send a refusal, and close the connection."""
    await answer(send, refusal.status, error_body(refusal.text), refusal.headers)


def plain_headers(body: bytes, headers: dict[str, str] | None = None) -> RawHeaders:
    """The headers of such an answer."""
    fields = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        # what the client still sends is not read
        "connection": "close",
        **{name.lower(): value for name, value in (headers or {}).items()},
    }
    return with_security_headers([(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()])
