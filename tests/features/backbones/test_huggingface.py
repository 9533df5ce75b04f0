"""Hugging Face models give the documented feature; tiny random ones stand in for the real ones."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pcmsn.errors import BackboneError
from pcmsn.features.backbones.huggingface import load_huggingface, rebuild_huggingface

SHARED = Path(__file__).parents[3] / "shared"
VIT: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 8,
}
TEXT = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 9}
PROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": 32, "width": 32},
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
PIXELS = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def save(network: Any, folder: Path) -> Path:
    network.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return folder


def vit_classifier() -> Any:
    from transformers import ViTConfig, ViTForImageClassification

    return ViTForImageClassification(ViTConfig(**VIT)).eval()


def mobilenet_classifier() -> Any:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    network = MobileNetV2ForImageClassification(MobileNetV2Config(depth_multiplier=0.35, image_size=32))
    for module in network.modules():  # batch statistics that are not those of a new network
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
    return network.eval()


def test_a_vit_saved_without_its_pooler_gives_the_normed_class_token(tmp_path: Path) -> None:
    network = vit_classifier()
    backbone = load_huggingface(str(save(network, tmp_path / "vit")))
    with torch.no_grad():
        expected = network.vit(PIXELS).last_hidden_state[:, 0]
        torch.testing.assert_close(network.classifier(backbone(PIXELS)), network(PIXELS).logits)
    torch.testing.assert_close(backbone(PIXELS), expected)
    assert (backbone.name, backbone.feature_dim) == ("vit", 16)


def test_a_vit_with_its_own_pooler_gives_the_pooler_output(tmp_path: Path) -> None:
    from transformers import ViTConfig, ViTModel

    network = ViTModel(ViTConfig(**VIT)).eval()
    with torch.no_grad():
        expected = network(PIXELS).pooler_output
    torch.testing.assert_close(load_huggingface(str(save(network, tmp_path)))(PIXELS), expected)


def test_a_mobilenet_gives_what_its_classifier_sees(tmp_path: Path) -> None:
    network = mobilenet_classifier()
    backbone = load_huggingface(str(save(network, tmp_path)))
    assert backbone.feature_dim == 1280
    with torch.no_grad():
        torch.testing.assert_close(network.classifier(backbone(PIXELS)), network(PIXELS).logits, atol=1e-4, rtol=1e-4)


def test_half_precision_files_run_in_single_precision(tmp_path: Path) -> None:
    network = vit_classifier()
    expected = load_huggingface(str(save(network, tmp_path / "single")))(PIXELS)
    features = load_huggingface(str(save(network.half(), tmp_path / "half")))(PIXELS)
    assert features.dtype == torch.float32
    torch.testing.assert_close(features, expected, atol=0.02, rtol=0.02)


def resnet() -> Any:
    from transformers import ResNetConfig, ResNetModel

    return ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1]))


def dinov2() -> Any:
    from transformers import Dinov2Config, Dinov2Model

    sizes = {field: VIT[field] for field in ("hidden_size", "num_hidden_layers", "num_attention_heads")}
    return Dinov2Model(Dinov2Config(**sizes, image_size=32, patch_size=8))


def swin() -> Any:
    from transformers import SwinConfig, SwinModel

    sizes = {"image_size": 32, "patch_size": 4, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4}
    return SwinModel(SwinConfig(**sizes))


@pytest.mark.parametrize("make", [resnet, dinov2, swin])
def test_models_with_a_pooling_of_their_own_give_its_output(tmp_path: Path, make: Callable[[], Any]) -> None:
    network = make().eval()
    with torch.no_grad():
        expected = network(PIXELS).pooler_output.flatten(1)
    backbone = load_huggingface(str(save(network, tmp_path)))
    torch.testing.assert_close(backbone(PIXELS), expected)
    assert backbone.feature_dim == 16


def test_models_with_a_text_side_give_the_image_embedding_and_drop_the_text(tmp_path: Path) -> None:
    from transformers import CLIPConfig, CLIPModel

    text = {**TEXT, "bos_token_id": 0, "eos_token_id": 1}
    config = CLIPConfig(vision_config={**VIT, "projection_dim": 8}, text_config=text, projection_dim=8)
    network = CLIPModel(config).eval()
    with torch.no_grad():
        expected = network.visual_projection(network.vision_model(PIXELS).pooler_output)
    backbone = load_huggingface(str(save(network, tmp_path)))
    torch.testing.assert_close(backbone(PIXELS), expected)
    assert backbone.feature_dim == 8 and not any("text_model" in name for name in backbone.state_dict())
    assert [part.shape[1] for part in backbone.layer_features(PIXELS)] == [8] + 7 * [16]
    torch.testing.assert_close(backbone.layer_features(PIXELS)[0], expected)


def clip(tmp_path: Path) -> tuple[Any, Path]:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    network = CLIPVisionModelWithProjection(CLIPVisionConfig(**VIT, projection_dim=8)).eval()
    return network, save(network, tmp_path / "half")


def test_a_clips_half_for_pictures_gives_its_image_embedding_also_when_it_is_built_again(tmp_path: Path) -> None:
    network, folder = clip(tmp_path)
    backbone = load_huggingface(str(folder))
    again = rebuild_huggingface(backbone.describe(), name="again", transform=backbone.transform)
    again.load_state_dict(backbone.state_dict())
    with torch.no_grad():
        expected = network(PIXELS).image_embeds
    assert backbone.feature_dim == 8
    for one in (backbone, again):
        torch.testing.assert_close(one(PIXELS), expected)
        assert [part.shape[1] for part in one.layer_features(PIXELS)] == [8] + 7 * [16]


def test_the_processor_is_found_beside_a_tokenizers(tmp_path: Path) -> None:
    _, folder = clip(tmp_path)
    expected = load_huggingface(str(folder)).transform
    (folder / "preprocessor_config.json").unlink()
    stored = {"image_processor": PROCESSOR, "processor_class": "CLIPProcessor"}
    (folder / "processor_config.json").write_text(json.dumps(stored))
    assert load_huggingface(str(folder)).transform == expected


def test_a_processor_that_this_machine_cannot_make_is_read_from_its_file(tmp_path: Path) -> None:
    folder = save(vit_classifier(), tmp_path)
    expected = load_huggingface(str(folder)).transform
    complete = {**PROCESSOR, "image_processor_type": "NoSuchProcessorFast", "resample": 2, "do_normalize": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(complete))
    assert load_huggingface(str(folder)).transform == expected
    del complete["resample"]  # what only the processor's class knows
    (folder / "preprocessor_config.json").write_text(json.dumps(complete))
    with pytest.raises(BackboneError, match=r"cannot load the backbone .* with transformers.AutoImageProcessor"):
        load_huggingface(str(folder))


def test_a_processor_that_squashes_and_cuts_is_taken_where_pictures_are_squashed(tmp_path: Path) -> None:
    folder = save(vit_classifier(), tmp_path)
    settings = {**PROCESSOR, "size": 40, "do_center_crop": True, "crop_size": 32}
    settings["image_processor_type"] = "DeiTImageProcessor"
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    transform = load_huggingface(str(folder), "squash").transform
    assert (transform.height, transform.width, transform.shortest_edge) == (32, 32, None)
    with pytest.raises(BackboneError, match=r"squashes to 40 x 40 and cuts 32 x 32 .*pass --resize squash"):
        load_huggingface(str(folder), "model")


def with_registers() -> Any:
    from transformers import Dinov2WithRegistersConfig, Dinov2WithRegistersModel

    sizes = {field: VIT[field] for field in ("hidden_size", "num_hidden_layers", "num_attention_heads")}
    settings = Dinov2WithRegistersConfig(**sizes, image_size=32, patch_size=8, num_register_tokens=3)
    return Dinov2WithRegistersModel(settings)


def distilled() -> Any:
    from transformers import DeiTConfig, DeiTModel

    return DeiTModel(DeiTConfig(**VIT), add_pooling_layer=False)


@pytest.mark.parametrize(("make", "leading"), [(with_registers, 4), (distilled, 2)])
def test_registers_and_a_distillation_token_are_no_patches(
    tmp_path: Path, make: Callable[[], Any], leading: int
) -> None:
    network = make().eval()
    with torch.no_grad():
        output = network(PIXELS, output_hidden_states=True)
    parts = load_huggingface(str(save(network, tmp_path))).layer_features(PIXELS)
    torch.testing.assert_close(parts[1], output.last_hidden_state[:, leading:].mean(dim=1))
    torch.testing.assert_close(parts[3], output.hidden_states[2][:, leading:].mean(dim=1))


def test_a_timm_folder_says_what_to_use_instead(tmp_path: Path) -> None:
    timm = {"architecture": "vit_tiny", "pretrained_cfg": {"input_size": [3, 32, 32]}}
    (tmp_path / "config.json").write_text(json.dumps(timm))
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(BackboneError, match=r"is a model of timm \(vit_tiny\).*--backbone OWNER/NAME"):
        load_huggingface(str(tmp_path))


def test_a_vit_adds_patches_and_three_earlier_layers(tmp_path: Path) -> None:
    network = vit_classifier()
    backbone = load_huggingface(str(save(network, tmp_path)))
    with torch.no_grad():
        output = network.vit(PIXELS, output_hidden_states=True)
    parts = backbone.layer_features(PIXELS)
    assert len(parts) == 8
    torch.testing.assert_close(parts[0], backbone(PIXELS))
    torch.testing.assert_close(parts[1], output.last_hidden_state[:, 1:].mean(dim=1))
    for place, layer in ((2, 2), (4, 1), (6, 1)):  # 5/6, 2/3 and 1/2 of two layers
        torch.testing.assert_close(parts[place], output.hidden_states[layer][:, 0])
        torch.testing.assert_close(parts[place + 1], output.hidden_states[layer][:, 1:].mean(dim=1))


@pytest.mark.parametrize(
    ("make", "widths"),
    [
        (mobilenet_classifier, [1280, 56, 32, 24]),
        (resnet, [16, 16, 8, 8]),
        (dinov2, 8 * [16]),
        (swin, [16, 16, 16, 16]),
    ],
)
def test_every_kind_of_model_shows_earlier_layers(tmp_path: Path, make: Callable[[], Any], widths: list[int]) -> None:
    backbone = load_huggingface(str(save(make().eval(), tmp_path)))
    parts = backbone.layer_features(PIXELS)
    assert [part.shape[1] for part in parts] == widths
    torch.testing.assert_close(parts[0], backbone(PIXELS))


def test_the_fingerprint_survives_loading_again_and_changes_with_a_weight(tmp_path: Path) -> None:
    network = vit_classifier()  # its pooler is missing from the file, so transformers fills it with random numbers
    folder = str(save(network, tmp_path / "a"))
    fingerprint = load_huggingface(folder).fingerprint
    assert load_huggingface(folder).fingerprint == fingerprint
    (tmp_path / "a").rename(tmp_path / "moved")
    assert load_huggingface(str(tmp_path / "moved")).fingerprint == fingerprint
    with torch.no_grad():
        network.vit.layernorm.bias[3] += 1e-6
    assert load_huggingface(str(save(network, tmp_path / "b"))).fingerprint != fingerprint


def test_loading_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from transformers.utils import logging

    folder = save(vit_classifier(), tmp_path)
    capfd.readouterr()
    level = logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_huggingface(str(folder))
    assert capfd.readouterr() == ("", "") and logging.get_verbosity() == level


def test_missing_weights_are_named(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = save(vit_classifier(), tmp_path)
    path = folder / "model.safetensors"
    weights = load_file(path)
    del weights["vit.layernorm.bias"]
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(
        BackboneError, match=r"lacks 1 weights of ViTModel .*'layernorm.bias'; get the model's complete"
    ):
        load_huggingface(str(folder))


@pytest.mark.parametrize("missing", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_an_incomplete_folder_says_what_it_lacks(tmp_path: Path, missing: str) -> None:
    folder = save(vit_classifier(), tmp_path)
    (folder / missing).unlink()
    with pytest.raises(BackboneError, match=rf"it has no (\*.safetensors|{missing}); found .*; expected config.json"):
        load_huggingface(str(folder))


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_damaged_file_is_an_error_of_ours(tmp_path: Path, name: str) -> None:
    folder = save(vit_classifier(), tmp_path)
    (folder / name).write_text("{ broken")
    with pytest.raises(BackboneError, match=r"cannot load the backbone .* with transformers.Auto.*check the files in"):
        load_huggingface(str(folder))


def test_a_text_model_is_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    with pytest.raises(BackboneError, match=r"does not turn a picture into a feature: .*choose a vision model"):
        load_huggingface(str(save(BertModel(BertConfig(**TEXT)), tmp_path)))


def test_a_model_that_masks_at_random_is_refused(tmp_path: Path) -> None:
    from transformers import ViTMAEConfig, ViTMAEModel

    network = ViTMAEModel(ViTMAEConfig(**{**VIT, "initializer_range": 0.5}))
    with pytest.raises(BackboneError, match=r"another feature each time it sees a picture \(random masking\?\)"):
        load_huggingface(str(save(network, tmp_path)))


def test_a_name_that_can_not_be_downloaded_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def offline(*arguments: object, **options: object) -> str:
        raise ConnectionError("the network is unreachable")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    message = (
        r"no backbone 'facebook/dinov2-smal': no such folder here, and it cannot be downloaded \(the network is "
        r"unreachable\); check the spelling and the network, or pass a local folder .* --backbone FOLDER"
    )
    with pytest.raises(BackboneError, match=message):
        load_huggingface("facebook/dinov2-smal")


def test_a_downloaded_model_is_used_without_asking_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    folder = save(vit_classifier(), tmp_path)

    def local_only(name: str, *, allow_patterns: list[str], local_files_only: bool = False) -> str:
        if not local_files_only:
            raise AssertionError("asked the network")
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", local_only)
    assert load_huggingface("owner/model").name == "owner/model"


@pytest.mark.parametrize(("name", "dimension"), [("mobilenet_v2", 1280), ("vit_tiny_patch16_224", 192)])
def test_the_real_backbones_classify_as_they_should(name: str, dimension: int) -> None:
    folder = SHARED / "backbones" / name
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    from transformers import AutoModelForImageClassification

    backbone = load_huggingface(str(folder))
    whole = AutoModelForImageClassification.from_pretrained(folder).float().eval()
    pixels = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = backbone(pixels)
        torch.testing.assert_close(whole.classifier(features), whole(pixels).logits, atol=1e-3, rtol=1e-3)
    assert features.shape == (1, dimension)
