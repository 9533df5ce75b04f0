"""The methods' losses against slow versions written from their definitions, and CCA against scikit-learn's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import cross_decomposition
from torch import Tensor

from pcmsn.losses.adversarial import FAKE_LABELS, REAL_LABELS, passes_as_fake_loss, passes_as_real_loss
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.training.methods.cca import PairMoments
from pcmsn.training.methods.pdfd import PdfdNetwork, domain_loss
from pcmsn.training.methods.sem_pcyc import (
    Cycles,
    FeatureSelection,
    SemPcycNetwork,
    cycle_loss,
    generated_classification_loss,
    regression_loss,
    selection_loss,
)
from pcmsn.training.methods.supcon import SupervisedContrastive
from pcmsn.training.methods.triplet import triplet_loss


def unit_batch(seed: int, pairs: int, classes: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sketches, photos = (
        torch.nn.functional.normalize(torch.randn(pairs, 4, generator=generator, dtype=torch.float64)) for _ in range(2)
    )
    return sketches, photos, torch.randint(0, classes, (pairs,), generator=generator)


def slow_triplet(sketches: Tensor, photos: Tensor, labels: Tensor, margin: float) -> float:
    terms = []
    for anchor, label in zip(sketches, labels, strict=True):
        for photo, own in zip(photos, labels, strict=True):
            for other, foreign in zip(photos, labels, strict=True):
                if own == label and foreign != label:
                    terms.append(margin + math.dist(anchor, photo) - math.dist(anchor, other))
    broken = [term for term in terms if term > 0]
    return sum(broken) / len(broken) if broken else 0.0


def slow_contrastive(sketches: Tensor, photos: Tensor, labels: Tensor, temperature: float) -> float:
    rows, classes = torch.cat([sketches, photos]), torch.cat([labels, labels])
    total = 0.0
    for i in range(len(rows)):
        others = [j for j in range(len(rows)) if j != i]
        scores = {j: math.exp(float(rows[i] @ rows[j]) / temperature) for j in others}
        own = [j for j in others if classes[j] == classes[i]]
        total -= sum(math.log(scores[j] / sum(scores.values())) for j in own) / len(own)
    return total / len(rows)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), pairs=st.integers(2, 6), margin=st.sampled_from([0.05, 0.2, 3.0]))
def test_the_triplet_loss_is_the_mean_over_broken_triplets_of_sketch_and_two_photos(
    seed: int, pairs: int, margin: float
) -> None:
    sketches, photos, labels = unit_batch(seed, pairs, 3)
    expected = slow_triplet(sketches, photos, labels, margin)
    assert triplet_loss(margin)(sketches, photos, labels).item() == pytest.approx(expected, abs=1e-5)


def test_the_pairs_themselves_are_triplets_positives() -> None:
    """Each class once in the batch: only the pair itself can be the positive."""
    sketches, photos = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    found = triplet_loss(0.2)(sketches, photos, torch.tensor([0, 1]))
    assert found.item() == pytest.approx(0.2 + math.sqrt(2), abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), pairs=st.integers(2, 6), temperature=st.sampled_from([0.1, 1.0]))
def test_the_contrastive_loss_is_the_papers_sum_over_positives_outside_the_logarithm(
    seed: int, pairs: int, temperature: float
) -> None:
    sketches, photos, labels = unit_batch(seed, pairs, 3)
    assume(len(labels.unique()) > 1)  # with one class the library gives 0
    expected = slow_contrastive(sketches, photos, labels, temperature)
    found = SupervisedContrastive(temperature=temperature)._loss(sketches, photos, labels).item()
    assert found == pytest.approx(expected, rel=1e-5)


def square(value: float) -> float:
    return value * value


def random_cycles(seed: int = 0) -> tuple[Cycles, Tensor, Tensor, Tensor]:
    """Three pairs; sketches of 4, photos of 5, semantic vectors of 2 elements."""
    generator = torch.Generator().manual_seed(seed)
    sizes = (2, 2, 4, 5, 4, 5, 2, 2)
    cycles = Cycles(*(torch.randn(3, size, generator=generator) for size in sizes))
    sketches, photos, encoded = (torch.randn(3, size, generator=generator) for size in (4, 5, 2))
    return cycles, sketches, photos, encoded


def mean_over(function: Callable[[float], float], first: Tensor, second: Tensor) -> float:
    values = [function(float(a - b)) for a, b in zip(first.flatten(), second.flatten(), strict=True)]
    return sum(values) / len(values)


def test_cycle_and_regression_losses_of_sem_pcyc() -> None:
    cycles, sketches, photos, encoded = random_cycles()
    found = {
        "cycle": cycle_loss(cycles, sketches, photos, encoded).item(),
        "regression": regression_loss(cycles, sketches, photos).item(),
    }
    whole = (
        (cycles.sketch_again, sketches),
        (cycles.photo_again, photos),
        (cycles.semantic_by_sketch, encoded),
        (cycles.semantic_by_photo, encoded),
    )
    both_ways = 2 * mean_over(square, cycles.sketch_semantic, cycles.photo_semantic)
    assert found == {
        "cycle": pytest.approx(sum(mean_over(abs, *pair) for pair in whole), rel=1e-5),
        "regression": pytest.approx(
            both_ways + mean_over(square, cycles.sketch, sketches) + mean_over(square, cycles.photo, photos),
            rel=1e-5,
        ),
    }


def test_the_selection_of_sem_pcyc_adds_the_length_of_each_class_vector_elements_weights() -> None:
    selection = FeatureSelection(3, 2)
    with torch.no_grad():
        selection.encoder.weight.copy_(torch.tensor([[3.0, 0.0, 0.0], [4.0, 0.0, 5.0]]))
        selection.encoder.bias.zero_()
        selection.decoder.weight.zero_()
        selection.decoder.bias.zero_()
    semantic = torch.tensor([[1.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
    squares = 9 / 6  # of the first row's elements, over both rows
    assert selection_loss(selection, semantic, 0.5).item() == pytest.approx(squares + 0.5 / 2 * (5 + 0 + 5))
    assert selection.encode(torch.tensor([[-1.0, 0.0, 0.5]])).tolist() == [[0.0, 0.0]]


def sem_pcyc_network() -> SemPcycNetwork:
    torch.manual_seed(0)
    return SemPcycNetwork(FeatureDims(sketch=4, photo=5, semantic=6, classes=3), 2, 0.0, 0.0, "fixed")


def test_what_sem_pcyc_generates_is_classified_in_its_own_space() -> None:
    cycles, *_ = random_cycles()
    network, labels = sem_pcyc_network(), torch.tensor([2, 0, 1])
    expected = 0.0
    for name in ("sketch_semantic", "photo_semantic", "sketch", "photo"):
        space = "semantic" if name.endswith("semantic") else name
        logits = getattr(cycles, name) @ network.classifiers[space].weight.T
        expected += sum(-float(row.log_softmax(0)[label]) for row, label in zip(logits, labels, strict=True)) / 3
    found = generated_classification_loss(cycles, network.classifiers, labels).item()
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_cycles_of_sem_pcyc_lead_through_the_generators_that_they_name() -> None:
    network = sem_pcyc_network().eval()
    generator = torch.Generator().manual_seed(1)
    sketches, photos, encoded = (torch.randn(3, size, generator=generator) for size in (4, 5, 2))
    cycles = network(sketches, photos, encoded)
    there, back = network.embed_photos, network.generators["semantic to photo"]
    assert torch.equal(cycles.photo_semantic, there(photos))
    assert torch.equal(cycles.photo_again, back(there(photos)))
    assert torch.equal(cycles.semantic_by_photo, there(back(encoded)))
    there, back = network.embed_sketches, network.generators["semantic to sketch"]
    assert torch.equal(cycles.sketch_again, back(there(sketches)))
    assert torch.equal(cycles.semantic_by_sketch, there(back(encoded)))


def test_the_domain_loss_of_pdfd_calls_retrieval_features_neither_sketch_nor_photo() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = [torch.randn(3, 3, generator=generator) for _ in range(4)]
    expected = sum(
        -float(row.log_softmax(0)[domain]) / 3
        for rows, domain in zip(logits, (0, 1, 2, 2), strict=True)
        for row in rows
    )
    assert domain_loss(*logits).item() == pytest.approx(expected, rel=1e-5)


def test_pdfd_rebuilds_a_domain_from_either_sides_retrieval_feature() -> None:
    torch.manual_seed(0)
    dims = FeatureDims(sketch=4, photo=4, semantic=3, classes=3)
    network = PdfdNetwork(dims, ModelConfig(dim=2, dropout=0.0), "fixed").eval()
    sketches, photos = torch.randn(3, 4), torch.randn(3, 4)
    parts = network(sketches, photos)
    own, other = network.embed_sketches(sketches), network.embed_photos(photos)
    domain = network.sketch_domain(sketches)
    assert torch.equal(parts.sketch_from_sketch, network.sketch_reconstruction(own + domain))
    assert torch.equal(parts.sketch_from_photo, network.sketch_reconstruction(other + domain))
    assert torch.equal(parts.photo_from_sketch, network.photo_reconstruction(own + network.photo_domain(photos)))
    assert not torch.equal(parts.photo_from_sketch, parts.photo_from_photo)


def test_soft_labels_are_drawn_from_their_ranges() -> None:
    zeros = torch.zeros(20_000)
    for loss, (low, high) in ((passes_as_real_loss, REAL_LABELS), (passes_as_fake_loss, FAKE_LABELS)):
        found = loss(zeros, torch.Generator().manual_seed(0)).item()
        second_moment = (high**3 - low**3) / (3 * (high - low))
        assert found == pytest.approx(second_moment, rel=0.02)


def two_views(generator: np.random.Generator, classes: int, each: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(classes), each)
    points = generator.normal(size=(classes, 3))[labels]
    sketches = (points + 0.5 * generator.normal(size=points.shape)) @ generator.normal(size=(3, 5))
    photos = (points + 0.5 * generator.normal(size=points.shape)) @ generator.normal(size=(3, 4))
    noise = 0.3
    return (
        sketches + noise * generator.normal(size=sketches.shape),
        photos + noise * generator.normal(size=photos.shape),
        labels,
    )


def test_cca_finds_the_correlations_that_scikit_learn_finds_on_all_pairs() -> None:
    sketches, photos, labels = two_views(np.random.default_rng(0), classes=9, each=4)
    pairs = [(i, j) for i in range(len(labels)) for j in range(len(labels)) if labels[i] == labels[j]]
    x, y = sketches[[i for i, _ in pairs]], photos[[j for _, j in pairs]]
    slow = cross_decomposition.CCA(n_components=3, scale=False, max_iter=5000, tol=1e-12).fit(x, y)
    expected = [
        abs(np.corrcoef(a, b)[0, 1]) for a, b in zip(*(scores.T for scores in slow.transform(x, y)), strict=True)
    ]
    moments = PairMoments.of(sketches, labels, photos, labels)
    of_sketches, of_photos, correlations = moments.directions(1e-12, 3)
    np.testing.assert_allclose(correlations, expected, rtol=1e-4)
    projected = (x - moments.sketch_mean) @ of_sketches, (y - moments.photo_mean) @ of_photos
    for number in range(3):
        pair = np.corrcoef(projected[0][:, number], projected[1][:, number])[0, 1]
        assert pair == pytest.approx(expected[number], rel=1e-4)


def test_the_moments_of_cca_weigh_every_class_the_same() -> None:
    """A class whose pictures are listed three times counts as before."""
    sketches, photos, labels = two_views(np.random.default_rng(1), classes=4, each=3)
    repeated = np.concatenate([np.arange(12), np.arange(3), np.arange(3)])
    first = PairMoments.of(sketches, labels, photos, labels)
    second = PairMoments.of(sketches[repeated], labels[repeated], photos, labels)
    for name in ("sketch_mean", "sketch", "cross"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), atol=1e-12)
