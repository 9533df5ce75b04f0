"""What every request passes before a route sees it, and every answer on its way out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pcmsn.serve.access import Access
from pcmsn.serve.headers import with_security_headers
from pcmsn.serve.plain_answer import answer, refuse
from pcmsn.serve.rate_limit import RateLimit, client_key
from pcmsn.serve.refusal import RefusalError, busy, error_body
from pcmsn.serve.settings import ServeSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("pcmsn.serve")
SEARCH = "/api/search"
LARGEST_HEAD = 16 * 1024
FAILED = "the server failed at this request; its log says why"


class Gate:
    """Rate limit, headers, host, origin and token in front of an ASGI application; security headers behind it."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        limits = settings.limits
        self._app = app
        self._access = Access(settings)
        self._requests = RateLimit(limits.requests_per_second, limits.requests_at_once)
        self._searches = RateLimit(limits.searches_per_second, limits.searches_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing that is raised inside reaches the client as it is."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": with_security_headers(message.get("headers", []))}
            await send(message)

        try:
            cookie = self._check(scope)
            if cookie is not None:
                await answer(send_safely, 303, b"", {"location": "/", "set-cookie": cookie})
            else:
                await self._app(scope, receive, send_safely)
        except RefusalError as refusal:
            await refuse(send_safely, refusal)
        except Exception:
            LOG.exception("%s failed", scope["path"])
            if started:
                raise
            await answer(send_safely, 500, error_body(FAILED))

    def _check(self, scope: Scope) -> str | None:
        """The cookie for a client that shows the token in the address; raises RefusalError."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        client = client_key(scope["client"][0] if scope["client"] else "")
        for limit in (self._requests, self._searches) if scope["path"] == SEARCH else (self._requests,):
            if seconds := limit.wait(client):
                raise busy(429, "too many requests from this address", seconds)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
            raise RefusalError(431, f"the headers have too many bytes, expected at most {LARGEST_HEAD:,} together")
        method, path = scope["method"], scope["path"]
        self._access.check_host(headers)
        self._access.check_origin(method, path, headers)
        cookie = self._access.cookie_for(method, path, scope["query_string"].decode("latin-1"))
        self._access.check_token(path, headers)
        return cookie
