"""A stand-in model that takes its time and notes on which node of a cluster it worked."""

import time
from collections.abc import Sequence
from pathlib import Path

from stand_in_embedder import StandInEmbedder

from pcmsn.gallery.embedder import EmbeddedBatch, PhotoSource


class SlowEmbedder(StandInEmbedder):
    def __init__(self, seconds: float, notes: Path, fingerprint: str = "a" * 64) -> None:
        super().__init__(fingerprint)
        self._seconds, self._notes = seconds, notes

    def embed_photos(self, sources: Sequence[PhotoSource]) -> EmbeddedBatch:
        import ray

        time.sleep(self._seconds * len(sources))
        (self._notes / ray.get_runtime_context().get_node_id()).touch()
        return super().embed_photos(sources)
