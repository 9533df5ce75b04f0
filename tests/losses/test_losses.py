"""Each term against a slow loop written from the paper, and cases worked by hand."""

import math

import pytest
import torch
from torch import Tensor

from pcmsn.errors import ConfigError
from pcmsn.losses.adversarial import discriminator_loss, generator_loss
from pcmsn.losses.classification import classification_loss
from pcmsn.losses.cross_modal import cross_modal_euclidean_loss
from pcmsn.losses.reconstruction import cross_reconstruction_loss, own_reconstruction_loss
from pcmsn.losses.weights import LossConfig
from pcmsn.seeding import torch_generator


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch_generator(seed, "test", len(shape)), dtype=torch.float64)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_the_log_discriminator_loss_is_equation_1_with_its_sign_turned() -> None:
    real, sketch, photo = normal(5, seed=1), normal(5, seed=2), normal(5, seed=3)
    expected = 0.0
    for r, s, p in zip(real.tolist(), sketch.tolist(), photo.tolist(), strict=True):
        expected -= (2 * math.log(sigmoid(r)) + math.log(1 - sigmoid(s)) + math.log(1 - sigmoid(p))) / 5
    loss = discriminator_loss(real, sketch, photo, form="log", generator=torch_generator(0))
    assert loss.item() == pytest.approx(expected)


def test_the_log_generator_loss_asks_for_fakes_that_pass() -> None:
    sketch, photo = normal(4, seed=2), normal(4, seed=3)
    expected = 0.0
    for s, p in zip(sketch.tolist(), photo.tolist(), strict=True):
        expected -= (math.log(sigmoid(s)) + math.log(sigmoid(p))) / 4
    assert generator_loss(sketch, photo, form="log", generator=torch_generator(0)).item() == pytest.approx(expected)


def test_an_undecided_discriminator_costs_four_log_two() -> None:
    zero = torch.zeros(3)
    loss = discriminator_loss(zero, zero, zero, form="log", generator=torch_generator(0))
    assert loss.item() == pytest.approx(4 * math.log(2))


def test_extreme_outputs_do_not_overflow() -> None:
    far = torch.tensor([1e4, -1e4])
    for form in ("log", "least-squares"):
        assert torch.isfinite(discriminator_loss(far, far, far, form=form, generator=torch_generator(0)))


def test_soft_labels_lie_in_the_released_intervals() -> None:
    """With output c, the mean squared distance to U[a, b] is (c - (a + b) / 2)^2 + (b - a)^2 / 12."""
    many = torch.full((400_000,), 0.4)
    loss = discriminator_loss(many, many, many, form="least-squares", generator=torch_generator(0))
    variance = 0.3**2 / 12
    expected = ((0.4 - 0.85) ** 2 + variance) + ((0.4 - 0.15) ** 2 + variance)
    assert loss.item() == pytest.approx(expected, rel=2e-3)
    loss = generator_loss(many, many, form="least-squares", generator=torch_generator(0))
    assert loss.item() == pytest.approx(2 * ((0.4 - 0.85) ** 2 + variance), rel=2e-3)


def test_soft_labels_come_from_the_given_generator() -> None:
    values = [normal(6, seed=seed) for seed in range(3)]
    first, again, other = (
        discriminator_loss(*values, form="least-squares", generator=torch_generator(seed)).item() for seed in (0, 0, 1)
    )
    assert first == again != other


def test_cross_reconstruction_adds_four_mean_squared_errors() -> None:
    sketch, photo = normal(3, 4, seed=1), normal(3, 5, seed=2)
    rebuilt = {
        "sketch_from_sketch": normal(3, 4, seed=3),
        "sketch_from_photo": normal(3, 4, seed=4),
        "photo_from_sketch": normal(3, 5, seed=5),
        "photo_from_photo": normal(3, 5, seed=6),
    }
    expected = 0.0
    for name, reconstruction in rebuilt.items():
        target = sketch if name.startswith("sketch") else photo
        rows = zip(target.tolist(), reconstruction.tolist(), strict=True)
        errors = [(a - b) ** 2 for row, other in rows for a, b in zip(row, other, strict=True)]
        expected += sum(errors) / len(errors)
    assert cross_reconstruction_loss(sketch, photo, **rebuilt).item() == pytest.approx(expected)


def test_own_reconstruction_adds_the_two_mean_squared_errors_within_a_modality() -> None:
    sketch, photo = normal(3, 4, seed=1), normal(3, 5, seed=2)
    rebuilt = {"sketch_from_sketch": normal(3, 4, seed=3), "photo_from_photo": normal(3, 5, seed=6)}
    expected = 0.0
    for name, target in (("sketch_from_sketch", sketch), ("photo_from_photo", photo)):
        total, count = 0.0, 0
        for wanted, made in zip(target.tolist(), rebuilt[name].tolist(), strict=True):
            for a, b in zip(wanted, made, strict=True):
                total, count = total + (a - b) ** 2, count + 1
        expected += total / count
    assert own_reconstruction_loss(sketch, photo, **rebuilt).item() == pytest.approx(expected)
    crossed = {"sketch_from_photo": sketch, "photo_from_sketch": photo}
    assert cross_reconstruction_loss(sketch, photo, **rebuilt, **crossed).item() == pytest.approx(expected)


def test_a_perfect_reconstruction_costs_nothing() -> None:
    x = normal(2, 3)
    assert own_reconstruction_loss(x, x, sketch_from_sketch=x, photo_from_photo=x).item() == 0
    loss = cross_reconstruction_loss(
        x, x, sketch_from_sketch=x, sketch_from_photo=x, photo_from_sketch=x, photo_from_photo=x
    )
    assert loss.item() == 0


def test_classification_adds_the_cross_entropy_of_both_modalities() -> None:
    sketch, photo, labels = normal(4, 3, seed=1), normal(4, 3, seed=2), torch.tensor([0, 2, 1, 1])
    expected = 0.0
    for logits in (sketch, photo):
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
            expected -= (row[label] - math.log(sum(math.exp(value) for value in row))) / 4
    assert classification_loss(sketch, photo, labels).item() == pytest.approx(expected)


def test_the_cross_modal_term_is_the_mean_squared_difference_of_pairs() -> None:
    sketch = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    photo = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    assert cross_modal_euclidean_loss(sketch, photo).item() == pytest.approx((4 + 9) / 4)
    assert cross_modal_euclidean_loss(sketch, sketch).item() == 0


def test_negative_or_infinite_weights_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"loss.reconstruction must be a finite number >= 0, got -1"):
        LossConfig(reconstruction=-1)
    with pytest.raises(ConfigError, match=r"loss.adversarial must be a finite number >= 0, got inf"):
        LossConfig(adversarial=float("inf"))
