"""The route that finds photos for a sketch."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request

from pcmsn.gallery.sketches import Fit
from pcmsn.gallery.store import SearchMode, SearchSettings
from pcmsn.serve.answers import Failure, Milliseconds, SearchAnswer, hit_answer
from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.routes_photos import LabelChoice
from pcmsn.serve.services import Services
from pcmsn.serve.uploads import ACCEPTED_TYPES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

MOST_HITS = 200
REFUSALS = (400, 408, 413, 415, 503)
BODY = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ACCEPTED_TYPES},
}


def search_routes(services: Services) -> APIRouter:
    """The search."""
    router = APIRouter(prefix="/api", tags=["search"])

    @router.post(
        "/search",
        operation_id="search",
        openapi_extra={"requestBody": BODY},
        responses={status: {"model": Failure} for status in REFUSALS},
    )
    async def search(
        request: Request,
        k: Annotated[int, Query(ge=1, le=MOST_HITS, description="At most so many hits.")] = 20,
        label: LabelChoice = None,
        mode: Annotated[
            SearchMode,
            Query(description="exact: all vectors. shortlist: nearest codes first. approximate: the store's index."),
        ] = "exact",
        fit: Annotated[
            Fit, Query(description="whole: the picture as it is. ink: cut to what is drawn, with a margin.")
        ] = "whole",
    ) -> SearchAnswer:
        """Find the photos nearest to a sketch; the body is the picture itself, dark strokes on white."""
        if mode not in services.store.modes:
            raise RefusalError(
                422, f"mode: this gallery has no {mode} search, expected one of {', '.join(services.store.modes)}"
            )
        content = await services.uploads.read(request.headers, request.stream())
        async with _while_connected(request) as connected:
            found = await services.desk.search(
                content, fit, SearchSettings(k=k, label=label, mode=mode), wanted=connected
            )
        return SearchAnswer(
            hits=[hit_answer(hit) for hit in found.hits],
            photos=await services.look_up(services.store.count, label),
            recall=services.store.approximate_recall if mode == "approximate" else None,
            milliseconds=Milliseconds(decode=found.decode, embed=found.embed, search=found.search),
        )

    return router


@asynccontextmanager
async def _while_connected(request: Request) -> AsyncIterator[Callable[[], bool]]:
    """Tells, from any thread, whether the client still waits."""
    left = threading.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left.set()

    watching = asyncio.create_task(watch())
    try:
        yield lambda: not left.is_set()
    finally:
        watching.cancel()
