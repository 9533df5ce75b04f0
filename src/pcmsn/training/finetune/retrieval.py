"""Retrieval by a network's features of classes that it does not learn from, which shows over-fitting to the seen ones.

What is measured here changes nothing: neither weights nor the choice of the best epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pcmsn.evaluation.metrics import average_precision
from pcmsn.evaluation.ranking import map_blocks, pair_distances, rank
from pcmsn.training.finetune.network import FinetuningNetwork
from pcmsn.training.finetune.pictures import PictureStream

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """Features of pictures with their classes."""

    features: NDArray[np.float32]
    """(N, D)."""
    labels: NDArray[np.int64]
    """(N,) classes as integers."""


class ValidationRetrieval:
    """Measures a network on the pictures of the validation classes, each process with its share of them.

    For a network of one modality each picture is a query for the others of its class; for a shared network each sketch
    is a query for the photos of its class.
    """

    def __init__(self, streams: Sequence[PictureStream], fabric: Fabric) -> None:
        self._streams = streams
        self._fabric = fabric
        self.unreadable: tuple[str, ...] = ()
        """Names of the pictures that the last measurement left out."""

    def measure(self, network: FinetuningNetwork, weights: Mapping[str, Tensor], pool: ThreadPoolExecutor) -> float:
        """mAP@all, in 0..1, by cosine of the features of ``network`` with ``weights``; the same on every process.

        Raises DataError where more than 5 % of the pictures are unreadable.
        """
        self.unreadable = ()
        found = [self._embed(stream, network, weights, pool) for stream in self._streams]
        return retrieval_map(found[0], found[-1])

    def _embed(
        self,
        stream: PictureStream,
        network: FinetuningNetwork,
        weights: Mapping[str, Tensor],
        pool: ThreadPoolExecutor,
    ) -> LabelledFeatures:
        """The features of all readable pictures: each process fills the rows of its own ones, the sum has all."""
        pictures, device = stream.reader.pictures, self._fabric.device
        rows = torch.zeros(len(pictures), network.feature_dim, device=device)
        there = torch.zeros(len(pictures), device=device)
        with torch.no_grad(), self._fabric.autocast():
            for pixels, positions in stream.held_out(pool):
                own = torch.from_numpy(positions).to(device)
                rows[own] = network.features_with(weights, pixels).float()
                there[own] = 1
        values = torch.as_tensor(self._fabric.all_reduce(rows, reduce_op="sum")).cpu().numpy()
        kept = torch.as_tensor(self._fabric.all_reduce(there, reduce_op="sum")).cpu().numpy() > 0
        self.unreadable += tuple(pictures.names[position] for position in np.flatnonzero(~kept))
        return LabelledFeatures(values[kept], pictures.labels[kept])


def retrieval_map(queries: LabelledFeatures, gallery: LabelledFeatures) -> float:
    """mAP@all of the gallery ranked by cosine for each query, in 0..1.

    Where both are the same object, no picture is in its own list. Divisor of a query: the pictures of its class in its
    list; without any it counts 0. Ties: pictures at an equal distance are one threshold, in any order.
    """
    itself = queries is gallery

    def precision(block: slice) -> NDArray[np.float64]:
        distance = pair_distances(queries.features[block], gallery.features, "cosine")
        length = len(gallery.labels)
        if itself:
            distance[np.arange(len(distance)), np.arange(block.start, block.stop)] = np.inf  # last, and cut off
            length -= 1
        ranking = rank(distance, queries.labels[block, None] == gallery.labels)
        return average_precision(ranking.relevance[:, :length], ranking.distance[:, :length])

    return float(np.concatenate(list(map_blocks(precision, len(queries.labels), len(gallery.labels)))).mean())
