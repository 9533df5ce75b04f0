import pytest
import torch

from pcmsn.errors import ConfigError
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.networks import Discriminator, Generator, RetrievalDecoder, SeenClassifier, Standardisation
from pcmsn.model.pcmsn import PCMSN
from pcmsn.seeding import seeded_torch

DIMS = FeatureDims(sketch=12, photo=10, semantic=8, classes=5)


def small(**config: object) -> PCMSN:
    with seeded_torch(0, "test"):
        return PCMSN(DIMS, ModelConfig(dim=6, **config))  # type: ignore[arg-type]


def test_a_batch_of_pairs_gives_every_output_in_its_shape() -> None:
    output = small()(torch.randn(4, 12), torch.randn(4, 10))
    tensors = {name: value for name, value in vars(output).items() if name != "reconstructions"}
    shapes = {name: tuple(value.shape) for name, value in (tensors | output.reconstructions).items()}
    assert shapes == {
        "sketch": (4, 12), "photo": (4, 10), "sketch_semantic": (4, 8), "photo_semantic": (4, 8),
        "sketch_from_sketch": (4, 12), "sketch_from_photo": (4, 12), "photo_from_sketch": (4, 10),
        "photo_from_photo": (4, 10), "sketch_retrieval": (4, 6), "photo_retrieval": (4, 6),
    }  # fmt: skip


def test_a_picture_has_the_same_embedding_alone_and_in_a_batch() -> None:
    model, features = small(), torch.randn(7, 12)
    together = model.embed_sketches(features)
    alone = torch.cat([model.embed_sketches(row[None]) for row in features])
    assert torch.allclose(together, alone, atol=1e-6)


def test_embedding_uses_evaluation_mode_and_leaves_training_mode_as_it_was() -> None:
    model = small().train()
    features = torch.randn(7, 10)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    assert torch.equal(model.embed_photos(features), model.embed_photos(features))
    assert model.training
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_both_modalities_share_one_retrieval_decoder() -> None:
    model = small().eval()
    output = model(torch.randn(4, 12), torch.randn(4, 10))
    assert torch.equal(output.sketch_retrieval, model.retrieval_decoder(output.sketch_semantic))
    assert torch.equal(output.photo_retrieval, model.retrieval_decoder(output.photo_semantic))
    assert not {name for name, _ in model.named_parameters() if "_retrieval_decoder" in name}


def test_reconstructions_cross_the_modalities() -> None:
    model = small().eval()
    output = model(torch.randn(4, 12), torch.randn(4, 10))
    rebuilt = output.reconstructions
    assert torch.equal(rebuilt["sketch_from_photo"], model.sketch_reconstruction(output.photo_semantic))
    assert torch.equal(rebuilt["photo_from_sketch"], model.photo_reconstruction(output.sketch_semantic))


def test_standardisation_gives_zero_mean_and_unit_variance_and_survives_constants() -> None:
    features = torch.randn(50, 3) * torch.tensor([1.0, 20.0, 0.0]) + torch.tensor([5.0, -3.0, 7.0])
    network = Standardisation(3)
    assert torch.equal(network(features), features)
    network.set_statistics(features)
    result = network(features)
    assert torch.allclose(result.mean(0), torch.zeros(3), atol=1e-5)
    assert torch.allclose(result.std(0, correction=0), torch.tensor([1.0, 1.0, 0.0]), atol=1e-5)


def test_the_sizes_are_the_released_ones() -> None:
    def linears(network: torch.nn.Module) -> list[tuple[int, int]]:
        return [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, torch.nn.Linear)]

    assert linears(Generator(512, 654, 0.5)) == [(512, 583), (583, 583), (583, 654)]
    assert linears(Generator(512, 654, 0.5, 64)) == [(512, 583), (583, 583), (583, 64)]
    assert linears(RetrievalDecoder(654, 64, 0.5)) == [(654, 1024), (1024, 1024), (1024, 64)]
    assert linears(Discriminator(654, 0.3)) == [(654, 327), (327, 327), (327, 1)]


def test_the_fixed_classifier_has_rows_of_length_one_and_nothing_to_train() -> None:
    classifier = SeenClassifier(6, 5, "fixed")
    assert torch.allclose(classifier.weight.norm(dim=1), torch.ones(5))
    assert not list(classifier.parameters())
    assert "weight" in classifier.state_dict()
    assert [name for name, _ in SeenClassifier(6, 5, "learned").named_parameters()] == ["weight", "bias"]


def test_the_discriminator_is_noisy_in_training_only() -> None:
    network, z = Discriminator(8, 0.3), torch.randn(4, 8)
    assert not torch.equal(network(z), network(z))
    network.eval()
    assert torch.equal(network(z), network(z))
    assert network(z).shape == (4,)


@pytest.mark.parametrize("values", [{"dim": 0}, {"dropout": 1.0}, {"discriminator_noise": -0.1}])
def test_settings_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"model.{next(iter(values))} must be"):
        ModelConfig(**values)  # type: ignore[arg-type]
