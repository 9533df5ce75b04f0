"""The nearest photos on a Milvus server, with distances computed here from the winners' vectors.

The server's distances are of float32 sums, and photos that are equally near come in any order. So a few more than
wanted are asked for, their distances are computed again from the differences, and where a photo beyond them could still
belong among the nearest, more are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import GalleryError
from pcmsn.gallery.milvus.collections import MilvusCollection
from pcmsn.gallery.milvus.filters import label_is
from pcmsn.gallery.milvus.location import MilvusIndex
from pcmsn.gallery.milvus.rows import RECORD_FIELDS, Row, record_of, vectors_of
from pcmsn.gallery.records import Hit, Queries
from pcmsn.gallery.store import SearchSettings
from pcmsn.gallery.vectors.rounding import largest_float32_square

MOST_HITS = 16_384
"""Rows that the server gives for one query at most."""

_EXTRA_CANDIDATES = 16
_WIDENING = 4
_ROWS_AT_ONCE = 16_384
_LEAST_SHORTLIST = 2000


@dataclass(frozen=True, eq=False)
class MilvusSearch:
    """Searches the two collections of one gallery."""

    location: str
    truth: MilvusCollection
    codes: MilvusCollection
    index: MilvusIndex

    def search(self, queries: Queries, settings: SearchSettings) -> list[list[Hit]]:
        """The nearest photos of each query, nearest first, equal ones by photo id.

        Raises GalleryError for a mode that the gallery's index does not have and for more hits than the server gives.
        """
        self._refuse(settings)
        if settings.mode == "shortlist":
            size = self._shortlist_size(settings)
            return [self._nearest_on_shortlist(queries, place, settings, size) for place in range(len(queries))]
        hits: list[list[Hit]] = []
        step = max(1, _ROWS_AT_ONCE // min(MOST_HITS, settings.k + _EXTRA_CANDIDATES))
        for start in range(0, len(queries), step):
            hits += self._nearest(queries.vectors[start : start + step], settings)
        return hits

    def _refuse(self, settings: SearchSettings) -> None:
        if settings.k > MOST_HITS:
            raise GalleryError(
                f"a Milvus server finds at most {MOST_HITS:,} photos at a time, got k = {settings.k}; ask for fewer"
            )
        if settings.mode == "approximate" and self.index == "flat":
            raise GalleryError(
                f"{self.location} compares all vectors (index=flat) and has no approximate search; search in mode "
                "exact or shortlist, or index the photos into another collection with ?index=hnsw"
            )
        if settings.mode == "exact" and self.index == "hnsw":
            raise GalleryError(
                f"{self.location} was made for approximate search (index=hnsw) and has no exact one; search in mode "
                "approximate or shortlist, or index the photos into another collection with ?index=flat"
            )

    def _nearest(self, vectors: NDArray[np.float32], settings: SearchSettings) -> list[list[Hit]]:
        """Hits of (q, dim) queries; those whose last places are not settled yet are asked again, for more."""
        hits: dict[int, list[Hit]] = {}
        pending, limit = list(range(len(vectors))), min(MOST_HITS, settings.k + _EXTRA_CANDIDATES)
        while pending:
            unsettled = []
            for place, found in zip(pending, self._candidates(vectors[pending], settings, limit), strict=True):
                hits[place] = _hits(found, _distances(vectors[place], found))[: settings.k]
                if limit < MOST_HITS and not _settled(vectors[place], hits[place], found, limit, settings):
                    unsettled.append(place)
            pending, limit = unsettled, min(MOST_HITS, limit * _WIDENING)
        return [hits[place] for place in range(len(vectors))]

    def _candidates(self, vectors: NDArray[np.float32], settings: SearchSettings, limit: int) -> list[list[Row]]:
        """Up to ``limit`` rows a query with id, squared distance, record and vector, nearest first."""
        parameters: dict[str, Any] = {} if self.index == "flat" else {"ef": max(256, 2 * limit)}
        answers = self.truth.read(
            "search",
            data=[vector.tolist() for vector in vectors],
            anns_field="vector",
            filter=label_is(settings.label),
            limit=limit,
            output_fields=[*RECORD_FIELDS, "vector"],
            search_params={"metric_type": "L2", "params": parameters},
        )
        return [[_candidate(found) for found in answer] for answer in answers]

    def _shortlist_size(self, settings: SearchSettings) -> int:
        size = settings.shortlist or max(_LEAST_SHORTLIST, self.truth.count() // 50, 10 * settings.k)
        return min(MOST_HITS, size)

    def _nearest_on_shortlist(self, queries: Queries, place: int, settings: SearchSettings, size: int) -> list[Hit]:
        """A query's nearest among the photos that its code chose; codes without a photo in the truth count as gone."""
        (answer,) = self.codes.read(
            "search",
            data=[queries.codes[place].tobytes()],
            anns_field="code",
            filter=label_is(settings.label),
            limit=size,
            search_params={"metric_type": "HAMMING"},
        )
        ids = [str(found.pk) for found in answer]
        distances = _distances(queries.vectors[place], self.truth.of_ids(ids, ["vector"]))
        chosen = sorted(distances, key=lambda photo_id: (distances[photo_id], photo_id))[: settings.k]
        return _hits(self.truth.of_ids(chosen, RECORD_FIELDS), distances)


def _hits(rows: list[Row], distances: dict[str, float]) -> list[Hit]:
    """The rows as hits with their distances by photo id, nearest first, equal ones by photo id."""
    hits = [Hit(photo=record_of(row, row["photo_id"]), distance=distances[row["photo_id"]]) for row in rows]
    return sorted(hits, key=lambda hit: (hit.distance, hit.photo.photo_id))


def _distances(query: NDArray[np.float32], rows: list[Row]) -> dict[str, float]:
    """The distance of each row's vector to a (dim,) query by photo id, in float64 and rounded to float32 at the end."""
    difference = vectors_of(rows, len(query)) - query.astype(np.float64)
    distances = np.sqrt(np.einsum("ij,ij->i", difference, difference)).astype(np.float32).tolist()
    return {str(row["photo_id"]): distance for row, distance in zip(rows, distances, strict=True)}


def _candidate(found: Any) -> Row:
    return {"photo_id": str(found.pk), "squared": found["distance"], **found["entity"]}


def _settled(
    query: NDArray[np.float32], hits: list[Hit], found: list[Row], limit: int, settings: SearchSettings
) -> bool:
    """Whether no photo beyond those found can be as near as the last hit, whatever the server's sums err by."""
    if len(found) < limit or settings.mode == "approximate" or len(hits) < settings.k:
        return True
    norm = float(np.linalg.norm(query.astype(np.float64)))
    largest = largest_float32_square(hits[-1].distance, norm, len(query))
    return bool(largest < max(row["squared"] for row in found))
