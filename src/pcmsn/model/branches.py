"""The model of preset ``best``: several small two-layer networks a modality, folded into one retrieval feature.

Each branch leads from visual features to retrieval features of length 1 and is trained by itself, on the same batches
with dropout of its own. Their features, one after the other, hold more than any of them; the principal directions of
the training pictures bring them back to the length of one. All branches are computed at once, as one more dimension.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.retrieval_model import RetrievalModel


class Branches(RetrievalModel):
    """Visual -> hidden -> retrieval feature in every branch and modality.

    ``semantic_projection`` is for the prototype loss alone.
    """

    folding: Tensor
    """(branches dim, dim) brings the branches' features, side by side, to the length of one."""

    def __init__(self, dims: FeatureDims, config: ModelConfig) -> None:
        super().__init__(dims, config)
        self.sketch_branches = TwoLayers(dims.sketch, config)
        self.photo_branches = TwoLayers(dims.photo, config)
        self.semantic_projection = BranchLinear(config.branches, config.dim, dims.semantic)
        # Until ``complete`` computes it, folding adds the branches up.
        self.register_buffer("folding", torch.eye(config.dim).repeat(config.branches, 1))

    def forward(self, sketch_features: Tensor, photo_features: Tensor) -> Tensor:
        """The (branches, 2 B, dim) features of length 1 of B pairs, sketches first, from raw visual features."""
        sketches = self.sketch_branches(self.sketch_standardisation(sketch_features))
        photos = self.photo_branches(self.photo_standardisation(photo_features))
        return torch.cat([sketches, photos], dim=1)

    @torch.inference_mode()
    def complete(self, sketches: Tensor, sketch_classes: Tensor, photos: Tensor, photo_classes: Tensor) -> None:
        """Set ``folding`` to the principal directions of training pictures, as ``RetrievalModel.complete`` says.

        Every class has the same weight, in each modality. The directions are those of the second moment about 0, not
        about the mean, since retrieval compares by cosine, which is about 0 too.
        """
        with self._evaluating():
            moment = sum(
                _second_moment(_side_by_side(branches(features)), classes)
                for branches, features, classes in (
                    (self.sketch_branches, self.sketch_standardisation(sketches), sketch_classes),
                    (self.photo_branches, self.photo_standardisation(photos), photo_classes),
                )
            )
        _, directions = torch.linalg.eigh(moment)
        self.folding.copy_(_with_sign(directions[:, -self.config.dim :].flip(1)))

    def _retrieve_sketches(self, features: Tensor) -> Tensor:
        return self._folded(self.sketch_branches(features))

    def _retrieve_photos(self, features: Tensor) -> Tensor:
        return self._folded(self.photo_branches(features))

    def _folded(self, features: Tensor) -> Tensor:
        """(branches, N, dim) to (N, dim), rows of length 1."""
        return F.normalize(_side_by_side(features) @ self.folding, dim=1)


class TwoLayers(nn.Module):
    """All branches of one modality: in -> hidden -> dim in each, ending in features of length 1."""

    def __init__(self, in_dim: int, config: ModelConfig) -> None:
        super().__init__()
        self.branches = config.branches
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.first = BranchLinear(config.branches, in_dim, config.hidden)
        self.norm = nn.BatchNorm1d(config.branches * config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.second = BranchLinear(config.branches, config.hidden, config.dim)

    def forward(self, features: Tensor) -> Tensor:
        """Standardised (N, in) features to (branches, N, dim)."""
        hidden = self.first(self.input_dropout(features.expand(self.branches, -1, -1)))
        hidden = self.dropout(F.relu(self._normalised(hidden)))
        return F.normalize(self.second(hidden), dim=2)

    def _normalised(self, hidden: Tensor) -> Tensor:
        """(branches, N, hidden) with each element of each branch normalised over the batch."""
        branches, count, width = hidden.shape
        rows = self.norm(hidden.transpose(0, 1).reshape(count, branches * width))
        normalised: Tensor = rows.view(count, branches, width).transpose(0, 1)
        return normalised


class BranchLinear(nn.Module):
    """A linear layer in each branch, initialised as ``nn.Linear`` is."""

    def __init__(self, branches: int, in_dim: int, out_dim: int) -> None:
        super().__init__()
        bound = in_dim**-0.5
        self.weight = nn.Parameter(torch.empty(branches, in_dim, out_dim).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(branches, 1, out_dim).uniform_(-bound, bound))

    def forward(self, inputs: Tensor) -> Tensor:
        """(branches, N, in) to (branches, N, out)."""
        return torch.baddbmm(self.bias, inputs, self.weight)


def _side_by_side(features: Tensor) -> Tensor:
    """(branches, N, dim) to (N, branches dim)."""
    return features.transpose(0, 1).flatten(1)


def _second_moment(features: Tensor, classes: Tensor) -> Tensor:
    """The (D, D) sum over classes of the mean outer product of their rows of (N, D) features, in float64."""
    weights = 1 / torch.bincount(classes)[classes].double()
    rows = features.double()
    return (rows * weights[:, None]).T @ rows


def _with_sign(directions: Tensor) -> Tensor:
    """Columns with the sign that makes their largest element positive: an eigenvector's own sign is arbitrary."""
    largest = directions.abs().argmax(dim=0, keepdim=True)
    return directions * directions.gather(0, largest).sign()
