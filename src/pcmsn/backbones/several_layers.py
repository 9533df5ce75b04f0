"""Several layers of a network as one feature.

What a network was trained for is decided in its last layers; earlier ones keep more of shape and texture, which tell
apart classes that it was not trained for.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pcmsn.backbones.base import Backbone, Extractors
from pcmsn.errors import BackboneError


class SeveralLayers(Backbone):
    """Another backbone whose feature is its ``layer_features``, one after the other.

    The lengths and scales of the parts differ: standardise the elements before they are compared.
    """

    def __init__(self, network: Backbone) -> None:
        super().__init__(
            name=f"{network.name} (several layers)",
            feature_dim=0,  # known after the first pass
            transform=network.transform,
            architecture=f"several layers {network.architecture}",
        )
        self.network = network
        self.freeze()
        self.feature_dim = self._probed_feature_dim()

    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, feature_dim) float32 features of (B, 3, H, W) normalised pixels."""
        return torch.cat(self.network.layer_features(pixels), dim=1)

    def _probed_feature_dim(self) -> int:
        transform = self.transform
        try:
            with torch.inference_mode():
                return int(self(torch.zeros(1, 3, transform.height, transform.width)).shape[1])
        except BackboneError:
            raise
        except Exception as error:  # whatever a model's own code raises where it has no hidden states
            raise BackboneError(f"{self.network.name} shows no earlier layers ({error}); pass --layers last") from error


def with_several_layers(extractors: Extractors) -> Extractors:
    """The same networks with the features of several layers; one network for both sides stays one."""
    sketch = SeveralLayers(extractors.sketch)
    shared = extractors.photo is extractors.sketch
    return Extractors(sketch=sketch, photo=sketch if shared else SeveralLayers(extractors.photo))


def network_below(backbone: Backbone) -> Backbone:
    """The network itself, where a backbone is several layers of one."""
    return backbone.network if isinstance(backbone, SeveralLayers) else backbone
