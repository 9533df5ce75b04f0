"""Photo files and sketches to vectors and codes, with whatever network: an exported model, or a run's own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pcmsn.encoders.encoder import Encoder
from pcmsn.gallery.embedder import EmbeddedBatch, PhotoSource
from pcmsn.gallery.photo_files import DecodedPhoto, UnreadableFile, decode_photo
from pcmsn.gallery.records import EmbeddedPhoto, ModelIdentity, Queries
from pcmsn.hashing.itq import ITQ
from pcmsn.in_order import in_order

_MOST_DECODERS = 16
_ENCODER_BATCH = 16


class Network(Protocol):
    """From RGB pictures to vectors; safe to call from several threads."""

    def pixels(self, modality: Literal["sketch", "photo"], picture: Image.Image) -> NDArray[np.uint8]:
        """(H, W, 3) pixels, as the network takes them."""

    def vectors(self, modality: Literal["sketch", "photo"], pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(n, dim) vectors of n pictures' pixels, n at least 1."""


class PictureEmbedder:
    """An ``Embedder``. Threads decode files while the network works on those before.

    A picture's vector depends on the others of its call only by rounding (about 1e-5).
    """

    def __init__(self, network: Network, codes: ITQ, identity: ModelIdentity, *, batch_size: int) -> None:
        """``batch_size`` is how many pictures go through the network at once."""
        self._network, self._itq, self._identity, self._batch_size = network, codes, identity, batch_size

    @classmethod
    def of_encoder(cls, folder: Path) -> PictureEmbedder:
        """The embedder of an exported model. Raises CheckpointError for a folder that holds none."""
        encoder = Encoder(folder.expanduser().resolve())
        description = encoder.description
        identity = ModelIdentity(
            fingerprint=description.fingerprint,
            dim=description.dim,
            bits=encoder.codes.bits,
            name=description.name,
            run=description.run or encoder.place,
        )
        return cls(encoder, encoder.codes, identity, batch_size=_ENCODER_BATCH)

    @property
    def identity(self) -> ModelIdentity:
        """The model; its fingerprint covers all weights, the codes and the preparation of pictures."""
        return self._identity

    def embed_photos(self, sources: Sequence[PhotoSource]) -> EmbeddedBatch:
        """Read, hash, decode and embed photo files; what cannot be read is named, not raised.

        Raises BackboneError where the memory does not suffice, or CheckpointError for vectors that are not finite.
        """
        photos: list[EmbeddedPhoto] = []
        unreadable: list[tuple[Path, str]] = []
        decoded: list[DecodedPhoto] = []
        for file in self._decoded(sources):
            if isinstance(file, UnreadableFile):
                unreadable.append((file.path, file.reason))
                continue
            decoded.append(file)
            if len(decoded) == self._batch_size:
                photos.extend(self._embedded(decoded))
                decoded = []
        photos.extend(self._embedded(decoded))
        return EmbeddedBatch(tuple(photos), tuple(unreadable))

    def embed_sketches(self, sketches: Sequence[Image.Image]) -> Queries:
        """The queries of RGB pictures, dark strokes on white."""
        pixels = [self._network.pixels("sketch", sketch) for sketch in sketches]
        starts = range(0, len(pixels), self._batch_size)
        blocks = [self._network.vectors("sketch", pixels[start : start + self._batch_size]) for start in starts]
        vectors = np.concatenate([np.zeros((0, self._identity.dim), dtype=np.float32), *blocks])
        return Queries(vectors, self._packed(self._itq.encode_sketches(vectors) if len(vectors) else None))

    def _decoded(self, sources: Sequence[PhotoSource]) -> Iterator[DecodedPhoto | UnreadableFile]:
        """The files in order; a batch and a few more of them are in memory."""
        workers = min(os.cpu_count() or 1, _MOST_DECODERS)
        pool = ThreadPoolExecutor(workers, "decoding")
        try:
            jobs = (partial(decode_photo, source, partial(self._network.pixels, "photo")) for source in sources)
            yield from in_order(pool, jobs, ahead=self._batch_size + workers)
        finally:
            pool.shutdown(cancel_futures=True)

    def _embedded(self, decoded: Sequence[DecodedPhoto]) -> list[EmbeddedPhoto]:
        if not decoded:
            return []
        vectors = self._network.vectors("photo", [photo.pixels for photo in decoded])
        codes = self._packed(self._itq.encode_photos(vectors))
        return [
            EmbeddedPhoto(photo.record, vector, code, photo.thumbnail)
            for photo, vector, code in zip(decoded, vectors, codes, strict=True)
        ]

    def _packed(self, codes: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
        """(n, code_bytes) packed codes; None stands for those of no pictures."""
        if codes is None:
            return np.zeros((0, self._identity.code_bytes), dtype=np.uint8)
        return np.packbits(codes, axis=1)
