"""The application of FastAPI: routes, errors and lifetime. Needs the extra ``search``; ``app`` asks for it first."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pcmsn.errors import GalleryError
from pcmsn.serve.answers import Failure
from pcmsn.serve.gate import Gate
from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.routes_page import page_routes
from pcmsn.serve.routes_photos import photo_routes
from pcmsn.serve.routes_search import search_routes
from pcmsn.serve.services import Services
from pcmsn.serve.settings import ServeSettings
from pcmsn.version import __version__

LOG = logging.getLogger("pcmsn.serve")
NOTHING_HERE = "there is nothing at this address; the page is at /, the API at /api/openapi.json"


def build(services: Services, settings: ServeSettings) -> FastAPI:
    """The application around a gallery; its services start and end with it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.start()
        try:
            yield
        finally:
            services.close()

    app = FastAPI(
        title="pcmsn",
        version=__version__,
        description="Find photos by a sketch.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        responses={status: {"model": Failure} for status in (400, 401, 403, 421, 422, 429, 431, 500, 503)},
    )
    app.state.services = services
    for routes in (search_routes, photo_routes, page_routes):
        app.include_router(routes(services))
    app.add_exception_handler(RefusalError, _refuse)
    app.add_exception_handler(ClientDisconnect, _disconnected)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(GalleryError, _gallery_error)
    app.add_middleware(Gate, settings=settings)
    return app


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RefusalError):
        raise error
    # a body that was refused is not read to its end
    return _failure(error.status, error.text, {"connection": "close", **error.headers})


async def _disconnected(_: Request, __: Exception) -> JSONResponse:
    return _failure(400, "the request was given up before it was whole", {"connection": "close"})  # nobody reads it


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    text = NOTHING_HERE if error.status_code == 404 else str(error.detail)
    return _failure(error.status_code, text, dict(error.headers or {}))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    return _failure(422, "; ".join(_sentence(entry) for entry in error.errors()))


async def _gallery_error(request: Request, error: Exception) -> JSONResponse:
    LOG.error("%s: %s", request.url.path, error)  # it may name files of this machine
    return _failure(503, "the gallery cannot be read now; the server's log says why", {"retry-after": "5"})


def _sentence(entry: dict[str, Any]) -> str:
    place: Sequence[Any] = entry.get("loc", ())
    got = entry.get("input")
    shown = f", got {str(got)[:60]!r}" if isinstance(got, str | int | float) else ""
    return f"{'.'.join(str(part) for part in place[1:]) or 'request'}: {entry.get('msg', 'not valid')}{shown}"


def _failure(status: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": text}, status, headers)
