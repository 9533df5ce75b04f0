"""Integers that order photos as their distances do, from one matrix product, with a known doubt.

A key is the distance, or a rising function of it, in units of a 31-bit scale. The unit is more than all rounding in the
product and in the exact pairwise distance together, so keys of one query that differ by more than one unit settle which
photo is nearer, and sorting may use them; keys within one unit settle nothing. Keys are even, so that a mark fits in
the last bit: one unit is 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pcmsn.evaluation.ranking import Distance

Floats = NDArray[np.float64]
Keys = NDArray[np.int32]

UNIT = 2
"""Keys that differ by at most this may belong to distances in either order."""

LARGEST_KEY = 2.0**30 - 2.0**8
"""Before doubling; leaves room for rounding, the mark and one unit."""

SMALLEST, LARGEST = 1e-70, 1e70
"""Outside of these, products of norms may lose digits or overflow: then no key of a cosine says anything."""

_ROUNDING = 2.0**-53


@dataclass(frozen=True, eq=False)
class KeyScale:
    """key(i, j) = whole part of factor_i · (term_j - x_i·y_j), or of factor_i · (term_j · x_i·y_j), times two."""

    combine: Literal["subtract", "multiply"]
    photo_term: Floats
    """(N,)."""
    query_factor: Floats
    """(Q,); 0 where products say nothing: all keys are 0, within one unit of each other."""


def key_scale(sketch: Floats, photo: Floats, distance: Distance) -> KeyScale:
    """The scale of (Q, D) queries and (N, D) photos, whose values are finite and at most 1e150 in size."""
    sketch_norm, photo_norm = _norms(sketch), _norms(photo)
    # A generous multiple of (D + 2) u |x| |y|, the bound on the error of a product of length D summed in any order.
    doubt = 8 * (sketch.shape[1] + 8) * _ROUNDING
    if distance == "cosine":
        term = np.divide(-1.0, photo_norm, out=np.zeros_like(photo_norm), where=photo_norm > 0)
        reach, error = sketch_norm, doubt * sketch_norm
        trusted = all(_within_range(values) for values in (sketch, photo))
    else:
        # |x - y|² / 2 without the query's own |x|² / 2, which orders nothing, around a middle for keys of both signs.
        longest, shortest = float(photo_norm.max()), float(photo_norm.min())
        highest = sketch_norm * longest + longest**2 / 2
        lowest = _least_half_square(sketch_norm, shortest, longest)
        middle = float(np.median(highest + lowest)) / 2
        term = photo_norm**2 / 2 - middle
        reach = np.maximum(np.abs(highest - middle), np.abs(lowest - middle))
        error = doubt * (sketch_norm + longest) ** 2
        trusted = longest > SMALLEST**2
    unit = np.maximum(reach / LARGEST_KEY, error)
    factor = np.divide(1.0, unit, out=np.zeros_like(unit), where=(unit > 0) & trusted)
    return KeyScale("multiply" if distance == "cosine" else "subtract", term, factor)


def order_keys(products: Floats, photo_term: Floats, query_factor: Floats, scale: KeyScale) -> Keys:
    """(B, n) even keys of (B, n) products of B queries and n photos, whose terms and factors are given."""
    mixed = np.subtract(photo_term, products) if scale.combine == "subtract" else np.multiply(photo_term, products)
    keys = np.empty(products.shape, dtype=np.int32)
    np.multiply(mixed, query_factor[:, None], out=keys, casting="unsafe")
    keys += keys
    return keys


def _least_half_square(sketch_norm: Floats, shortest: float, longest: float) -> Floats:
    """(Q,) the least of |y|² / 2 - |x| |y| over norms |y| between the two."""
    nearest = np.clip(sketch_norm, shortest, longest)
    least: Floats = nearest**2 / 2 - sketch_norm * nearest
    return least


def _norms(values: Floats) -> Floats:
    """(N,) Euclidean lengths of the rows of (N, D)."""
    norms: Floats = np.sqrt(np.einsum("ij,ij->i", values, values))
    return norms


def _within_range(values: Floats) -> bool:
    """Whether every vector that is not zero has a size whose powers are ordinary numbers."""
    size = np.abs(values).max(axis=1)
    return bool(((size == 0) | ((size > SMALLEST) & (size < LARGEST))).all())
