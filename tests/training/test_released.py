"""Checkpoints of the released code: what their path says, and weights found by shape."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pcmsn.data.splits import SPLIT_LISTS, read_split
from pcmsn.errors import CheckpointError
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyNetwork, save_tiny
from pcmsn.model.config import FeatureDims, ModelConfig
from pcmsn.model.pcmsn import PCMSN
from pcmsn.training.released import ReleasedRun, load_released_model, read_released_path
from pcmsn.training.testing import assess_run

FOLDER = "tip_Sketchy_extended_None_hieremb-jcn+word2vec-google-news_c2f_False_64"
DIMS = FeatureDims(sketch=12, photo=12, semantic=10, classes=3)


def released_state(model: PCMSN, names: tuple[str, str] = ("ske_enc.gen", "img_enc.gen")) -> dict[str, Tensor]:
    """The weights of ``model`` under names like those of the released sibling models."""
    state: dict[str, Tensor] = {"sketch_model.features.0.weight": torch.zeros(2, 3, 3, 3)}
    networks = {
        names[0]: model.sketch_generator,
        names[1]: model.photo_generator,
        "ret": model.retrieval_decoder,
        "ske_rec": model.sketch_reconstruction,
        "disc_se.disc": model.discriminator.layers,
    }
    for prefix, network in networks.items():
        state |= {f"{prefix}.{name}": tensor for name, tensor in network.state_dict().items()}
    return state


def save(tmp_path: Path, state: dict[str, Tensor]) -> Path:
    path = tmp_path / FOLDER / "model_best.pth"
    path.parent.mkdir(exist_ok=True)
    torch.save({"exp_seed": 0, "epoch": 21, "state_dict": state, "best_map": np.float64(0.5)}, path)
    return path


def test_the_path_says_how_it_was_trained() -> None:
    assert read_released_path(Path("checkpoint") / FOLDER / "model_best.pth") == ReleasedRun(
        dataset="Sketchy", photos="extended", sources=("hieremb-jcn", "word2vec-google-news"), dim=64
    )
    berlin = "tip_TU-Berlin_None_None_hieremb-path+hieremb-path+word2vec-google-news_c2f_False_64"
    assert read_released_path(Path(berlin) / "model_best.pth").sources.count("hieremb-path") == 2
    assert read_released_path(Path(FOLDER.replace("extended", "None")) / "m.pth").photos == "original"


def test_a_path_of_another_form_shows_the_known_one() -> None:
    with pytest.raises(CheckpointError, match=r"'mine' is not named like checkpoint/tip_Sketchy"):
        read_released_path(Path("mine/model_best.pth"))
    with pytest.raises(CheckpointError, match="ECCV 2018 split"):
        read_released_path(Path(FOLDER.replace("extended_None", "extended_split_eccv_2018")) / "model_best.pth")


def test_generators_and_decoder_are_found_by_shape_and_modality(tmp_path: Path) -> None:
    model = PCMSN(DIMS, ModelConfig(dim=64)).eval()
    loaded = load_released_model(save(tmp_path, released_state(model)), sketch_dim=12, photo_dim=12, dim=64)
    features = torch.randn(5, 12)
    assert torch.equal(loaded.embed_sketches(features), model.embed_sketches(features))
    assert torch.equal(loaded.embed_photos(features), model.embed_photos(features))


def test_weights_of_another_size_are_named(tmp_path: Path) -> None:
    path = save(tmp_path, released_state(PCMSN(DIMS, ModelConfig(dim=64))))
    with pytest.raises(CheckpointError, match=r"no sketch generator; nearest is 'ske_enc.gen': .*0.weight is"):
        load_released_model(path, sketch_dim=16, photo_dim=12, dim=64)
    with pytest.raises(CheckpointError, match=r"no retrieval decoder .* -> 32\) is in it"):
        load_released_model(path, sketch_dim=12, photo_dim=12, dim=32)


def test_generators_that_can_not_be_told_apart_are_not_guessed(tmp_path: Path) -> None:
    state = released_state(PCMSN(DIMS, ModelConfig(dim=64)), ("ske_a.gen", "ske_b.gen"))
    with pytest.raises(CheckpointError, match="the sketch generator may be any of 'ske_a.gen', 'ske_b.gen'"):
        load_released_model(save(tmp_path, state), sketch_dim=12, photo_dim=12, dim=64)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("1",))


def test_a_pickle_that_asks_for_more_than_tensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FOLDER / "model_best.pth"
    path.parent.mkdir()
    torch.save({"state_dict": {}, "extra": Hostile()}, path)
    with pytest.raises(CheckpointError, match="cannot be read as a released checkpoint"):
        load_released_model(path, sketch_dim=12, photo_dim=12, dim=64)


def test_other_files_are_errors_of_ours(tmp_path: Path) -> None:
    path = tmp_path / FOLDER / "model_best.pth"
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load_released_model(path, sketch_dim=12, photo_dim=12, dim=64)
    path.parent.mkdir()
    torch.save({"weights": {}}, path)
    with pytest.raises(CheckpointError, match="expected the keys exp_seed, epoch, state_dict and best_map"):
        load_released_model(path, sketch_dim=12, photo_dim=12, dim=64)


def test_a_released_checkpoint_is_tested_from_its_path(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    """The whole way, with a small extractor in place of the two VGG16 networks."""
    split = read_split(SPLIT_LISTS / "Sketchy" / "sem-pcyc.toml")
    drawn = write_pictures(tmp_path / "drawn", dict.fromkeys(split.classes, 1), size=16)
    root = tmp_path / "ZS-SBIR" / "Sketchy"
    (root / "sketch").mkdir(parents=True)
    (drawn / "sketch").rename(root / "sketch" / "tx_000000000000")
    (drawn / "photo").rename(root / "extended_photo")
    save_tiny(TinyNetwork(TinyArchitecture(input_size=32, widths=(4, 8, 12))), tmp_path / "network")
    path = save(tmp_path, released_state(PCMSN(DIMS, ModelConfig(dim=64)).eval()))
    assessment = assess_run(
        path,
        family="sem-pcyc",
        data_root=str(tmp_path / "ZS-SBIR"),
        backbone=f"tiny:{tmp_path / 'network'}",
        cache=tmp_path / "cache",
        device="cpu",
    )
    both, strict = assessment.protocols
    assert (both.classes, strict.classes) == (25, 13)
    assert (both.real.queries, both.binary.gallery) == (25, 25)
    assert assessment.bits == 64
