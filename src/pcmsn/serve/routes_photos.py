"""The routes that show what is in a gallery."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import StreamingResponse

from pcmsn.serve.answers import (
    Failure,
    GalleryAnswer,
    Health,
    Label,
    Model,
    PhotosAnswer,
    Update,
    displayable,
    gallery_name,
    photo_answer,
    without_folders,
)
from pcmsn.serve.headers import file_headers, is_known
from pcmsn.serve.refusal import RefusalError
from pcmsn.serve.services import Services

LONGEST_LABEL = 500
LARGEST_OFFSET = 2**31 - 1
SECONDS_KEPT = 300
SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif")
PICTURE = {"schema": {"type": "string", "format": "binary"}}

PhotoId = Annotated[str, PathParameter(description="32 hexadecimal digits.", examples=["0" * 32])]
LabelChoice = Annotated[
    str | None,
    Query(max_length=LONGEST_LABEL, description="Only photos with this label, empty: without one. Left out: all."),
]


def photo_routes(services: Services) -> APIRouter:
    """Health, the gallery, its photos, thumbnails and files."""
    router = APIRouter(prefix="/api", tags=["photos"])

    @router.get("/health", operation_id="health")
    async def health() -> Health:
        """Say that the server works, and how many photos it has."""
        return Health(status="ok", photos=await services.look_up(len, services.store))

    @router.get("/gallery", operation_id="gallery")
    async def gallery() -> GalleryAnswer:
        """Describe the gallery: its labels, its model, and the modes of searching."""
        return await services.look_up(_describe, services)

    @router.get("/photos", operation_id="photos")
    async def photos(
        label: LabelChoice = None,
        offset: Annotated[int, Query(ge=0, le=LARGEST_OFFSET, description="Photos to leave out.")] = 0,
        limit: Annotated[int, Query(ge=1, le=200, description="Photos on the page.")] = 60,
    ) -> PhotosAnswer:
        """List photos, a page at a time."""
        records = await services.look_up(services.store.photos, label=label, offset=offset, limit=limit)
        total = await services.look_up(services.store.count, label)
        return PhotosAnswer(photos=[photo_answer(record) for record in records], total=total)

    @router.get(
        "/photos/{photo_id}",
        operation_id="photo",
        response_class=StreamingResponse,
        responses={
            200: {"content": dict.fromkeys(SHOWN, PICTURE)},
            304: {"description": "The client has it."},
            404: {"model": Failure},
            410: {"model": Failure},
        },
    )
    async def photo(request: Request, photo_id: PhotoId) -> Response:
        """Send a photo's file; other kinds than JPEG, PNG, WebP and GIF are converted to JPEG."""
        opened = await services.photo_file(await services.record(photo_id))
        headers = file_headers(opened.tag, SECONDS_KEPT)
        if is_known(opened.tag, request.headers.get("if-none-match")):
            opened.content.close()
            return Response(status_code=304, headers=headers)
        headers["content-length"] = str(opened.size)
        return StreamingResponse(opened.pieces(), media_type=opened.media_type, headers=headers)

    @router.get(
        "/photos/{photo_id}/thumbnail",
        operation_id="thumbnail",
        response_class=Response,
        responses={
            200: {"content": {"image/jpeg": PICTURE}},
            304: {"description": "The client has it."},
            404: {"model": Failure},
        },
    )
    async def thumbnail(request: Request, photo_id: PhotoId) -> Response:
        """Send a photo's thumbnail, a JPEG."""
        record = await services.record(photo_id)
        headers = file_headers(record.content_hash[:32], SECONDS_KEPT)
        if is_known(record.content_hash[:32], request.headers.get("if-none-match")):
            return Response(status_code=304, headers=headers)
        content = await services.look_up(services.store.thumbnail, photo_id)
        if content is None:  # deleted since the line above
            raise RefusalError(404, "there is no such photo in this gallery any more")
        return Response(content, media_type="image/jpeg", headers=headers)

    return router


def _describe(services: Services) -> GalleryAnswer:
    store = services.store
    identity = store.identity
    return GalleryAnswer(
        name=displayable(gallery_name(store.location)),
        photos=len(store),
        labels=[Label(label=displayable(label), photos=count) for label, count in store.labels().items()],
        model=Model(name=displayable(without_folders(identity.name)), dim=identity.dim, bits=identity.bits),
        modes=list(store.modes),
        update=_update(services),
    )


def _update(services: Services) -> Update | None:
    """The state of the update; why it failed is for the terminal, as it may name folders."""
    if services.update is None:
        return None
    state = services.update()
    detail = "" if state.stage == "failed" else state.detail
    return Update(stage=state.stage, done=state.done, total=state.total, detail=detail)
