"""Searches off the event loop: a few at a time, a short queue, the others are sent away at once."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from pcmsn.errors import GalleryError
from pcmsn.gallery.embedder import Embedder
from pcmsn.gallery.records import Hit
from pcmsn.gallery.sketches import Fit, prepare_sketch
from pcmsn.gallery.store import GalleryStore, SearchSettings
from pcmsn.serve.bounded_work import BoundedWork
from pcmsn.serve.decoder import Decoder
from pcmsn.serve.refusal import RefusalError, busy
from pcmsn.serve.settings import Limits

LARGEST_SIDE = 2048
"""Longest side in pixels of a sketch that is cut to its ink; the square around it would be huge otherwise."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a search gives, and how long its parts took in milliseconds."""

    hits: list[Hit]
    decode: float
    embed: float
    search: float


class SearchDesk:
    """Takes sketches as files and finds photos for them, with as many threads as there are workers."""

    def __init__(self, store: GalleryStore, embedder: Embedder, limits: Limits) -> None:
        self._store = store
        self._embedder = embedder
        self._decoders: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        self._all_decoders = [Decoder(limits) for _ in range(limits.workers)]
        for decoder in self._all_decoders:
            self._decoders.put(decoder)
        self._pool = ThreadPoolExecutor(
            limits.workers, "pcmsn-search", initializer=_share_cores, initargs=(limits.workers,)
        )
        self._searches = BoundedWork(
            self._pool,
            limits.workers + limits.queue,
            refusal="the server has more searches than it can do",
            seconds=1,
        )

    async def search(self, content: bytes, fit: Fit, settings: SearchSettings, *, wanted: Callable[[], bool]) -> Found:
        """The photos nearest to a sketch.

        ``wanted`` is asked when the search's turn comes, as nobody may be waiting for the answer any more. Raises
        RefusalError: 503 when the queue is full or the answer is not wanted, 422 for a sketch with nothing on it, and
        what decoding raises.
        """
        return await self._searches.run(self._find, content, fit, settings, wanted)

    def start(self) -> None:
        """Start the decoders and threads without waiting for them, so that they are there for the first client."""
        for decoder in self._all_decoders:
            decoder.start()
        for _ in self._all_decoders:
            self._pool.submit(_share_cores, len(self._all_decoders))

    def warm_up(self) -> None:
        """Do one search of an empty picture, so that the first client does not wait for what is loaded then."""
        _share_cores(len(self._all_decoders))
        empty = BytesIO()
        Image.new("RGB", (256, 256), "white").save(empty, "PNG")
        sketches = [decoder.picture(empty.getvalue()) for decoder in self._all_decoders]
        queries = self._embedder.embed_sketches(sketches[:1])
        if len(self._store):
            self._store.search(queries, SearchSettings(k=1, mode=self._store.modes[0]))

    def close(self) -> None:
        """Wait for searches that run, then end the decoders."""
        self._pool.shutdown(cancel_futures=True)
        for decoder in self._all_decoders:
            decoder.close()

    def _find(self, content: bytes, fit: Fit, settings: SearchSettings, wanted: Callable[[], bool]) -> Found:
        if not wanted():
            raise busy(503, "the request was given up", 1)
        start = time.perf_counter()
        sketch = _prepare(self._decode(content), fit)
        decoded = time.perf_counter()
        queries = self._embedder.embed_sketches([sketch])
        embedded = time.perf_counter()
        hits = self._store.search(queries, settings)[0]
        end = time.perf_counter()
        return Found(hits, 1000 * (decoded - start), 1000 * (embedded - decoded), 1000 * (end - embedded))

    def _decode(self, content: bytes) -> Image.Image:
        decoder = self._decoders.get()
        try:
            return decoder.picture(content)
        finally:
            self._decoders.put(decoder)


def _prepare(picture: Image.Image, fit: Fit) -> Image.Image:
    if fit == "ink":
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    try:
        return prepare_sketch(picture, fit)
    except GalleryError as error:  # its text is about the sketch and tells nothing of the gallery
        raise RefusalError(422, str(error)) from None


def _share_cores(workers: int) -> None:
    """Searches that run side by side use as many threads as there are cores, not each as many."""
    if torch := sys.modules.get("torch"):  # an exported model does without
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
