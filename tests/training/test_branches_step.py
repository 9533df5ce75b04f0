from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from pcmsn.errors import TrainingError
from pcmsn.losses.weights import BRANCH_TERMS, LossConfig
from pcmsn.model.branches import Branches
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.seeding import seeded_torch, torch_generator
from pcmsn.training.branches_step import BranchesStep
from pcmsn.training.config import OptimisationConfig
from pcmsn.training.step import LossTerms

SKETCHES, PHOTOS = torch.randn(6, 12, generator=torch_generator(1)), torch.randn(6, 10, generator=torch_generator(2))
SEMANTIC, LABELS = torch.randn(3, 8, generator=torch_generator(3)), torch.tensor([0, 1, 2, 0, 1, 2])
WEIGHTS = LossConfig(adversarial=0, reconstruction=0, classification=0, cross_modal=0, contrastive=0.5, prototype=2.0)


def make(loss: LossConfig = WEIGHTS, learning_rate: float = 1e-3) -> BranchesStep:
    with seeded_torch(0, "test"):
        dims = FeatureDims(sketch=12, photo=10, semantic=8, classes=3)
        model = Branches(dims, ModelConfig(kind="branches", dim=4, branches=2, hidden=7))
    return BranchesStep(model, loss, OptimisationConfig(learning_rate=learning_rate), F.normalize(SEMANTIC))


def run(step: BranchesStep) -> LossTerms:
    with seeded_torch(0, "dropout"):
        return step(SKETCHES, PHOTOS, SEMANTIC[LABELS], LABELS)


def test_the_total_is_the_weighted_sum_of_the_terms() -> None:
    terms = run(make())
    assert terms.total == pytest.approx(
        sum(getattr(WEIGHTS, name) * terms.parts[name] for name in BRANCH_TERMS), rel=1e-5
    )
    assert set(terms.parts) == set(BRANCH_TERMS)
    assert min(terms.parts.values()) > 0


@pytest.mark.parametrize("name", BRANCH_TERMS)
def test_a_weight_of_zero_switches_its_term_off(name: str) -> None:
    terms = run(make(replace(WEIGHTS, **{name: 0.0})))
    assert terms.parts[name] == 0
    assert terms.total > 0


def test_every_parameter_learns() -> None:
    step = make()
    before = {name: value.clone() for name, value in step.model.named_parameters()}
    run(step)
    assert not [name for name, value in step.model.named_parameters() if torch.equal(value, before[name])]


def test_the_loss_falls_on_one_batch() -> None:
    step = make(learning_rate=1e-2)
    first, *_, last = [run(step).total for _ in range(30)]
    assert last < 0.7 * first


def test_a_loss_that_is_not_finite_stops_the_run_before_the_weights_are_spoilt() -> None:
    step = make()
    with pytest.raises(TrainingError, match="the loss is no longer a finite number"):
        step(SKETCHES * float("inf"), PHOTOS, SEMANTIC[LABELS], LABELS)
    assert all(torch.isfinite(value).all() for value in step.model.parameters())
