"""The forms of the network that the paper compares with its own: one step only, and one decoder a modality."""

import pytest
import torch

from pcmsn.errors import ConfigError
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.networks import SemanticProjection
from pcmsn.model.pcmsn import PCMSN
from pcmsn.seeding import seeded_torch

DIMS = FeatureDims(sketch=12, photo=10, semantic=8, classes=5)
SKETCHES, PHOTOS = torch.randn(4, 12), torch.randn(4, 10)


def small(**config: object) -> PCMSN:
    with seeded_torch(0, "test"):
        return PCMSN(DIMS, ModelConfig(dim=6, **config)).eval()  # type: ignore[arg-type]


def parts(model: PCMSN) -> set[str]:
    return {name.split(".")[0] for name in model.state_dict()}


def test_the_default_has_the_names_that_saved_runs_have() -> None:
    assert parts(small()) == {
        "sketch_standardisation", "photo_standardisation", "sketch_generator", "photo_generator",
        "sketch_reconstruction", "photo_reconstruction", "retrieval_decoder", "discriminator", "classifier",
    }  # fmt: skip


def test_in_the_single_step_the_generators_lead_to_the_retrieval_features() -> None:
    model = small(progressive=False)
    output = model(SKETCHES, PHOTOS)
    assert output.sketch_retrieval.shape == output.photo_retrieval.shape == (4, 6)
    assert torch.equal(output.sketch_retrieval, model.sketch_generator(SKETCHES))
    assert torch.equal(output.sketch_semantic, output.sketch_retrieval)
    assert torch.equal(output.photo_semantic, output.photo_retrieval)
    assert torch.equal(model.embed_sketches(SKETCHES), output.sketch_retrieval)
    assert torch.equal(model.embed_photos(PHOTOS), output.photo_retrieval)
    assert {name: tuple(value.shape) for name, value in output.reconstructions.items()} == {
        "sketch_from_sketch": (4, 12), "sketch_from_photo": (4, 12),
        "photo_from_sketch": (4, 10), "photo_from_photo": (4, 10),
    }  # fmt: skip
    assert not {name for name in parts(model) if "retrieval" in name}


def test_in_the_single_step_class_vectors_meet_the_features_in_their_own_space() -> None:
    model = small(progressive=False)
    vectors = torch.randn(3, 8)
    assert model.class_features(vectors).shape == (3, 6)
    assert model.discriminator(model.class_features(vectors)).shape == (3,)
    assert torch.equal(small().class_features(vectors), vectors)


@pytest.mark.parametrize(("semantic", "out"), [(20, 6), (6, 20), (6, 6)])
def test_the_projection_is_fixed_and_orthonormal(semantic: int, out: int) -> None:
    with seeded_torch(0, "test"):
        projection = SemanticProjection(semantic, out)
    assert not list(projection.parameters())
    weight = projection.weight
    gram = weight @ weight.T if out <= semantic else weight.T @ weight
    assert torch.allclose(gram, torch.eye(min(semantic, out)), atol=1e-5)
    assert projection(torch.randn(3, semantic)).shape == (3, out)
    if out >= semantic:  # nothing is lost then: distances stay
        points = torch.randn(5, semantic)
        assert torch.allclose(
            torch.cdist(projection(points), projection(points)), torch.cdist(points, points), atol=1e-4
        )


def test_unshared_decoders_are_one_a_modality() -> None:
    model = small(retrieval_decoder="unshared")
    assert {"sketch_retrieval_decoder", "photo_retrieval_decoder"} < parts(model)
    assert "retrieval_decoder" not in parts(model)
    output = model(SKETCHES, PHOTOS)
    assert torch.equal(output.sketch_retrieval, model.sketch_retrieval_decoder(output.sketch_semantic))
    assert torch.equal(output.photo_retrieval, model.photo_retrieval_decoder(output.photo_semantic))
    assert torch.equal(model.embed_sketches(SKETCHES), output.sketch_retrieval)
    assert torch.equal(model.embed_photos(PHOTOS), output.photo_retrieval)
    z = torch.randn(3, 8)
    assert not torch.equal(model.sketch_retrieval_decoder(z), model.photo_retrieval_decoder(z))


@pytest.mark.parametrize("config", [{}, {"progressive": False}, {"retrieval_decoder": "unshared"}], ids=str)
def test_the_generators_optimizer_gets_everything_but_the_discriminator(config: dict[str, object]) -> None:
    model = small(**config)
    mine = {id(parameter) for parameter in model.generator_parameters()}
    theirs = {id(parameter) for parameter in model.discriminator.parameters()}
    assert not mine & theirs
    assert mine | theirs == {id(parameter) for parameter in model.parameters()}


def test_only_the_reconstructions_that_are_asked_for_are_made() -> None:
    model = small()
    everything = model(SKETCHES, PHOTOS).reconstructions
    own = model(SKETCHES, PHOTOS, "own").reconstructions
    assert set(own) == {"sketch_from_sketch", "photo_from_photo"}
    assert all(torch.equal(own[name], everything[name]) for name in own)
    assert model(SKETCHES, PHOTOS, None).reconstructions == {}


def test_a_decoder_without_its_step_is_refused() -> None:
    with pytest.raises(ConfigError, match="'unshared', but model.progressive = false has no decoder; leave one"):
        ModelConfig(progressive=False, retrieval_decoder="unshared")
