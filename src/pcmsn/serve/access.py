"""Who may ask: the name by which the server is called, the page that the request comes from, and the token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.settings import ServeSettings, is_loopback

COOKIE_SECONDS = 30 * 24 * 3600
MOST_PARAMETERS = 20


class Access:
    """The checks of one server. Header names are in lower case; ``path`` is decoded, ``query`` as it was sent."""

    def __init__(self, settings: ServeSettings) -> None:
        self._token = settings.token
        self._local = is_loopback(settings.host)
        names = {"localhost", settings.host, *settings.allowed_hosts}
        if not self._local:
            own = socket.gethostname()
            names |= {own, f"{own}.local"}
        self._names = {name.lower().rstrip(".") for name in names}

    def check_host(self, headers: Mapping[str, str]) -> None:
        """Raise RefusalError for a name that is not this server's: another page may have made its own name lead here.

        Such an attack (DNS rebinding) needs a name, so bare addresses are let through; where the server is for this
        machine only, they must be the machine's own.
        """
        given = headers.get("host", "")
        name = host_name(given)
        if name is None:
            raise RefusalError(400, "the Host header is missing or not a host, expected this server's name and port")
        if name in self._names or self._is_address(name):
            return
        raise RefusalError(
            421,
            "this server does not answer to the name in the Host header, expected its address or own name; start it "
            "with --allow-host NAME to add one",
        )

    def check_origin(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Raise RefusalError for requests of another origin's page; opening our page by a link is allowed."""
        origin = headers.get("origin")
        if origin is not None:
            parts = _split(origin)
            if parts is None or parts != headers.get("host", "").lower():
                raise RefusalError(
                    403, "the request comes from a page of another origin, expected this server's own page"
                )
        site = headers.get("sec-fetch-site", "none")
        opened = method == "GET" and path == "/" and headers.get("sec-fetch-mode") == "navigate"
        if site not in ("same-origin", "none") and not opened:
            raise RefusalError(403, f"the request comes from a {site} page, expected this server's own page")

    def check_token(self, path: str, headers: Mapping[str, str]) -> None:
        """Raise RefusalError where a token is needed and not shown.

        The page's own files hold nothing secret and need none. They must not: a browser that follows a link from
        elsewhere to the page does not send a strict cookie with the first request.
        """
        if self._token is None or not path.startswith("/api/"):
            return
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(shown.strip()):
            return
        if any(_same(value, self.cookie_value) for value in _cookies(headers, self.cookie_name)):
            return
        raise RefusalError(
            401,
            "a token is needed; open the address that the server printed, or send the header Authorization: Bearer "
            "TOKEN",
            www_authenticate="Bearer",
        )

    def cookie_for(self, method: str, path: str, query: str) -> str | None:
        """The Set-Cookie header for whoever opens ``/?token=...``; None for every other request.

        Raises RefusalError for a wrong token.
        """
        if self._token is None or method != "GET" or path != "/":
            return None
        try:
            given = parse_qs(query, max_num_fields=MOST_PARAMETERS).get("token")
        except ValueError:
            raise RefusalError(
                400, f"the address has more than {MOST_PARAMETERS} parameters, expected a token"
            ) from None
        if not given:
            return None
        if not self._is_token(given[0]):
            raise RefusalError(401, "the token in the address is wrong; open the address that the server printed")
        return f"{self.cookie_name}={self.cookie_value}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict"

    @property
    def cookie_name(self) -> str:
        """Differs between servers on other ports of one machine, which browsers do not tell apart."""
        return "pcmsn_" + self._derived("name")[:8]

    @property
    def cookie_value(self) -> str:
        """Computed from the token, which cannot be computed from it."""
        return self._derived("value")

    def _derived(self, purpose: str) -> str:
        return hmac.new((self._token or "").encode(), f"pcmsn cookie {purpose}".encode(), hashlib.sha256).hexdigest()

    def _is_token(self, given: str) -> bool:
        return self._token is not None and _same(given, self._token)

    def _is_address(self, name: str) -> bool:
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._local


def host_name(header: str) -> str | None:
    """The name or address in a Host header, in lower case, without port and brackets; None for anything else."""
    try:
        parts = urlsplit(f"//{header.strip().lower()}")
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or parts.username is not None or parts.hostname is None:
        return None
    return parts.hostname.rstrip(".") or None


def _split(origin: str) -> str | None:
    """Host and port of an Origin header; the scheme may differ behind a proxy that speaks HTTPS for this server."""
    scheme, separator, rest = origin.strip().lower().partition("://")
    return rest if separator and scheme in ("http", "https") else None


def _cookies(headers: Mapping[str, str], name: str) -> list[str]:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return [value for key, _, value in pairs if key == name]


def _same(given: str, expected: str) -> bool:
    """Whether both are equal, found out in a time that does not depend on how much of them is."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
