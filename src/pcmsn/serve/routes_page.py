"""The routes of the page itself."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pcmsn.serve.headers import is_known
from pcmsn.serve.page_files import INDEX, PageFile
from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.services import Services


def page_routes(services: Services) -> APIRouter:
    """The page and what it loads."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index(request: Request) -> Response:
        """Send the page."""
        return _send(request, services.page.get(INDEX))

    @router.get("/static/{name:path}")
    async def static(request: Request, name: str) -> Response:
        """Send one of the files that were read at the start."""
        return _send(request, services.page.get(name))

    return router


def _send(request: Request, file: PageFile | None) -> Response:
    if file is None:
        raise RefusalError(404, "the page has no such file; it begins at /")
    # asked for every time: after an update the files fit each other
    headers = {"etag": f'"{file.tag}"', "cache-control": "no-cache"}
    if is_known(file.tag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
