"""What every store of a gallery can do, whether it is a file on this machine or a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, get_args

from pcmsn.errors import GalleryError, did_you_mean, enumerate_names
from pcmsn.gallery.records import EmbeddedPhoto, Hit, ModelIdentity, PhotoRecord, Queries

SearchMode = Literal["exact", "shortlist", "approximate"]
"""``exact``: every vector is compared. ``shortlist``: the photos with the nearest codes (Hamming) are ranked by the
exact distance of their vectors. ``approximate``: whatever index the store has for large galleries."""


class KnownFile(NamedTuple):
    """What tells whether a file changed since it was indexed."""

    photo_id: str
    path: str
    size: int
    modified_ns: int
    content_hash: str
    label: str


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """How many photos are wanted, of which label, and how they are looked for.

    Raises GalleryError for ``k`` below 1, an unknown mode, and a shortlist of fewer than ``k`` photos.
    """

    k: int = 20
    """At most so many hits a query."""
    label: str | None = None
    """Only photos with exactly this label; None for all."""
    mode: SearchMode = "exact"
    """How they are looked for; the store must have the mode."""
    shortlist: int | None = None
    """Photos that a query's code chooses in mode ``shortlist``; None takes the store's measured default."""

    def __post_init__(self) -> None:
        modes = get_args(SearchMode)
        if self.mode not in modes:
            hint = did_you_mean(self.mode, modes)
            raise GalleryError(f"there is no search mode {self.mode!r}{hint}; expected one of {enumerate_names(modes)}")
        if self.k < 1:
            raise GalleryError(f"a search finds 1 photo or more, got k = {self.k}")
        if self.shortlist is not None and self.shortlist < self.k:
            raise GalleryError(
                f"a shortlist of {self.shortlist} photos cannot give {self.k}; pass a shortlist of at least {self.k}, "
                "or none for the default size"
            )


class GalleryStore(Protocol):
    """The photos of one gallery with their vectors and codes; ``with`` closes it in the end.

    Hits of one query are ordered by distance, equal distances by photo id, in every store. Every method raises
    GalleryError for a store that is damaged, locked or cannot be reached.
    """

    @property
    def location(self) -> str:
        """Where it is, as given on the command line."""

    @property
    def identity(self) -> ModelIdentity:
        """The model that made it."""

    @property
    def modes(self) -> tuple[SearchMode, ...]:
        """The modes that it can be searched in, first the one to take where nobody asks for another."""

    @property
    def approximate_recall(self) -> float | None:
        """Share of the 50 nearest photos that mode ``approximate`` finds, measured with stored photos as queries.

        None where it was not measured, and before that mode was used.
        """

    def __len__(self) -> int: ...

    def __enter__(self) -> GalleryStore: ...

    def __exit__(self, *error: object) -> None: ...

    def count(self, label: str | None = None) -> int:
        """Number of photos with exactly this label, None for all; as searches see them now."""

    def known_files(self) -> Iterator[KnownFile]:
        """All photos, in any order; neither vectors nor thumbnails are read."""

    def upsert(self, photos: Sequence[EmbeddedPhoto]) -> None:
        """Add photos, or replace those with the same id; all of one call or none (of a server: repeatable)."""

    def relabel(self, labels: Sequence[tuple[str, str]]) -> None:
        """Set (photo id, label) of photos whose content did not change."""

    def touch(self, files: Sequence[KnownFile]) -> None:
        """Set size and time of photos whose content did not change."""

    def delete(self, photo_ids: Sequence[str]) -> int:
        """Remove photos; the number that were there."""

    def search(self, queries: Queries, settings: SearchSettings) -> list[list[Hit]]:
        """The nearest photos of each query, nearest first."""

    def photo(self, photo_id: str) -> PhotoRecord | None:
        """What is known of one photo; None where it is not in the gallery."""

    def thumbnail(self, photo_id: str) -> bytes | None:
        """A photo's JPEG thumbnail; None where it is not in the gallery."""

    def photos(self, *, label: str | None = None, offset: int = 0, limit: int = 100) -> list[PhotoRecord]:
        """A page of the photos, ordered by path."""

    def labels(self) -> dict[str, int]:
        """Number of photos by label, sorted by label; those without one under the empty text."""

    def close(self) -> None:
        """Let go of files and connections."""
