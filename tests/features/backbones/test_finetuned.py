"""A fine-tuned extractor comes back from its folder alone, refuses what does not fit, and never sees unseen classes."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pcmsn.data.records import Modality
from pcmsn.data.splits import Split
from pcmsn.errors import BackboneError
from pcmsn.features.backbones.base import Backbone, Extractors
from pcmsn.features.backbones.finetuned import (
    FinetunedBackbone,
    TrainedOn,
    is_finished,
    load_finetuned,
    make_bottleneck,
    read_trained_on,
    refuse_leaks,
    save_finetuned,
    update_finetuned,
)
from pcmsn.features.backbones.huggingface import load_huggingface
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone
from pcmsn.features.backbones.transform import Transform

SMALL = TinyArchitecture(input_size=16, widths=(4, 8))
OWN = Transform(height=20, width=20, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
TRAINED_ON = TrainedOn(
    dataset="zoo",
    split="zoo-split",
    classes=("ant", "hot-air_balloon"),
    pictures=12,
    unreadable=1,
    epochs=3,
    best_epoch=2,
    held_out_accuracy=0.75,
    seed=4,
)


def save(
    folder: Path,
    trunk: Backbone | None = None,
    *,
    bottleneck: int = 5,
    transforms: Mapping[Modality, Transform] | None = None,
    trained_on: TrainedOn = TRAINED_ON,
) -> FinetunedBackbone:
    """Writes a network with random weights and gives it as it is in memory."""
    trunk = trunk or TinyBackbone.untrained(3, SMALL)
    transforms = transforms or {"sketch": OWN}
    layer = make_bottleneck(trunk.feature_dim, bottleneck)
    network = FinetunedBackbone(trunk, layer, transform=next(iter(transforms.values())), trained_on=trained_on)
    weights = network.state_dict()
    save_finetuned(
        folder, trunk, weights, bottleneck=bottleneck, transforms=transforms, trained_on=trained_on, finished=False
    )
    return network.eval()


def edit(folder: Path, **fields: Any) -> None:
    path = folder / "extractor.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize("bottleneck", [5, 0])
def test_a_saved_network_gives_the_same_features(tmp_path: Path, bottleneck: int) -> None:
    original = save(tmp_path / "net", bottleneck=bottleneck)
    loaded = load_finetuned(tmp_path / "net", "sketch")
    pixels = torch.randn(3, 3, 20, 20)
    torch.testing.assert_close(loaded(pixels), original(pixels))
    assert loaded.feature_dim == original.feature_dim == (bottleneck or 8)
    assert loaded.transform == OWN and loaded.trained_on == TRAINED_ON
    assert loaded.fingerprint == original.fingerprint
    assert loaded.name == "tiny (untrained) (fine-tuned)"
    assert sorted(path.name for path in (tmp_path / "net").iterdir()) == ["extractor.json", "model.safetensors"]


def test_a_loaded_network_is_frozen(tmp_path: Path) -> None:
    save(tmp_path)
    network = load_finetuned(tmp_path, "sketch").train()
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_the_fingerprint_changes_with_bottleneck_and_trunk(tmp_path: Path) -> None:
    found = {save(tmp_path / "a").fingerprint, save(tmp_path / "b", bottleneck=0).fingerprint}
    found.add(save(tmp_path / "c", TinyBackbone.untrained(4, SMALL), bottleneck=0).fingerprint)
    assert len(found) == 3


def mobilenet(folder: Path) -> None:
    from transformers import MobileNetV2Config, MobileNetV2Model

    MobileNetV2Model(MobileNetV2Config(depth_multiplier=0.35, image_size=32, tf_padding=False)).save_pretrained(folder)


def vit_without_pooler(folder: Path) -> None:
    from transformers import ViTConfig, ViTModel

    sizes: dict[str, Any] = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = ViTConfig(**sizes, intermediate_size=16, image_size=32, patch_size=16)
    ViTModel(config, add_pooling_layer=False).save_pretrained(folder)


def clip(folder: Path) -> None:
    from transformers import CLIPConfig, CLIPModel

    part: dict[str, Any] = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {**part, "image_size": 32, "patch_size": 16}
    CLIPModel(CLIPConfig(text_config=part, vision_config=vision, projection_dim=6)).save_pretrained(folder)


@pytest.mark.parametrize("make", [mobilenet, vit_without_pooler, clip])
def test_a_hugging_face_trunk_is_built_again_without_its_folder(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "model")
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
    (tmp_path / "model" / "preprocessor_config.json").write_text(json.dumps(processor))
    trunk = load_huggingface(str(tmp_path / "model"))
    original = save(tmp_path / "net", trunk, transforms={"photo": trunk.transform})
    shutil.rmtree(tmp_path / "model")
    state = torch.get_rng_state()
    loaded = load_finetuned(tmp_path / "net", "photo")
    assert torch.equal(torch.get_rng_state(), state)
    pixels = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(loaded(pixels), original(pixels))
    assert loaded.fingerprint == original.fingerprint


def test_vgg16_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pcmsn.features.backbones import vgg16

    monkeypatch.setattr(vgg16, "_HIDDEN", 6)
    monkeypatch.setattr(vgg16, "_CONVOLUTIONS", ((2, 1), (2, 1), (512, 1)))
    trunk = vgg16.VGG16(name="vgg16", transform=OWN, outputs=7, stop="hidden")
    trunk.freeze()
    original = save(tmp_path, trunk)
    pixels = torch.randn(2, 3, 20, 20)
    torch.testing.assert_close(load_finetuned(tmp_path, "sketch")(pixels), original(pixels))


def test_the_end_of_a_training_is_noted(tmp_path: Path) -> None:
    save(tmp_path)
    assert not is_finished(tmp_path) and not is_finished(tmp_path / "nowhere")
    update_finetuned(tmp_path, epochs=9, unreadable=2)
    assert is_finished(tmp_path)
    assert read_trained_on(tmp_path) == replace(TRAINED_ON, epochs=9, unreadable=2)
    load_finetuned(tmp_path, "sketch")


def test_missing_foreign_and_other_versions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"no fine-tuned network in .*nowhere.*expected extractor.json and model"):
        load_finetuned(tmp_path / "nowhere", "sketch")
    save(tmp_path)
    with pytest.raises(BackboneError, match=r"holds a network for 'sketch' pictures, not for photo"):
        load_finetuned(tmp_path, "photo")
    edit(tmp_path, version=2)
    with pytest.raises(BackboneError, match=r"extractor.json is of version 2, expected 1; fine-tune again"):
        load_finetuned(tmp_path, "sketch")
    edit(tmp_path, version=1, format="vit")
    with pytest.raises(BackboneError, match=r"does not describe a fine-tuned network; for another model pass"):
        load_finetuned(tmp_path, "sketch")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("trunk", {"kind": "tiny", "name": "x"}, "the trunk's description is incomplete: KeyError 'sizes'"),
        ("trunk", {"kind": "resnet", "name": "x"}, "a trunk of the kind 'resnet' is not known; expected huggingface"),
        ("trunk", {"kind": "huggingface", "name": "x", "config": {"model_type": "?"}}, "cannot build x"),
        ("bottleneck", None, "is incomplete: TypeError"),
        ("transforms", {"sketch": {"size": 3}}, "is incomplete: KeyError 'mean'"),
        ("trained_on", {"dataset": "zoo"}, "is incomplete: KeyError 'split'"),
        ("trained_on", {**asdict(TRAINED_ON), "classes": None}, "is incomplete: TypeError"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path: Path, field: str, value: Any, message: str) -> None:
    save(tmp_path)
    edit(tmp_path, **{field: value})
    with pytest.raises(BackboneError, match=message):
        load_finetuned(tmp_path, "sketch")


def change(folder: Path, weights: dict[str, Tensor]) -> None:
    save_file(weights, folder / "model.safetensors")


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    save(tmp_path)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    change(tmp_path, {name: tensor for name, tensor in weights.items() if name != "bottleneck.bias"})
    with pytest.raises(BackboneError, match=r"(?s)does not hold the weights that extractor.json.*bottleneck.bias"):
        load_finetuned(tmp_path, "sketch")
    change(tmp_path, weights | {"classifier.weight": torch.zeros(2)})
    with pytest.raises(BackboneError, match=r"(?s)does not hold the weights .*classifier.weight.*fine-tune again"):
        load_finetuned(tmp_path, "sketch")
    change(tmp_path, weights | {"bottleneck.bias": torch.zeros(5)})
    with pytest.raises(BackboneError, match=r"holds other weights than extractor.json was written for; continue"):
        load_finetuned(tmp_path, "sketch")
    change(tmp_path, weights)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(BackboneError, match=r"does not hold the weights that extractor.json describes"):
        load_finetuned(tmp_path, "sketch")


def load_pair(folder: Path) -> Extractors:
    return load_extractors(f"finetuned:{folder}", dataset_name="zoo", model_root=folder)


def test_a_folder_of_two_networks_gives_each_side_its_own(tmp_path: Path) -> None:
    sketch = save(tmp_path / "sketch")
    photo = save(tmp_path / "photo", TinyBackbone.untrained(9, SMALL), transforms={"photo": OWN})
    pair = load_pair(tmp_path)
    assert (pair.sketch.fingerprint, pair.photo.fingerprint) == (sketch.fingerprint, photo.fingerprint)


def test_a_shared_network_is_held_once_also_where_sketches_are_inverted(tmp_path: Path) -> None:
    save(tmp_path / "same" / "shared", transforms={"sketch": OWN, "photo": OWN})
    pair = load_pair(tmp_path / "same")
    assert pair.sketch is pair.photo
    save(tmp_path / "inverted" / "shared", transforms={"sketch": replace(OWN, invert=True), "photo": OWN})
    pair = load_pair(tmp_path / "inverted")
    assert pair.sketch.transform.invert and not pair.photo.transform.invert
    assert isinstance(pair.sketch, FinetunedBackbone) and isinstance(pair.photo, FinetunedBackbone)
    assert pair.sketch.trunk is pair.photo.trunk and pair.sketch.bottleneck is pair.photo.bottleneck
    assert not pair.photo.training and pair.sketch.fingerprint == pair.photo.fingerprint


def test_a_shared_network_for_one_side_only_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "shared", transforms={"sketch": OWN})
    with pytest.raises(BackboneError, match=r"shared holds a network for 'sketch' pictures, not for photo"):
        load_pair(tmp_path)


@pytest.mark.parametrize(("there", "missing"), [("sketch", "photo"), ("photo", "sketch")])
def test_a_missing_side_is_named_with_its_command(tmp_path: Path, there: Modality, missing: str) -> None:
    save(tmp_path / there, transforms={there: OWN})
    message = (
        rf"holds the {there} network only; expected .*: pcmsn finetune --modality {missing} --out {tmp_path}, with"
    )
    with pytest.raises(BackboneError, match=message):
        load_pair(tmp_path)


def test_an_empty_and_a_missing_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"holds no fine-tuned network; expected .*finetune --modality both --out"):
        load_pair(tmp_path)
    with pytest.raises(BackboneError, match=r"no folder .*nowhere with fine-tuned extractors; make them: pcmsn finet"):
        load_pair(tmp_path / "nowhere")
    with pytest.raises(BackboneError, match=r"backbone 'finetuned:' names no place; expected finetuned:FOLDER"):
        load_extractors("finetuned:", dataset_name="zoo", model_root=tmp_path)


def split(**parts: tuple[str, ...]) -> Split:
    return Split("other", **{"train": ("bee",), "val": ("cat",), "test": ("dog",), **parts})


def test_an_extractor_that_has_seen_an_unseen_class_is_refused(tmp_path: Path) -> None:
    seen = load_finetuned_from(tmp_path, ("ant", "hot-air_balloon"))
    refuse_leaks(Extractors(seen, seen), split(train=("ant", "bee")))
    message = (
        r"has seen 1 classes that the split 'other' keeps unseen \('ant'\): it was trained on the 2 seen classes of "
        r"zoo's split 'zoo-split'. Pass that split, or fine-tune on this one: pcmsn finetune"
    )
    for part in ("val", "test"):
        with pytest.raises(BackboneError, match=message):
            refuse_leaks(Extractors(seen, seen), split(**{part: ("ant",)}))


def test_another_spelling_of_a_class_and_the_photo_side_are_looked_at_too(tmp_path: Path) -> None:
    seen = load_finetuned_from(tmp_path, ("hot-air_balloon",))
    other = TinyBackbone.untrained(0, SMALL)
    refuse_leaks(Extractors(other, other), split(test=("hot_air_balloon",)))
    with pytest.raises(BackboneError, match=r"keeps unseen \('hot_air_balloon'\)"):
        refuse_leaks(Extractors(other, seen), split(test=("hot_air_balloon",)))


def load_finetuned_from(folder: Path, classes: tuple[str, ...]) -> FinetunedBackbone:
    save(folder, trained_on=replace(TRAINED_ON, classes=classes))
    return load_finetuned(folder, "sketch")


def test_a_fine_tuned_network_is_no_trunk() -> None:
    from pcmsn.features.backbones.trunk import describe_trunk

    network = FinetunedBackbone(TinyBackbone.untrained(0, SMALL), nn.Identity(), transform=OWN, trained_on=TRAINED_ON)
    with pytest.raises(BackboneError, match=r"cannot be fine-tuned; expected a Hugging Face vision model, VGG16"):
        describe_trunk(network)
