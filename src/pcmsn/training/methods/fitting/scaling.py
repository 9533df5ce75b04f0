"""Visual features as networks take them: standardised with the seen classes' statistics, one set a modality."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pcmsn.features.tables import FeatureTable, FeatureTables
from pcmsn.model.networks import Standardisation
from pcmsn.training.config import Standardise


class Scaling:
    """Scales sketch and photo features; ``none`` leaves them as they are."""

    def __init__(self, train: FeatureTables, kind: Standardise = "each-modality", device: str = "cpu") -> None:
        self.sketches, self.photos = (_fitted(table, kind).to(device) for table in (train.sketches, train.photos))

    def arrays(self, tables: FeatureTables) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The scaled (Q, sketch_dim) and (N, photo_dim) features of tables."""
        return _scaled(self.sketches, tables.sketches), _scaled(self.photos, tables.photos)


def _fitted(table: FeatureTable, kind: Standardise) -> Standardisation:
    network = Standardisation(table.features.shape[1])
    if kind == "each-modality":
        network.set_statistics(torch.from_numpy(table.features))
    return network


def _scaled(network: Standardisation, table: FeatureTable) -> NDArray[np.float32]:
    scaled: Tensor = network(torch.from_numpy(table.features).to(network.mean.device))
    return scaled.cpu().numpy()
