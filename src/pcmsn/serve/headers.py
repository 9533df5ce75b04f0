"""The headers of every answer: what the page may load, who may show it, how long it is kept."""

from __future__ import annotations

from collections.abc import Sequence

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""The policy of pictures: nothing in one can act when it is opened on its own."""

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_UNLESS_SET = {"content-security-policy": PAGE_POLICY, "cache-control": "no-store"}

RawHeaders = list[tuple[bytes, bytes]]


def with_security_headers(headers: Sequence[tuple[bytes, bytes]]) -> RawHeaders:
    """The headers of an answer with those that every answer has; policy and caching stay where they are set."""
    present = {name.lower() for name, _ in headers}
    missing = [(name, value) for name, value in _UNLESS_SET.items() if name.encode() not in present]
    own = [(name, value) for name, value in headers if name.lower().decode("latin-1") not in _ALWAYS]
    return [*own, *((name.encode(), value.encode()) for name, value in (*_ALWAYS.items(), *missing))]


def file_headers(tag: str, seconds: int) -> dict[str, str]:
    """Headers of a picture that only the client itself keeps, and asks for again by its tag after some seconds."""
    return {
        "etag": f'"{tag}"',
        "cache-control": f"private, max-age={seconds}",
        "content-security-policy": FILE_POLICY,
    }


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether a client's If-None-Match names this tag."""
    names = [name.strip().removeprefix("W/") for name in (if_none_match or "").split(",")]
    return f'"{tag}"' in names or names == ["*"]
