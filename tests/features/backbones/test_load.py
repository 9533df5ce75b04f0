"""The text after --backbone names the right pair of extractors, or says which texts there are."""

import json
from pathlib import Path

import pytest
import torch

from pcmsn.data.records import Modality
from pcmsn.errors import BackboneError
from pcmsn.features.backbones import load as load_module
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone, save_tiny

SMALL = TinyArchitecture(input_size=16, widths=(4, 8))


def test_tiny_names_a_folder_and_serves_both_sides_with_one_network(tmp_path: Path) -> None:
    save_tiny(TinyBackbone.untrained(0, SMALL).network, tmp_path / "net")
    extractors = load_extractors(f"tiny:{tmp_path / 'net'}", dataset_name="toyworld", model_root=tmp_path)
    assert extractors.sketch is extractors.photo and extractors.feature_dims == (8, 8)


def test_vgg16_reads_one_file_a_side_of_the_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(model_root: Path, dataset_name: str, modality: Modality) -> TinyBackbone:
        asked.append((model_root, dataset_name, modality))
        return TinyBackbone.untrained(len(asked), SMALL)

    monkeypatch.setattr(load_module, "load_released_vgg16", load)
    extractors = load_extractors("vgg16", dataset_name="Sketchy", model_root=tmp_path)
    assert asked == [(tmp_path, "Sketchy", "sketch"), (tmp_path, "Sketchy", "photo")]
    assert extractors.sketch.fingerprint == TinyBackbone.untrained(1, SMALL).fingerprint


def test_a_missing_released_file_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"expected .*Sketchy_sketch.pth"):
        load_extractors("vgg16", dataset_name="Sketchy", model_root=tmp_path)


def test_vgg16_with_a_file_is_torchvisions(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "own.pth")
    with pytest.raises(BackboneError, match=r"own.pth is not the VGG16 .* lacks features.0.weight"):
        load_extractors(f"vgg16:{tmp_path / 'own.pth'}", dataset_name="Sketchy", model_root=tmp_path)


def test_a_folder_that_holds_no_model_says_what_it_should_hold(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    message = (
        r"is not a Hugging Face model folder: it has no config.json; found 'notes.txt'; expected config.json, prep"
    )
    with pytest.raises(BackboneError, match=message):
        load_extractors(str(tmp_path), dataset_name="Sketchy", model_root=tmp_path)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("vg16", r"unknown backbone 'vg16' .did you mean 'vgg16'\?\), and no such folder. The forms are: vgg16: the"),
        ("tinny:net", r"unknown backbone 'tinny:net' .did you mean 'tiny'\?\), and no such folder. The forms are"),
        ("resnet", r"unknown backbone 'resnet', and no such folder. The forms are: .*facebook/dinov2-small"),
        ("", r"unknown backbone ''"),
        ("tiny", r"backbone 'tiny' names no place; expected tiny:FOLDER"),
        ("vgg16:", r"backbone 'vgg16:' names no place; expected vgg16:FILE"),
    ],
)
def test_an_unknown_text_gets_the_nearest_names_and_all_forms(tmp_path: Path, spec: str, message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        load_extractors(spec, dataset_name="Sketchy", model_root=tmp_path)


def test_pictures_are_squashed_whole_unless_the_models_own_way_is_asked_for(tmp_path: Path) -> None:
    """The processor of this model enlarges pictures and cuts their centre."""
    from transformers import MobileNetV2Config, MobileNetV2Model

    folder = str(tmp_path / "model")
    MobileNetV2Model(MobileNetV2Config(depth_multiplier=0.35, image_size=32)).save_pretrained(folder)
    size = {"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 32}, "do_center_crop": True}
    statistics = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    processor = {"image_processor_type": "MobileNetV2ImageProcessor", **size, **statistics}
    (tmp_path / "model" / "preprocessor_config.json").write_text(json.dumps(processor))
    squashed = load_extractors(folder, dataset_name="x", model_root=tmp_path)
    own = load_extractors(folder, dataset_name="x", model_root=tmp_path, resize="model")
    assert squashed.photo.transform.shortest_edge is None
    assert own.photo.transform.shortest_edge == 40
    assert squashed.photo.fingerprint == own.photo.fingerprint
    assert squashed.photo.transform.key != own.photo.transform.key
