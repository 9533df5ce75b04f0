import pytest
import torch
import torch.nn.functional as F

from pcmsn.errors import ConfigError
from pcmsn.model.branches import Branches, BranchLinear, TwoLayers
from pcmsn.model.build import build_model
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.pcmsn import PCMSN
from pcmsn.seeding import seeded_torch, torch_generator

DIMS = FeatureDims(sketch=12, photo=10, semantic=8, classes=5)
SKETCHES, PHOTOS = torch.randn(20, 12, generator=torch_generator(1)), torch.randn(30, 10, generator=torch_generator(2))
SKETCH_CLASSES, PHOTO_CLASSES = torch.arange(20) % 5, torch.arange(30) % 3


def small(branches: int = 3) -> Branches:
    with seeded_torch(0, "test"):
        return Branches(DIMS, ModelConfig(kind="branches", dim=4, branches=branches, hidden=7))


def completed(branches: int = 3) -> Branches:
    model = small(branches)
    model.complete(SKETCHES, SKETCH_CLASSES, PHOTOS, PHOTO_CLASSES)
    return model


def test_a_branch_computes_what_two_linear_layers_compute() -> None:
    layers = TwoLayers(12, ModelConfig(branches=3, hidden=7, dim=4)).eval()
    found = layers(SKETCHES)
    assert found.shape == (3, 20, 4)
    for branch in range(3):
        hidden = SKETCHES @ layers.first.weight[branch] + layers.first.bias[branch]
        hidden = F.relu(hidden / (1 + layers.norm.eps) ** 0.5)  # statistics of an untrained norm: mean 0, variance 1
        expected = F.normalize(hidden @ layers.second.weight[branch] + layers.second.bias[branch], dim=1)
        assert torch.allclose(found[branch], expected, atol=1e-5)


def test_branches_do_not_share_a_gradient() -> None:
    layers = TwoLayers(12, ModelConfig(branches=3, hidden=7, dim=4)).train()
    layers(SKETCHES)[1].sum().backward()
    reached = layers.second.weight.grad.abs().sum(dim=(1, 2)) > 0  # type: ignore[union-attr]
    assert reached.tolist() == [False, True, False]
    assert (layers.first.weight.grad.abs().sum(dim=(1, 2)) > 0).tolist() == [False, True, False]  # type: ignore[union-attr]


def test_branches_start_from_different_weights_within_the_bound_of_a_linear_layer() -> None:
    linear = BranchLinear(2, 16, 9)
    assert not torch.equal(linear.weight[0], linear.weight[1])
    assert linear.weight.abs().max() <= 0.25 and linear.bias.abs().max() <= 0.25


def test_a_forward_pass_gives_sketches_then_photos() -> None:
    model = small().eval()
    found = model(SKETCHES[:6], PHOTOS[:6])
    assert found.shape == (3, 12, 4)
    assert torch.allclose(found[:, 6:], model.photo_branches(PHOTOS[:6]))
    assert torch.allclose(found.norm(dim=2), torch.ones(3, 12))


def test_a_picture_has_the_same_embedding_alone_and_in_a_batch() -> None:
    model = completed()
    together = model.embed_photos(PHOTOS)
    assert torch.allclose(together, torch.cat([model.embed_photos(row[None]) for row in PHOTOS]), atol=1e-6)
    assert torch.allclose(together.norm(dim=1), torch.ones(30))


def test_folding_keeps_the_directions_of_training_pictures() -> None:
    model = completed().eval().requires_grad_(False)
    gram = model.folding.T @ model.folding
    assert torch.allclose(gram, torch.eye(4), atol=1e-5)
    rows = F.normalize(
        torch.cat([model.sketch_branches(SKETCHES), model.photo_branches(PHOTOS)], dim=1).transpose(0, 1).flatten(1)
    )
    weights = torch.cat([torch.full((20,), 1 / 4), torch.full((30,), 1 / 10)])  # 4 sketches, 10 photos a class

    def kept(directions: torch.Tensor) -> float:
        return float(((rows @ directions).pow(2).sum(dim=1) * weights).sum())

    best = torch.linalg.svd(rows * weights.sqrt()[:, None], full_matrices=False)[2][:4].T
    assert kept(model.folding) == pytest.approx(kept(best), rel=1e-4)


def test_one_branch_loses_nothing_by_folding() -> None:
    model = completed(branches=1)
    model.eval()
    folded, plain = model.embed_photos(PHOTOS), model.photo_branches(PHOTOS)[0]
    assert torch.allclose(folded @ folded.T, plain @ plain.T, atol=1e-5)


def test_completing_twice_gives_the_same_and_leaves_training_mode() -> None:
    model = small().train()
    kept = model.sketch_branches.norm.running_mean.clone()  # type: ignore[union-attr]
    model.complete(SKETCHES, SKETCH_CLASSES, PHOTOS, PHOTO_CLASSES)
    first = model.folding.clone()
    model.complete(SKETCHES, SKETCH_CLASSES, PHOTOS, PHOTO_CLASSES)
    assert torch.equal(model.folding, first)
    assert model.training
    assert torch.equal(model.sketch_branches.norm.running_mean, kept)  # type: ignore[arg-type]


def test_the_configuration_names_the_model() -> None:
    assert isinstance(build_model(DIMS, ModelConfig()), PCMSN)
    assert isinstance(build_model(DIMS, ModelConfig(kind="branches")), Branches)


@pytest.mark.parametrize("values", [{"branches": 0}, {"hidden": 0}, {"input_dropout": 1.0}], ids=str)
def test_settings_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"model.{next(iter(values))} must be"):
        ModelConfig(**values)  # type: ignore[arg-type]
