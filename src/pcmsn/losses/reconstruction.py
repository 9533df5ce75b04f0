"""The reconstruction terms (eq. 2 to 8): semantic features must still be able to rebuild visual features.

The paper proposes that they rebuild those of both modalities, and compares that with each rebuilding its own.
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
    """Sum of the four mean squared errors between visual features and their reconstructions (eq. 2 to 8), a scalar.

    |R_ske(z_ske) - x_ske|² + |R_ske(z_img) - x_ske|² + |R_img(z_ske) - x_img|² + |R_img(z_img) - x_img|², where
    ``sketch_from_photo``, for example, is R_ske(z_img). ``sketch`` and the two ``sketch_from_*`` are (B, sketch_dim),
    ``photo`` and the two ``photo_from_*`` (B, photo_dim). The mean is over pairs and elements, as in the released code,
    so that a weight means the same for features of any length.
    """
    return (
        F.mse_loss(sketch_from_sketch, sketch)
        + F.mse_loss(sketch_from_photo, sketch)
        + F.mse_loss(photo_from_sketch, photo)
        + F.mse_loss(photo_from_photo, photo)
    )


def own_reconstruction_loss(
    sketch: Tensor, photo: Tensor, *, sketch_from_sketch: Tensor, photo_from_photo: Tensor
) -> Tensor:
    """Sum of the two mean squared errors within a modality, a scalar: eq. 2 to 8 without the terms that cross.

    |R_ske(z_ske) - x_ske|² + |R_img(z_img) - x_img|²; ``sketch`` and ``sketch_from_sketch`` are (B, sketch_dim),
    ``photo`` and ``photo_from_photo`` (B, photo_dim). The mean is over pairs and elements.
    """
    return F.mse_loss(sketch_from_sketch, sketch) + F.mse_loss(photo_from_photo, photo)
