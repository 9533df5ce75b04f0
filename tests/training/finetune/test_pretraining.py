from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pcmsn.data.records import Dataset
from pcmsn.errors import DataError
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.backbones.tiny import load_tiny
from pcmsn.training.finetune.pretraining import PretrainingConfig, pretrain_tiny

MakeDataset = Callable[[dict[str, int]], Dataset]
SHORT = PretrainingConfig(epochs=2, batch_size=8)


def test_the_network_is_trained_once_for_the_same_seen_classes(
    folder_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = folder_dataset({"ant": 8, "bee": 8})
    pretrain_tiny(seen, tmp_path / "tiny", seed=0, config=SHORT)
    first = load_tiny(tmp_path / "tiny" / "photo").fingerprint
    monkeypatch.setattr("pcmsn.training.finetune.pretraining._fit", lambda *_: pytest.fail("trained again"))
    pretrain_tiny(seen, tmp_path / "tiny", seed=0, config=SHORT)
    assert load_tiny(tmp_path / "tiny" / "photo").fingerprint == first


def test_other_classes_or_another_seed_train_it_anew(folder_dataset: MakeDataset, tmp_path: Path) -> None:
    seen = folder_dataset({"ant": 8, "bee": 8, "cat": 8})
    fingerprints = []
    for part, seed in ((("ant", "bee"), 0), (("ant", "cat"), 0), (("ant", "cat"), 1), (("ant", "bee"), 0)):
        pretrain_tiny(seen.of_classes(part), tmp_path / "tiny", seed=seed, config=SHORT)
        fingerprints.append(load_tiny(tmp_path / "tiny" / "photo").fingerprint)
    assert fingerprints[0] == fingerprints[3]
    assert len(set(fingerprints)) == 3


def test_training_learns_what_separates_the_classes(folder_dataset: MakeDataset, tmp_path: Path) -> None:
    """Photos are coloured by class: after a few epochs the features of two classes lie apart."""
    seen = folder_dataset({"ant": 24, "bee": 24})
    pretrain_tiny(seen, tmp_path / "tiny", seed=0, config=PretrainingConfig(epochs=12, batch_size=16))
    network = load_tiny(tmp_path / "tiny" / "photo")
    pixels = torch.stack(
        [torch.from_numpy(network.transform.decode(seen.photos.path(index))) for index in range(len(seen.photos))]
    )
    features = network(network.transform.normalise(pixels))
    labels = torch.from_numpy(seen.photos.labels)
    ant, bee = features[labels == 0], features[labels == 1]
    between = (ant.mean(0) - bee.mean(0)).norm()
    assert between > 2 * max(ant.std(0).norm(), bee.std(0).norm())


def test_unreadable_pictures_are_left_out(folder_dataset: MakeDataset, tmp_path: Path) -> None:
    seen = folder_dataset({"ant": 8, "bee": 8})
    seen.photos.path(0).write_bytes(b"not a picture")
    pretrain_tiny(seen, tmp_path / "tiny", seed=0, config=SHORT)
    assert load_tiny(tmp_path / "tiny" / "photo").feature_dim > 0


def test_without_a_readable_picture_nothing_is_trained(folder_dataset: MakeDataset, tmp_path: Path) -> None:
    seen = folder_dataset({"ant": 2, "bee": 2})
    for index in range(len(seen.sketches)):
        seen.sketches.path(index).write_bytes(b"not a picture")
    with pytest.raises(DataError, match="none of 4 sketch pictures in .* can be read; pcmsn data check"):
        pretrain_tiny(seen, tmp_path / "tiny", seed=0, config=SHORT)


def test_the_two_modalities_have_networks_of_their_own(folder_dataset: MakeDataset, tmp_path: Path) -> None:
    pretrain_tiny(folder_dataset({"ant": 8, "bee": 8}), tmp_path / "tiny", seed=0, config=SHORT)
    pair = load_extractors(f"tiny:{tmp_path / 'tiny'}", dataset_name="x", model_root=tmp_path)
    assert pair.sketch.fingerprint == load_tiny(tmp_path / "tiny" / "sketch").fingerprint
    assert pair.photo.fingerprint == load_tiny(tmp_path / "tiny" / "photo").fingerprint
    assert pair.sketch.fingerprint != pair.photo.fingerprint
