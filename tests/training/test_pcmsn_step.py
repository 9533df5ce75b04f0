from dataclasses import replace

import pytest
import torch

from pcmsn.errors import TrainingError
from pcmsn.losses.weights import PCMSN_TERMS, LossConfig, ReconstructionKind
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.pcmsn import PCMSN
from pcmsn.seeding import seeded_torch, torch_generator
from pcmsn.training.config import OptimisationConfig, UpdateOrder
from pcmsn.training.pcmsn_step import PCMSNStep
from pcmsn.training.step import LossTerms

SKETCHES, PHOTOS = torch.randn(6, 12, generator=torch_generator(1)), torch.randn(6, 10, generator=torch_generator(2))
SEMANTIC, LABELS = torch.randn(6, 8, generator=torch_generator(3)), torch.tensor([0, 1, 2, 0, 1, 2])


def make(
    loss: LossConfig | None = None, config: OptimisationConfig | None = None, model: ModelConfig | None = None
) -> PCMSNStep:
    with seeded_torch(0, "test"):
        network = PCMSN(FeatureDims(sketch=12, photo=10, semantic=8, classes=3), model or ModelConfig(dim=4))
    return PCMSNStep(network, loss or LossConfig(), config or OptimisationConfig(), torch_generator(0))


def run(step: PCMSNStep) -> LossTerms:
    with seeded_torch(0, "dropout"):
        return step(SKETCHES, PHOTOS, SEMANTIC, LABELS)


def test_the_total_is_the_weighted_sum_of_the_terms() -> None:
    weights = LossConfig(adversarial=0.5, reconstruction=2.0, classification=0.25, cross_modal=3.0)
    terms = run(make(weights))
    expected = sum(getattr(weights, name) * terms.parts[name] for name in PCMSN_TERMS)
    assert terms.total == pytest.approx(expected, rel=1e-5)
    assert min(terms.as_dict().values()) > 0


@pytest.mark.parametrize("name", PCMSN_TERMS)
def test_a_weight_of_zero_switches_its_term_off(name: str) -> None:
    terms = run(make(replace(LossConfig(), **{name: 0.0})))
    assert terms.as_dict()[name] == 0
    assert terms.total > 0


def test_without_the_adversarial_term_the_discriminator_stays_as_it_was() -> None:
    step = make(LossConfig(adversarial=0))
    before = [parameter.clone() for parameter in step.model.discriminator.parameters()]
    assert run(step).parts["discriminator"] == 0
    assert all(torch.equal(a, b) for a, b in zip(before, step.model.discriminator.parameters(), strict=True))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("discriminator-first", ["discriminator", "generators"]),
        ("generators-first", ["generators", "discriminator"]),
    ],
)
def test_the_update_order_is_the_configured_one(
    order: UpdateOrder, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = make(config=OptimisationConfig(order=order))
    calls: list[str] = []
    monkeypatch.setattr(step.generator_optimizer, "step", lambda: calls.append("generators"))
    monkeypatch.setattr(step.discriminator_optimizer, "step", lambda: calls.append("discriminator"))
    run(step)
    assert calls == expected


def test_each_optimizer_moves_its_own_side_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for idle, discriminator_moves in (("generator_optimizer", True), ("discriminator_optimizer", False)):
        step = make()
        monkeypatch.setattr(getattr(step, idle), "step", lambda: None)
        before = {name: value.clone() for name, value in step.model.named_parameters()}
        run(step)
        changed = {name for name, value in step.model.named_parameters() if not torch.equal(value, before[name])}
        assert changed
        assert {name.startswith("discriminator.") for name in changed} == {discriminator_moves}


def test_the_discriminator_loss_does_not_reach_the_generators() -> None:
    step = make()
    output = step.model(SKETCHES, PHOTOS)
    step._update_discriminator(output, SEMANTIC)
    assert all(parameter.grad is None for parameter in step.model.generator_parameters())


def test_the_released_discriminator_uses_sgd_with_momentum() -> None:
    step = make(config=OptimisationConfig(discriminator="sgd", momentum=0.9))
    assert isinstance(step.discriminator_optimizer, torch.optim.SGD)
    assert step.discriminator_optimizer.param_groups[0]["momentum"] == 0.9
    run(step)


def test_a_loss_that_is_not_finite_stops_the_run_before_the_weights_are_spoilt() -> None:
    step = make()
    with pytest.raises(TrainingError, match="the loss is no longer a finite number"):
        step(SKETCHES * float("inf"), PHOTOS, SEMANTIC, LABELS)
    weights = [value for name, value in step.model.named_parameters() if not name.startswith("discriminator.")]
    assert all(torch.isfinite(value).all() for value in weights)


def test_epoch_means_are_taken_term_by_term() -> None:
    first, second = LossTerms(1, {"a": 2, "b": 3}), LossTerms(3, {"a": 4, "b": 7})
    assert LossTerms.mean([first, second]) == LossTerms(2, {"a": 3, "b": 5})


@pytest.mark.parametrize(
    "config",
    [ModelConfig(dim=4), ModelConfig(dim=4, progressive=False), ModelConfig(dim=4, retrieval_decoder="unshared")],
)
@pytest.mark.parametrize("kind", ["cross", "own"])
def test_every_form_of_the_model_learns_from_every_term(config: ModelConfig, kind: ReconstructionKind) -> None:
    step = make(LossConfig(reconstruction_kind=kind), model=config)
    before = {name: value.clone() for name, value in step.model.named_parameters()}
    terms = run(step)
    assert min(terms.as_dict().values()) > 0
    assert not [name for name, value in step.model.named_parameters() if torch.equal(value, before[name])]


def test_own_reconstruction_leaves_out_what_crosses() -> None:
    cross = run(make(LossConfig(reconstruction_kind="cross")))
    own = run(make(LossConfig(reconstruction_kind="own")))
    assert 0 < own.parts["reconstruction"] < cross.parts["reconstruction"]


def test_what_a_weight_of_zero_switches_off_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    step = make(LossConfig(reconstruction=0))
    monkeypatch.setattr(step.model.sketch_reconstruction, "forward", lambda _: pytest.fail("rebuilt for nothing"))
    assert run(step).parts["reconstruction"] == 0


def test_the_discriminator_of_the_single_step_sees_projected_class_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    step = make(model=ModelConfig(dim=4, progressive=False))
    seen: list[torch.Tensor] = []
    plain = step.model.discriminator.forward

    def watched(semantic: torch.Tensor) -> torch.Tensor:
        seen.append(semantic)
        return plain(semantic)

    monkeypatch.setattr(step.model.discriminator, "forward", watched)
    run(step)
    assert torch.equal(seen[0], step.model.semantic_projection(SEMANTIC))
    assert {tuple(semantic.shape) for semantic in seen} == {(6, 4)}
