"""Products, keys and counts on an accelerator, with torch; doubts are settled on the processor, as without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pcmsn.errors import EvaluationError
from pcmsn.evaluation.counting import spread_doubt
from pcmsn.evaluation.order_keys import UNIT, Keys, KeyScale
from pcmsn.evaluation.ranking import Distance

Floats = NDArray[np.float64]


class DeviceProducts:
    """Float64 products of (Q, D) queries and (N, D) photos that lie on the device.

    Raises EvaluationError for a device without float64.
    """

    pairs_at_once = 2**23

    def __init__(self, sketch: Floats, photo: Floats, scales: dict[Distance, KeyScale], device: str) -> None:
        self._device = torch.device(device)
        if self._device.type == "mps":
            raise EvaluationError("scores need float64, which mps does not have; score on cpu or cuda")
        self._sketch, self._photo = self._moved(sketch), self._moved(photo)
        self._scales = {
            distance: (scale, self._moved(scale.photo_term), self._moved(scale.query_factor))
            for distance, scale in scales.items()
        }

    def multiply(self, queries: slice, photos: Sequence[slice]) -> Tensor:
        """The (B, n) products, on the device."""
        return torch.cat([self._sketch[queries] @ self._photo[part].T for part in photos], dim=1)

    def keys(
        self, products: Tensor, queries: slice, photos: Sequence[slice], distance: Distance
    ) -> Iterator[DeviceKeys]:
        """The keys of all queries of the block at once."""
        scale, photo_term, query_factor = self._scales[distance]
        term = torch.cat([photo_term[part] for part in photos])
        mixed = term - products if scale.combine == "subtract" else term * products
        keys = (mixed * query_factor[queries, None]).to(torch.int32) * 2
        yield DeviceKeys(slice(0, len(keys)), keys)

    def _moved(self, values: Floats) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)


class DeviceKeys:
    """The keys of a block of queries, on the device."""

    def __init__(self, queries: slice, keys: Tensor) -> None:
        self.queries, self._keys = queries, keys

    def host(self, query: int | None = None) -> Keys:
        """The (b, n) keys, or the (n,) of one query, as an array in memory."""
        keys = self._keys if query is None else self._keys[query]
        return np.asarray(keys.cpu().numpy(), dtype=np.int32)

    def count(self, thresholds: Keys) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """What ``counting.count_nearer`` says, with binary searches in the sorted keys."""
        ordered = self._keys.sort(dim=1).values
        borders = torch.from_numpy(np.ascontiguousarray(thresholds)).to(self._keys.device)
        below = torch.searchsorted(ordered, borders, right=True)
        lower = torch.searchsorted(ordered, borders - UNIT)
        upper = torch.searchsorted(ordered, borders + UNIT, right=True)
        return below.cpu().numpy(), spread_doubt((upper > lower).cpu().numpy(), thresholds)
