"""A trained run as an embedder: its extractors, network and codes, without the data set that it learned from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pcmsn.errors import GalleryError
from pcmsn.features.backbones.base import Extractors, network_fingerprint
from pcmsn.features.extraction import in_order
from pcmsn.features.forward import Computation, Forward
from pcmsn.gallery.embedder import EmbeddedBatch, PhotoSource
from pcmsn.gallery.photo_files import DecodedPhoto, UnreadableFile, decode_photo
from pcmsn.gallery.records import EmbeddedPhoto, ModelIdentity, Queries
from pcmsn.training.run_folder import TrainedModel
from pcmsn.training.session import pick_device
from pcmsn.training.trained_run import load_with_networks

_MOST_DECODERS = 16


class RunEmbedder:
    """An ``Embedder``. Threads decode files while the network works on those before.

    A picture's vector depends on the others of its call only by rounding (about 1e-5).
    """

    def __init__(self, trained: TrainedModel, extractors: Extractors, *, run: Path, device: str) -> None:
        """As ``of_run`` makes it; ``device`` is one that torch knows."""
        self._identity = _identity(trained, extractors, run)
        self._itq = trained.itq
        self._model = trained.model.to(device)
        self._device = device
        computation = Computation(device=device)
        self._batch_size = computation.chosen_batch_size()
        self._sketch_transform, self._photo_transform = extractors.sketch.transform, extractors.photo.transform
        self._sketch_forward = Forward(extractors.sketch, computation)
        self._photo_forward = Forward(extractors.photo, computation)

    @classmethod
    def of_run(cls, run: Path, *, device: str = "auto", backbone: str | None = None) -> RunEmbedder:
        """The embedder of a run folder; ``backbone`` says where the same extractors are now, where they were moved.

        Raises GalleryError for a released checkpoint, else what ``load_with_networks`` raises.
        """
        run = run.expanduser().resolve()
        if run.suffix == ".pth":
            raise GalleryError(
                f"{run} is a released checkpoint; galleries need a run folder that pcmsn train --out wrote"
            )
        trained, extractors = load_with_networks(run, backbone)
        return cls(trained, extractors, run=run, device=pick_device(device))

    @property
    def identity(self) -> ModelIdentity:
        """The model; its fingerprint covers all weights, the codes and the preparation of pictures."""
        return self._identity

    def embed_photos(self, sources: Sequence[PhotoSource]) -> EmbeddedBatch:
        """Read, hash, decode and embed photo files; what cannot be read is named, not raised.

        Raises BackboneError where the memory does not suffice or the network's features are not finite.
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
        pixels = [self._sketch_transform.apply(sketch) for sketch in sketches]
        blocks = [
            self._vectors(pixels[start : start + self._batch_size], self._sketch_forward, self._model.embed_sketches)
            for start in range(0, len(pixels), self._batch_size)
        ]
        vectors = np.concatenate([np.zeros((0, self._identity.dim), dtype=np.float32), *blocks])
        return Queries(vectors, self._codes(vectors, self._itq.encode_sketches))

    def _decoded(self, sources: Sequence[PhotoSource]) -> Iterator[DecodedPhoto | UnreadableFile]:
        """The files in order; a batch and a few more of them are in memory."""
        workers = min(os.cpu_count() or 1, _MOST_DECODERS)
        pool = ThreadPoolExecutor(workers, "decoding")
        try:
            jobs = (partial(decode_photo, source, self._photo_transform) for source in sources)
            yield from in_order(pool, jobs, ahead=self._batch_size + workers)
        finally:
            pool.shutdown(cancel_futures=True)

    def _embedded(self, decoded: Sequence[DecodedPhoto]) -> list[EmbeddedPhoto]:
        if not decoded:
            return []
        vectors = self._vectors([photo.pixels for photo in decoded], self._photo_forward, self._model.embed_photos)
        codes = self._codes(vectors, self._itq.encode_photos)
        return [
            EmbeddedPhoto(photo.record, vector, code, photo.thumbnail)
            for photo, vector, code in zip(decoded, vectors, codes, strict=True)
        ]

    def _vectors(
        self, pixels: Sequence[NDArray[np.uint8]], forward: Forward, embed: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float32]:
        """(n, dim) retrieval features of n pictures' pixels."""
        features = forward.start(torch.from_numpy(np.stack(pixels)))()
        vectors: NDArray[np.float32] = embed(torch.from_numpy(features).to(self._device)).cpu().numpy()
        return vectors

    def _codes(
        self, vectors: NDArray[np.float32], encode: Callable[[NDArray[np.floating]], NDArray[np.bool_]]
    ) -> NDArray[np.uint8]:
        """(n, code_bytes) packed codes of (n, dim) vectors."""
        if not len(vectors):
            return np.zeros((0, self._identity.code_bytes), dtype=np.uint8)
        return np.packbits(encode(vectors), axis=1)


def _identity(trained: TrainedModel, extractors: Extractors, run: Path) -> ModelIdentity:
    digest = hashlib.sha256(network_fingerprint(repr(trained.config.model), trained.model.state_dict()).encode())
    for name, values in sorted(trained.itq.to_arrays().items()):
        digest.update(f"\x1f{name}\x1f{values.shape}\x1f".encode())
        digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    digest.update(extractors.fingerprint.encode())
    config = trained.config
    return ModelIdentity(
        fingerprint=digest.hexdigest(),
        dim=config.model.dim,
        bits=trained.itq.bits,
        name=f"{trained.record.dataset}, preset {config.preset}, seed {config.training.seed}, {extractors.photo.name}",
        run=str(run),
    )
