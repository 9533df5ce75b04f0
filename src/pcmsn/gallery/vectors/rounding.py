"""How far the squared distances of a search library, which are sums in float32, can be from the true ones."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", float, NDArray[np.float64])

_UNIT = 2.0**-24
"""Relative rounding error of float32."""


def largest_float32_square(distance: Real, norm: Real, dim: int) -> Real:
    """The largest squared distance that a library can give to a vector that is truly as near as ``distance``.

    ``distance`` is rounded to float32, ``norm`` is the length of the query, ``dim`` that of vectors in values. With
    rounding error u, the sums of |a|² - 2ab + |b|² err by at most (dim + c) u (|q| + |v|)², and |v| is at most |q|
    plus the distance.
    """
    beyond = distance * (1 + 8 * _UNIT)
    tiny = dim * float(np.finfo(np.float32).tiny)
    return beyond**2 + 2 * (dim + 8) * _UNIT * (2 * norm + beyond) ** 2 + tiny
