"""The reconstruction term (eq. 2 to 8): semantic features must rebuild visual features, of both sides or their own.

The paper proposes the former, cross-reconstruction, and compares it with the latter.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def cross_reconstruction_loss(
    sketch: Tensor,
    photo: Tensor,
    *,
    sketch_from_sketch: Tensor,
    sketch_from_photo: Tensor,
    photo_from_sketch: Tensor,
    photo_from_photo: Tensor,
) -> Tensor:
    """Sum of the four mean squared errors between visual features and their reconstructions, a scalar.

    ``sketch`` and the two ``sketch_from_*`` are (B, sketch_dim), ``photo`` and the two ``photo_from_*`` (B, photo_dim).
    ``sketch_from_photo`` is R_ske(z_img). The mean is over elements too, as in the released code, so that the weight
    means the same for a feature of any length.
    """
    return (
        F.mse_loss(sketch_from_sketch, sketch)
        + F.mse_loss(sketch_from_photo, sketch)
        + F.mse_loss(photo_from_sketch, photo)
        + F.mse_loss(photo_from_photo, photo)
    )


def photo_reconstruction_loss(reconstruction: Tensor, photo: Tensor) -> Tensor:
    """1 - cosine between reconstructed and real visual features of photos, averaged; a scalar.

    ``reconstruction`` is (..., N, photo_dim), ``photo`` (N, photo_dim). An angle, unlike a squared error, does not ask
    for the length of a feature, of which an embedding of unit length knows nothing.
    """
    return (1 - F.cosine_similarity(reconstruction, photo.expand_as(reconstruction), dim=-1)).mean()


def own_reconstruction_loss(
    sketch: Tensor, photo: Tensor, *, sketch_from_sketch: Tensor, photo_from_photo: Tensor
) -> Tensor:
    """Sum of the two mean squared errors within a modality, a scalar: eq. 2 to 8 less the terms that cross.

    |R_ske(z_ske) - x_ske|^2 + |R_img(z_img) - x_img|^2; ``sketch`` and ``sketch_from_sketch`` are (B, sketch_dim),
    ``photo`` and ``photo_from_photo`` (B, photo_dim). The mean is over elements too.
    """
    return F.mse_loss(sketch_from_sketch, sketch) + F.mse_loss(photo_from_photo, photo)
