"""The network while it is trained: trunk, bottleneck and a classifier over the seen classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.finetuned import make_bottleneck
from pcmsn.seeding import seeded_torch
from pcmsn.training.finetune.config import FinetuneConfig
from pcmsn.training.run_folder import tensors_under

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_MOMENTUM = 0.1  # some models bring 0.997, with which hardly more than the last batch's statistics are kept


class FinetuningNetwork(nn.Module):
    """From normalised pixels to logits. The trunk, which is frozen wherever features are extracted, learns here."""

    def __init__(self, trunk: Backbone, classes: int, config: FinetuneConfig) -> None:
        super().__init__()
        self.trunk = trunk
        with seeded_torch(config.schedule.seed, "new layers"):
            self.dropout = nn.Dropout(config.fitting.dropout)
            self.bottleneck = make_bottleneck(trunk.feature_dim, config.extractor.bottleneck)
            self.classifier = nn.Linear(config.extractor.bottleneck or trunk.feature_dim, classes)
        self._batch_norm_learns = config.trunk.batch_norm == "train"
        _choose_learners(trunk, config.trunk.frozen_share)
        self._leave_out_unused()

    def forward(self, pixels: Tensor) -> Tensor:
        """The (B, classes) logits of (B, 3, H, W) normalised pixels."""
        logits: Tensor = self.classifier(self.bottleneck(self.dropout(self.trunk(pixels))))
        return logits

    @property
    def feature_dim(self) -> int:
        """Length of the feature, the classifier's input."""
        return self.classifier.in_features

    def features_with(self, weights: Mapping[str, Tensor], pixels: Tensor) -> Tensor:
        """The (B, feature_dim) features of (B, 3, H, W) normalised pixels with other weights than its own."""
        hidden = functional_call(self.trunk, tensors_under("trunk.", weights), (pixels,))
        features: Tensor = functional_call(self.bottleneck, tensors_under("bottleneck.", weights), (hidden,))
        return features

    def train(self, mode: bool = True) -> FinetuningNetwork:
        """Itself, with dropout and, where they learn, batch statistics switched on or off."""
        super().train(mode)
        for part in self.trunk.children():  # the trunk itself refuses to leave evaluation mode
            part.train(mode)
        for module in self.trunk.modules():
            if isinstance(module, _BATCH_NORMS):
                module.momentum = _MOMENTUM
                learns = module.weight is None or module.weight.requires_grad
                module.train(mode and self._batch_norm_learns and learns)
        return self

    def groups(self, config: FinetuneConfig) -> list[dict[str, Any]]:
        """AdamW's parameter groups: trunk and new layers, each with and without weight decay; empty ones left out."""
        fitting = config.fitting
        new = (("bottleneck.", "classifier."), fitting.learning_rate * fitting.head_factor)
        groups = []
        for prefixes, rate in ((("trunk.",), fitting.learning_rate), new):
            learners = [p for name, p in self.named_parameters() if name.startswith(prefixes) and p.requires_grad]
            for decays in (True, False):
                parameters = [parameter for parameter in learners if (parameter.ndim > 1) == decays]
                decay = fitting.weight_decay if decays else 0.0
                if parameters:
                    groups.append({"params": parameters, "lr": rate, "highest_lr": rate, "weight_decay": decay})
        return groups

    def _leave_out_unused(self) -> None:
        """Freeze weights that the feature does not depend on: processes would wait for their gradients forever."""
        self.eval()
        transform = self.trunk.transform
        self(torch.zeros(2, 3, transform.height, transform.width)).sum().backward()
        for parameter in self.parameters():
            if parameter.grad is None:
                parameter.requires_grad_(False)
            parameter.grad = None


def _choose_learners(trunk: Backbone, frozen_share: float) -> None:
    parameters = list(trunk.parameters())
    frozen = round(frozen_share * len(parameters))
    for position, parameter in enumerate(parameters):
        parameter.requires_grad_(position >= frozen)


def compute_attention_as_products(network: nn.Module) -> None:
    """Let ``transformers`` models in the network compute attention as plain products instead of torch's fused kernel.

    The results are the same up to rounding. In bf16 on CPUs the fused kernel is slower than in 32 bits, the products
    are quicker (``benchmarks/finetuning_precision.py`` shows the sum). Models of a ``transformers`` too old to switch
    stay as they are.
    """
    for module in network.modules():
        switch = getattr(module, "set_attn_implementation", None)
        if switch is not None:
            switch("eager")


def extractor_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights that the extractor keeps: all but the classifier's."""
    return {name: tensor for name, tensor in weights.items() if name.startswith(("trunk.", "bottleneck."))}


def check_input_size(trunk: Backbone) -> None:
    """Raise BackboneError unless the trunk takes pictures of its transform's size."""
    transform = trunk.transform
    try:
        with torch.inference_mode():
            trunk(torch.zeros(1, 3, transform.height, transform.width))
    except Exception as error:  # each network refuses in its own way
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BackboneError(
            f"{trunk.name} does not take pictures of {transform.height} x {transform.width} pixels ({reason}); leave "
            "--input-size out, or choose a trunk without positions, such as a convolutional one"
        ) from error
