"""Binary codes by iterative quantisation: PCA, then the rotation that brings the embeddings closest to ±1.

Gong and Lazebnik, "Iterative Quantization: A Procrustean Approach to Learning Binary Codes", CVPR 2011.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pcmsn.errors import EvaluationError, enumerate_names

Floats = NDArray[np.float64]

ITERATIONS = 50
"""Updates of the rotation, in the released code and here."""
RELEASED_SEED = 50
"""The released code seeds NumPy's legacy generator with its number of iterations."""


@dataclass(frozen=True, eq=False)
class ITQ:
    """A binary encoder for both modalities, fitted on training embeddings and then applied to one picture or many."""

    sketch_mean: Floats
    """(D,) mean of the training sketches."""
    photo_mean: Floats
    """(D,) mean of the training photos."""
    projection: Floats
    """(D, bits) principal directions of the centred training embeddings, strongest first."""
    rotation: Floats
    """(bits, bits) orthogonal matrix that brings projected embeddings closest to ±1."""

    def __post_init__(self) -> None:
        dimension, bits = _check_matrix("projection", self.projection)
        for name in ("sketch_mean", "photo_mean"):
            if getattr(self, name).shape != (dimension,):
                shape = getattr(self, name).shape
                raise EvaluationError(f"ITQ {name} has shape {shape}, expected ({dimension},) as the projection has")
        if self.rotation.shape != (bits, bits):
            raise EvaluationError(f"ITQ rotation has shape {self.rotation.shape}, expected ({bits}, {bits})")
        for name, array in self.to_arrays().items():
            if array.dtype != np.float64:
                raise EvaluationError(f"ITQ {name} must be float64 values, got {array.dtype}; fit ITQ again")
            if not np.isfinite(array).all():
                raise EvaluationError(f"ITQ {name} holds NaN or infinite values; fit ITQ again")
        if not np.allclose(self.rotation @ self.rotation.T, np.eye(bits), atol=1e-6):
            raise EvaluationError("ITQ rotation is not orthogonal: the saved arrays are damaged; fit ITQ again")

    @property
    def bits(self) -> int:
        """Length of a code."""
        return int(self.projection.shape[1])

    @classmethod
    def fit(
        cls,
        sketch_embedding: NDArray[np.floating],
        photo_embedding: NDArray[np.floating],
        bits: int,
        generator: np.random.Generator,
    ) -> ITQ:
        """The encoder learned from (Q, D) sketch and (N, D) photo embeddings of the TRAINING classes.

        Each modality is centred by its own mean. ``generator`` draws the rotation that learning begins with.
        Raises EvaluationError unless 1 <= bits <= D, and when the two have different D or values are not finite.
        """
        sketch = _checked("training sketch", sketch_embedding)
        photo = _checked("training photo", photo_embedding, sketch.shape[1])
        sketch_mean, photo_mean = sketch.mean(axis=0), photo.mean(axis=0)
        centred = np.concatenate([sketch - sketch_mean, photo - photo_mean])
        projection = principal_directions(centred, bits)
        rotation, _ = learn_rotation(centred @ projection, generator)
        return cls(sketch_mean, photo_mean, projection, rotation)

    def encode_sketches(self, embedding: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(N, bits) codes of (N, D) sketch embeddings; each row's code depends on that row alone."""
        return self._encode(_checked("sketch", embedding, len(self.sketch_mean)) - self.sketch_mean)

    def encode_photos(self, embedding: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(N, bits) codes of (N, D) photo embeddings; each row's code depends on that row alone."""
        return self._encode(_checked("photo", embedding, len(self.photo_mean)) - self.photo_mean)

    def to_arrays(self) -> dict[str, Floats]:
        """The arrays by field name, to be saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> ITQ:
        """The encoder that ``to_arrays`` gave. Raises EvaluationError for other names, shapes or values."""
        names = [field.name for field in fields(cls)]
        if set(arrays) != set(names):
            got, expected = enumerate_names(sorted(arrays)) or "none", enumerate_names(names)
            raise EvaluationError(f"saved ITQ holds the arrays {got}, expected {expected}")
        return cls(**arrays)

    def _encode(self, centred: Floats) -> NDArray[np.bool_]:
        # One vector-matrix product a row: a product of the whole batch may round a value near 0 to the other side.
        rotated: Floats = np.matmul(centred[:, None, :], self.projection @ self.rotation)[:, 0]
        return rotated > 0


def released_itq_codes(
    sketch: NDArray[np.floating], photo: NDArray[np.floating], bits: int | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(Q, bits) and (N, bits) codes by the released, transductive protocol, for comparison with published numbers.

    ``sketch`` (Q, D) and ``photo`` (N, D) are embeddings of the test classes; ``bits`` None makes D bits.

    PCA and 50 iterations are fitted on the TEST sketches themselves, and each modality is centred by its own test mean,
    so a code depends on the other queries and a single query encodes to zeros. The released update transposes the wrong
    factor of the singular value decomposition, so that its rotation does not approach the codes and is as good as a
    random one; it is repeated here to be comparable with that code. Use ``ITQ`` for anything but a comparison.

    Raises EvaluationError as ``ITQ.fit`` does.
    """
    dimension = _checked("sketch", sketch).shape[1]
    _checked("photo", photo, dimension)
    bits = dimension if bits is None else bits
    _check_bits(bits, dimension)
    centred_sketch, centred_photo = (_centred_in_own_precision(values) for values in (sketch, photo))
    covariance = np.atleast_2d(np.cov(centred_sketch, rowvar=False, ddof=min(1, len(centred_sketch) - 1)))
    directions = np.linalg.eigh(covariance, UPLO="U").eigenvectors[:, ::-1][:, :bits]
    projected = centred_sketch @ directions
    random = np.random.RandomState(RELEASED_SEED)
    rotation = np.linalg.svd(random.standard_normal((bits, bits))).U
    for _ in range(ITERATIONS):
        left, _, right = np.linalg.svd(np.where(projected @ rotation >= 0, 1.0, -1.0).T @ projected)
        rotation = right @ left.T  # orthogonal Procrustes would be right.T @ left.T
    return projected @ rotation > 0, centred_photo @ directions @ rotation > 0


def _centred_in_own_precision(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """(N, D) values less their mean, in their own precision, whose rounding decides bits where sketches are few."""
    values = np.asarray(values)
    values = values.astype(np.result_type(values.dtype, np.float32))
    centred: NDArray[np.floating] = values - values.mean(axis=0)
    return centred


def principal_directions(centred: Floats, bits: int) -> Floats:
    """(D, bits) orthonormal directions of largest variance of centred (N, D) values, the largest first.

    Raises EvaluationError unless 1 <= bits <= D.
    """
    _check_bits(bits, centred.shape[1])
    _, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    strongest = directions[:, ::-1][:, :bits]
    largest = strongest[np.abs(strongest).argmax(axis=0), np.arange(bits)]
    return strongest * np.where(largest < 0, -1.0, 1.0)  # a direction's sign is free and differs between machines


def learn_rotation(
    projected: Floats, generator: np.random.Generator, iterations: int = ITERATIONS
) -> tuple[Floats, Floats]:
    """The (bits, bits) ITQ rotation of (N, bits) projected values, and the (iterations + 1,) quantisation errors.

    Each iteration takes the signs of the rotated values as codes, then the rotation that is closest to these codes
    (orthogonal Procrustes). The error, mean |code - value|² with codes ±1, never rises.
    """
    bits = projected.shape[1]
    rotation, _ = np.linalg.qr(generator.standard_normal((bits, bits)))
    rotated = projected @ rotation
    errors = [_quantisation_error(rotated)]
    for _ in range(iterations):
        codes = np.copysign(1.0, rotated)
        left, _, right = np.linalg.svd(projected.T @ codes)
        rotation = left @ right
        rotated = projected @ rotation
        errors.append(_quantisation_error(rotated))
    return rotation, np.array(errors)


def _quantisation_error(rotated: Floats) -> float:
    """Mean over rows of |code - value|², a sum of (|value| - 1)², multiplied out so that no array is made of it."""
    squared = np.vdot(rotated, rotated) - 2.0 * np.abs(rotated).sum() + rotated.size
    return float(squared / len(rotated))


def _checked(name: str, embedding: NDArray[np.floating], dimension: int | None = None) -> Floats:
    """The embeddings as float64. Raises EvaluationError unless they are finite, (rows, D), and D is ``dimension``."""
    values = np.asarray(embedding, dtype=np.float64)
    _, columns = _check_matrix(f"{name} embeddings", values)
    if dimension is not None and columns != dimension:
        raise EvaluationError(f"{name} embeddings have {columns} dimensions, expected {dimension}")
    if not np.isfinite(values).all():
        raise EvaluationError(f"{name} embeddings hold NaN or infinite values and cannot be made into codes")
    return values


def _check_bits(bits: int, dimension: int) -> None:
    if not 1 <= bits <= dimension:
        raise EvaluationError(
            f"ITQ can make codes of 1 to {dimension} bits from {dimension}-dimensional embeddings, got bits={bits}"
        )


def _check_matrix(name: str, values: NDArray[np.generic]) -> tuple[int, int]:
    if values.ndim != 2 or 0 in values.shape:
        raise EvaluationError(f"ITQ {name} must be a (rows, columns) array that is not empty, got {values.shape}")
    return values.shape[0], values.shape[1]
