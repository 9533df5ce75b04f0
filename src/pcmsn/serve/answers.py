"""What the API answers, as JSON; FastAPI checks answers against these and describes them in OpenAPI."""

from __future__ import annotations

import re
from pathlib import PurePath

from pydantic import BaseModel, Field

from pcmsn.gallery.records import Hit, PhotoRecord

ID_PATTERN = "^[0-9a-f]{32}$"
FOLDERS = re.compile(r"(?<![\w.~-])(?:~|[A-Za-z]:)?[\\/](?:[^\s,;:]*[\\/])?")
"""The folders of a path within a text."""


class Failure(BaseModel):
    """Every answer with a status from 400 on."""

    error: str = Field(description="What is wrong, what was expected, what to do.")


class Health(BaseModel):
    """Says that the server works."""

    status: str
    photos: int = Field(ge=0)


class Label(BaseModel):
    """A label and how many photos have it; the empty one stands for none."""

    label: str
    photos: int = Field(ge=0)


class Model(BaseModel):
    """The model that made the gallery."""

    name: str
    dim: int
    bits: int


class Update(BaseModel):
    """How far the gallery's own update got."""

    stage: str = Field(description="looking, indexing, done, stopped or failed.")
    done: int = Field(ge=0, description="New photos that were taken in.")
    total: int = Field(ge=0, description="New photos in all.")
    detail: str = Field(description="How many a second and how long the rest takes.")


class GalleryAnswer(BaseModel):
    """The gallery as a whole."""

    name: str
    photos: int = Field(ge=0)
    labels: list[Label]
    model: Model
    modes: list[str]
    update: Update | None = Field(description="Null where the server does not update the gallery.")


class Photo(BaseModel):
    """A photo of the gallery."""

    id: str = Field(pattern=ID_PATTERN)
    label: str
    name: str = Field(description="Of the file, without its folder.")
    width: int
    height: int


class FoundPhoto(Photo):
    """A photo that a search found."""

    distance: float = Field(ge=0, description="Euclidean, of the retrieval features; smaller is more alike.")


class Milliseconds(BaseModel):
    """How long the parts of a search took on the server, without waiting."""

    decode: float = Field(ge=0)
    embed: float = Field(ge=0)
    search: float = Field(ge=0)


class SearchAnswer(BaseModel):
    """The nearest photos, nearest first."""

    hits: list[FoundPhoto]
    photos: int = Field(ge=0, description="How many were searched.")
    recall: float | None = Field(
        ge=0,
        le=1,
        description="Share of the 50 nearest of stored photos that mode approximate finds; null in other modes and "
        "where it was not measured.",
    )
    milliseconds: Milliseconds


class PhotosAnswer(BaseModel):
    """One page of photos, ordered by path."""

    photos: list[Photo]
    total: int = Field(ge=0, description="With this label, on all pages.")


def photo_answer(record: PhotoRecord) -> Photo:
    """A record without its path."""
    return Photo.model_validate(_fields(record))


def hit_answer(hit: Hit) -> FoundPhoto:
    """A hit without its path."""
    return FoundPhoto.model_validate({**_fields(hit.photo), "distance": max(0.0, float(hit.distance))})


def displayable(text: str) -> str:
    """Text that JSON can carry; bytes of file names that are no UTF-8 become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def gallery_name(location: str) -> str:
    """The last part of a gallery's file or address, without its ending."""
    path = re.split(r"[?#]", location)[0] if "://" in location else location
    last = [part for part in re.split(r"[\\/]", path) if part][-1:] or ["gallery"]
    return last[0].removesuffix(".gallery") or "gallery"


def without_folders(text: str) -> str:
    """A model's name in which paths of this machine are cut to their last part."""
    return FOLDERS.sub("", text)


def _fields(record: PhotoRecord) -> dict[str, str | int]:
    return {
        "id": record.photo_id,
        "label": displayable(record.label),
        "name": displayable(PurePath(record.path).name),
        "width": record.width,
        "height": record.height,
    }
