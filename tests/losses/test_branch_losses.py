import math

import pytest
import torch
import torch.nn.functional as F

from pcmsn.errors import ConfigError
from pcmsn.losses.contrastive import supervised_contrastive_loss
from pcmsn.losses.prototype import prototype_loss
from pcmsn.losses.weights import LossConfig
from pcmsn.seeding import torch_generator


def test_an_embedding_without_another_of_its_class_is_left_out_of_the_contrastive_mean() -> None:
    """It still counts as one of the others. The whole loss is tested in tests/training/test_methods_losses.py."""
    rows = torch.eye(3)[[0, 0, 1]]
    found = supervised_contrastive_loss(rows, torch.tensor([0, 0, 1]), 1.0)
    assert float(found) == pytest.approx(-math.log(math.e / (math.e + 1)))


def test_the_contrastive_term_falls_where_classes_gather() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    gathered = torch.eye(2)[labels]
    assert supervised_contrastive_loss(gathered, labels, 0.1) < supervised_contrastive_loss(
        gathered, torch.tensor([0, 1, 0, 1]), 0.1
    )


def test_the_prototype_term_by_hand() -> None:
    prototypes = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    semantic = torch.tensor([[3.0, 0.0]])  # cosines 1 and 0
    wrong = float(prototype_loss(semantic, prototypes, torch.tensor([1]), 0.5))
    assert wrong == pytest.approx(math.log(math.exp(2) + 1))
    assert float(prototype_loss(semantic, prototypes, torch.tensor([0]), 0.5)) == pytest.approx(wrong - 2)


def test_branches_are_averaged_in_the_prototype_term() -> None:
    semantic = torch.randn(3, 5, 4, generator=torch_generator(1))
    prototypes = F.normalize(torch.randn(6, 4, generator=torch_generator(2)), dim=1)
    labels = torch.tensor([0, 5, 2, 2, 1])
    alone = torch.stack([prototype_loss(one, prototypes, labels, 0.1) for one in semantic]).mean()
    assert torch.allclose(prototype_loss(semantic, prototypes, labels, 0.1), alone)


@pytest.mark.parametrize("values", [{"contrastive": -1.0}, {"prototype": float("nan")}, {"temperature": 0.0}], ids=str)
def test_weights_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"loss.{next(iter(values))} must be"):
        LossConfig(**values)  # type: ignore[arg-type]
