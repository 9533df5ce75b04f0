"""How a gallery is served: where, to whom, and within which limits."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from dataclasses import dataclass, field

from pcmsn.errors import ServerError

LEAST_TOKEN = 16
"""Characters of a token, at least; a shorter one could be guessed."""
MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request, one client and all clients together may ask for.

    Raises ServerError for a limit of 0 or below; ``queue`` alone may be 0.
    """

    upload_bytes: int = 8 * MIB
    """Bytes of a sketch as it is sent, at most."""
    pixels: int = 25_000_000
    """Width times height of a sketch, at most; read from its header, before any pixel is decoded."""
    decode_seconds: float = 10.0
    """Time for decoding one picture; after that the decoding process is ended."""
    decode_memory: int = 2048 * MIB
    """Address space in bytes of the process that decodes pictures (not limited on Windows)."""
    body_seconds: float = 20.0
    """Time for sending a sketch."""
    header_seconds: float = 10.0
    """Time for sending the head of a request, and the longest pause of a client that receives an answer."""
    bodies_bytes: int = 64 * MIB
    """Bytes of all sketches that are on their way at one time."""
    connections: int = 200
    """Connections open at one time; further ones are answered 503, and beyond twice as many they are cut."""
    workers: int = 2
    """Searches at one time; there is a decoding process for each."""
    queue: int = 16
    """Searches that may wait for a worker; the next one is sent away."""
    searches_per_second: float = 5.0
    """Searches of one client, on average."""
    searches_at_once: int = 20
    """Searches of one client in a row, after a pause."""
    requests_per_second: float = 100.0
    """Requests of one client, on average, searches included."""
    requests_at_once: int = 500
    """Requests of one client in a row, after a pause; a page of results asks for many thumbnails."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            may_be_zero = name == "queue"
            if value < 0 or (value == 0 and not may_be_zero):
                raise ServerError(f"limits.{name} must be {'>= 0' if may_be_zero else '> 0'}, got {value}")


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Where the page is served and who may use it.

    Raises ServerError for an address beyond this machine without a token, unless ``no_auth`` says that this is wanted.
    """

    host: str = "127.0.0.1"
    """Address or name to listen on."""
    port: int = 8008
    """0 takes a free one."""
    token: str | None = None
    """What clients must show; None for no token."""
    no_auth: bool = False
    """Everybody who reaches an address beyond this machine may search and see all photos."""
    allowed_hosts: tuple[str, ...] = ()
    """More names under which the page is reached, for example behind a proxy."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ServerError(f"--port must be from 0 to 65535, got {self.port}")
        if self.token is not None:
            _check_token(self.token)
            if self.no_auth:
                raise ServerError("--token and --no-auth exclude each other, got both; leave one of them out")
        elif not self.no_auth and not is_loopback(self.host):
            raise ServerError(
                f"{self.host} can be reached from other machines, and there is no token: everybody could search and "
                "see all photos. Give --token auto for a new token, --token TEXT for your own, or --no-auth if that is "
                "wanted"
            )


def make_token() -> str:
    """A new token of 256 random bits that needs no quoting in an address."""
    return secrets.token_urlsafe(32)


def is_loopback(host: str) -> bool:
    """Whether only this machine itself reaches a host: a loopback address, or ``localhost`` where it is one.

    No other name counts, whatever it leads to now.
    """
    if host != "localhost":
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(address).is_loopback for address in found)


def _check_token(token: str) -> None:
    if (
        len(token) < LEAST_TOKEN
        or not token.isascii()
        or not all(letter.isalnum() or letter in "-_.~" for letter in token)
    ):
        raise ServerError(
            f"--token must be at least {LEAST_TOKEN} of the characters A-Z a-z 0-9 - _ . ~, got {len(token)} "
            "characters, or others among them; give --token auto for a random one"
        )
