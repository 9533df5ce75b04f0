"""Backbones made of others: several layers of a network, or several networks, as one feature.

What a network was trained for is decided in its last layers; earlier ones keep more of shape and texture, which tell
apart classes that it was not trained for. So does the network as it was before it was fine-tuned.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.base import Backbone, Extractors


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


class Joined(Backbone):
    """Networks that see the same pixels, their features one after the other; standardise them before comparing.

    Raises BackboneError for networks that prepare pictures in different ways.
    """

    def __init__(self, *networks: Backbone) -> None:
        first, *others = networks
        for other in others:
            if other.transform != first.transform:
                raise BackboneError(
                    f"{first.name} and {other.name} prepare pictures in two ways ({first.transform}, "
                    f"{other.transform}), so they cannot stand side by side; leave backbone.keep_original out"
                )
        super().__init__(
            name=" + ".join(network.name for network in networks),
            feature_dim=sum(network.feature_dim for network in networks),
            transform=first.transform,
            architecture="joined " + " + ".join(network.architecture for network in networks),
        )
        self.networks = nn.ModuleList(networks)
        self.freeze()

    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, feature_dim) float32 features of (B, 3, H, W) normalised pixels."""
        return torch.cat([network(pixels) for network in self.networks], dim=1)


def with_several_layers(extractors: Extractors) -> Extractors:
    """The same networks with the features of several layers; one network for both sides stays one."""
    sketch = SeveralLayers(extractors.sketch)
    shared = extractors.sketch is extractors.photo
    return Extractors(sketch=sketch, photo=sketch if shared else SeveralLayers(extractors.photo))


def side_by_side(*extractors: Extractors) -> Extractors:
    """Pairs joined side by side; where every pair is one network for both sides, so is the result.

    Raises BackboneError for networks that prepare pictures in different ways.
    """
    sketch = Joined(*(pair.sketch for pair in extractors))
    shared = all(pair.sketch is pair.photo for pair in extractors)
    return Extractors(sketch=sketch, photo=sketch if shared else Joined(*(pair.photo for pair in extractors)))


def networks_below(backbone: Backbone) -> list[Backbone]:
    """The networks that a backbone is made of; itself, where it is no composite."""
    if isinstance(backbone, SeveralLayers):
        return networks_below(backbone.network)
    if isinstance(backbone, Joined):
        return [below for network in backbone.networks for below in networks_below(cast(Backbone, network))]
    return [backbone]
