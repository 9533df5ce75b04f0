"""The two collections of a gallery on a Milvus server, made so that a stop or a second maker in between does no harm.

=============================== ===================================================================================
``NAME``                        the truth: a row a photo with its vector; the model stands in the description
``NAME_codes_FINGERPRINT``      a row a photo with its binary code and its thumbnail
=============================== ===================================================================================

One collection takes one field of vectors on Milvus 2.3. The codes are made first, under a name that only the same
model gives; then the truth, at which the server lets one maker win. A photo counts as there when it is in the truth.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, cast

from pcmsn.errors import GalleryError
from pcmsn.gallery.milvus.connection import MilvusConnection, pymilvus
from pcmsn.gallery.milvus.location import MilvusIndex, MilvusLocation
from pcmsn.gallery.records import ModelIdentity

SCHEMA_VERSION = 1
"""Stands in the description of the collection; another version is refused."""

LONGEST_TEXT = 65_535
"""Bytes of UTF-8 in one field of text."""

HNSW = {"M": 16, "efConstruction": 200}
"""How the graph of ``index=hnsw`` is built."""

_LONGEST_LABEL = 8192
_MARK = "pcmsn_gallery"
_TRUTH_INDEX: dict[str, tuple[str, dict[str, int]]] = {"flat": ("FLAT", {}), "hnsw": ("HNSW", HNSW)}


def codes_collection(truth: str, fingerprint: str) -> str:
    """Name of the collection with the codes and thumbnails."""
    return f"{truth}_codes_{fingerprint[:16]}"


def find_gallery(connection: MilvusConnection) -> tuple[ModelIdentity, MilvusIndex] | None:
    """The model and the index of the gallery at the connection's location; None where there is none.

    Raises GalleryError for a collection that is no gallery, of another version, or of another index than asked for.
    """
    location = connection.location
    if not connection.call("has_collection", location.collection):
        return None
    identity, index = _read(connection.call("describe_collection", location.collection)["description"], location)
    if location.index not in (None, index):
        raise GalleryError(
            f"{location.text} was made with index={index}, asked for was index={location.index}; a collection keeps "
            "its index. Leave ?index= away, or index the photos into another collection"
        )
    return identity, index


def make_gallery(connection: MilvusConnection, identity: ModelIdentity) -> None:
    """Make the collections where they are not there yet; of two makers at once, the server lets one win."""
    location = connection.location
    index: MilvusIndex = location.index or "flat"
    description = json.dumps({_MARK: SCHEMA_VERSION, "index": index, **asdict(identity)})
    codes = codes_collection(location.collection, identity.fingerprint)
    connection.call("create_collection", codes, schema=_codes_schema(identity), consistency_level="Session")
    try:
        truth = _truth_schema(identity, description)
        connection.call("create_collection", location.collection, schema=truth, consistency_level="Session")
    except GalleryError:
        if not connection.call("has_collection", location.collection):
            raise
        winner, _ = _read(connection.call("describe_collection", location.collection)["description"], location)
        if winner.fingerprint != identity.fingerprint:
            connection.call("drop_collection", codes)


def make_ready(connection: MilvusConnection, identity: ModelIdentity, index: MilvusIndex, *, writable: bool) -> None:
    """Build the indexes if the maker was stopped before, and load both collections on the server for searching.

    Raises GalleryError where the codes are missing.
    """
    truth = connection.location.collection
    codes = codes_collection(truth, identity.fingerprint)
    if not connection.call("has_collection", codes):
        if not writable:
            raise GalleryError(
                f"{connection.location.text} is damaged: the collection {codes} with its codes and thumbnails is "
                f"gone. Drop the collection {truth} and index the photos again"
            )
        connection.call("create_collection", codes, schema=_codes_schema(identity), consistency_level="Session")
    kind, parameters = _TRUTH_INDEX[index]
    _ensure_index(connection, truth, "vector", index_type=kind, metric_type="L2", params=parameters)
    _ensure_index(connection, codes, "code", index_type="BIN_FLAT", metric_type="HAMMING", params={})
    for name in (codes, truth):
        connection.call("load_collection", name)


def _ensure_index(connection: MilvusConnection, collection: str, field: str, **options: Any) -> None:
    if connection.call("list_indexes", collection):
        return
    indexes = pymilvus().MilvusClient.prepare_index_params()
    indexes.add_index(field, **options)
    connection.call("create_index", collection, indexes)


def _truth_schema(identity: ModelIdentity, description: str) -> Any:
    types = pymilvus().DataType
    schema = _schema(description)
    schema.add_field("path", types.VARCHAR, max_length=LONGEST_TEXT)
    schema.add_field("content_hash", types.VARCHAR, max_length=64)
    schema.add_field("label", types.VARCHAR, max_length=_LONGEST_LABEL)
    for name in ("size", "modified_ns", "width", "height"):
        schema.add_field(name, types.INT64)
    schema.add_field("vector", types.FLOAT_VECTOR, dim=identity.dim)
    return schema


def _codes_schema(identity: ModelIdentity) -> Any:
    types = pymilvus().DataType
    schema = _schema(f"codes and thumbnails of a pcmsn gallery, model {identity.fingerprint[:12]}")
    schema.add_field("label", types.VARCHAR, max_length=_LONGEST_LABEL)
    schema.add_field("thumbnail", types.VARCHAR, max_length=LONGEST_TEXT)
    schema.add_field("code", types.BINARY_VECTOR, dim=8 * identity.code_bytes)
    return schema


def _schema(description: str) -> Any:
    library = pymilvus()
    schema = library.MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description=description)
    schema.add_field("photo_id", library.DataType.VARCHAR, is_primary=True, max_length=64)
    return schema


def _read(description: str, location: MilvusLocation) -> tuple[ModelIdentity, MilvusIndex]:
    try:
        values = json.loads(description)
        version, index = values.pop(_MARK), values.pop("index")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise GalleryError(
            f"{location.text} is no gallery: the collection was not made by pcmsn index. Pass the collection of a "
            "gallery, or the name of a new one"
        ) from error
    if version != SCHEMA_VERSION or index not in _TRUTH_INDEX:
        raise GalleryError(
            f"{location.text} is a gallery of version {version}, expected {SCHEMA_VERSION}; it was written by another "
            "pcmsn: use that one, or index the photos into another collection"
        )
    try:
        return ModelIdentity(**values), cast("MilvusIndex", index)
    except TypeError as error:
        raise GalleryError(f"{location.text} is damaged: its description names no model ({error})") from error
