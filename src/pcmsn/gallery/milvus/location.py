"""Where a gallery on a Milvus server is: ``milvus://host:port/collection``, and ``milvuss://`` for TLS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import parse_qsl, urlsplit

from pcmsn.errors import GalleryError

MilvusIndex = Literal["flat", "hnsw"]
"""``flat`` compares every vector, ``hnsw`` is a graph that finds nearly all of the nearest much faster."""

SCHEMES = ("milvus", "milvuss")
TOKEN_VARIABLE = "PCMSN_MILVUS_TOKEN"
"""Environment variable with ``user:password`` or an API key; it never stands in a location, which is printed."""

DEFAULT_PORT = 19530
_LONGEST_NAME = 200
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXAMPLE = f"milvus://localhost:{DEFAULT_PORT}/photos"


@dataclass(frozen=True, kw_only=True)
class MilvusLocation:
    """A location taken apart."""

    text: str
    """As given on the command line."""
    host: str
    port: int
    secure: bool
    """Whether the connection is encrypted."""
    collection: str
    """Name of the collection that holds the vectors."""
    index: MilvusIndex | None
    """The index that was asked for; None takes the one that is there, or ``flat`` for a new gallery."""

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        """As the client library wants it."""
        return f"{'https' if self.secure else 'http'}://{self.address}"


def is_milvus_location(location: str) -> bool:
    """Whether a location names a Milvus server, rightly written or not."""
    return location.partition("://")[0].lower() in SCHEMES


def parse_milvus_location(location: str) -> MilvusLocation:
    """A location's parts. Raises GalleryError for another form, a token in it and unknown settings."""
    try:
        parts = urlsplit(location)
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError as error:
        raise GalleryError(f"{location!r} is no Milvus location: {error}; write for example {_EXAMPLE}") from error
    if parts.username is not None or parts.password is not None:
        raise GalleryError(
            "a Milvus location is printed, so it must not hold a password; remove what stands before the @ and set "
            f"the environment variable {TOKEN_VARIABLE}=user:password"
        )
    collection = parts.path.strip("/")
    if parts.scheme not in SCHEMES or not host or parts.fragment:
        raise GalleryError(f"{location!r} is no Milvus location; write for example {_EXAMPLE}")
    if not _NAME.fullmatch(collection) or len(collection) > _LONGEST_NAME:
        raise GalleryError(
            f"{location!r} names the collection {collection!r}; expected 1 to {_LONGEST_NAME} letters, digits and _, "
            f"not a digit first, for example {_EXAMPLE}"
        )
    return MilvusLocation(
        text=location,
        host=host,
        port=port,
        secure=parts.scheme == "milvuss",
        collection=collection,
        index=_index_of(location, parts.query),
    )


def _index_of(location: str, query: str) -> MilvusIndex | None:
    settings = dict(parse_qsl(query, keep_blank_values=True))
    index = settings.pop("index", None)
    if settings:
        raise GalleryError(f"{location!r} has the unknown setting {next(iter(settings))!r}; known is index=flat|hnsw")
    if index not in (None, "flat", "hnsw"):
        raise GalleryError(f"{location!r} asks for the index {index!r}; expected index=flat or index=hnsw")
    return cast("MilvusIndex | None", index)
