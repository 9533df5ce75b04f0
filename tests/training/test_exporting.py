"""An exported run is a run folder, its ONNX files give what torch gives, and its card says what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from pcmsn.errors import CheckpointError, ConfigError, ExportError
from pcmsn.features.backbones.huggingface import load_huggingface
from pcmsn.features.backbones.transform import Transform
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config
from pcmsn.training.exporting import onnx_files
from pcmsn.training.exporting.card import pixels_function
from pcmsn.training.exporting.export import export_run
from pcmsn.training.exporting.onnx_files import PixelsToEmbedding, write_onnx
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run
from pcmsn.training.trained_run import load_with_networks


def trained(config: RunConfig, tmp_path: Path) -> Path:
    run = tmp_path / "run"
    train_run(config, RunFolder(run), cache=tmp_path / "cache", device="cpu")
    return run


@pytest.mark.parametrize("preset", ["paper", "best"])
def test_onnx_gives_what_torch_gives_for_any_number_of_pictures(
    preset: str, small_settings: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    run = trained(build_config(preset=preset, overrides=small_settings), tmp_path)
    found = export_run(run, tmp_path / "out")
    assert found.difference is not None and found.difference <= 1e-4
    model, extractors = load_with_networks(tmp_path / "out")
    pixels = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    for modality, extractor in (("sketch", extractors.sketch), ("photo", extractors.photo)):
        features = extractor(extractor.transform.normalise(torch.from_numpy(pixels)))
        embed = model.model.embed_sketches if modality == "sketch" else model.model.embed_photos
        session = onnxruntime.InferenceSession(tmp_path / "out" / f"{modality}.onnx")
        (embedding,) = session.run(None, {"pixels": pixels})
        assert np.allclose(embedding, embed(features).numpy(), atol=1e-4)
        (alone,) = session.run(None, {"pixels": pixels[:1]})
        assert np.allclose(alone, embedding[:1], atol=1e-4)


class Linear(nn.Module):
    """Stands in for a retrieval model."""

    def __init__(self, feature_dim: int) -> None:
        super().__init__()
        self.layer = nn.Linear(feature_dim, 8)

    def forward_sketches(self, features: Tensor) -> Tensor:
        result: Tensor = self.layer(features)
        return result


@pytest.mark.parametrize("kind", ["CLIP", "Siglip", "Owlv2"])
def test_models_with_a_text_side_export_though_their_graphs_use_our_names_too(kind: str, tmp_path: Path) -> None:
    import transformers

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = getattr(transformers, f"{kind}Config")(
        vision_config={**sizes, "image_size": 32, "patch_size": 8},
        text_config={**sizes, "vocab_size": 9, "bos_token_id": 0, "eos_token_id": 1},
    )
    getattr(transformers, f"{kind}Model")(config).save_pretrained(tmp_path)
    half = [0.5, 0.5, 0.5]
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({**processor, "image_mean": half, "image_std": half}))
    backbone = load_huggingface(str(tmp_path))
    whole = PixelsToEmbedding(backbone, Linear(backbone.feature_dim), "sketch")  # type: ignore[arg-type]
    assert write_onnx(whole, tmp_path / "sketch.onnx") <= 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "sketch.onnx")
    assert [value.name for value in (*session.get_inputs(), *session.get_outputs())] == ["pixels", "embedding"]


def test_without_onnx_the_folder_is_the_run_with_its_card(small_config: RunConfig, tmp_path: Path) -> None:
    run = trained(small_config, tmp_path)
    found = export_run(run, tmp_path / "out", onnx=False)
    assert found.files == ("README.md", "config.toml", "model.safetensors", "run.json")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "4 seen classes of zoo, split `zoo`" in card and "Seen classes: ant, bee, cat, dog." in card
    assert "Unseen in training: elk, fox, gnu, hen." in card and "preset `paper`, seed 0" in card
    assert "onnx" not in card and "$" not in card and "**Note:**" not in card
    before, after = RunFolder(run).load_trained(), RunFolder(tmp_path / "out").load_trained()
    assert all(torch.equal(before.model.state_dict()[name], value) for name, value in after.model.state_dict().items())


def test_the_card_says_that_one_validation_class_chooses_nothing(small_config: RunConfig, tmp_path: Path) -> None:
    split = tmp_path / "zoo.toml"
    split.write_text('train = ["ant", "bee", "cat", "dog", "fox"]\nval = ["elk"]\ntest = ["gnu", "hen"]\n')
    export_run(trained(small_config, tmp_path), tmp_path / "out", onnx=False)
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "epoch | 3 of 3, chosen on 1 validation class: mAP@all 1.000" in card
    assert "\n**Note:** split zoo: val has 1 class ('elk'): every photo is right in every epoch" in card


@pytest.mark.parametrize(
    "transform",
    [
        Transform(height=20, width=24),
        Transform(height=20, width=24, shortest_edge=30, resampling="bicubic"),
        Transform(height=32, width=32, shortest_edge=32, invert=True),
    ],
)
@pytest.mark.parametrize("size", [(50, 33), (33, 50), (17, 17)])
def test_the_cards_functions_make_the_pixels_that_the_extractor_sees(
    transform: Transform, size: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    names: dict[str, Any] = {"np": np, "Image": Image}
    exec(pixels_function("sketch", transform), names)
    assert np.array_equal(names["sketch_pixels"](picture), transform.apply(picture))


def test_the_cards_code_gives_the_distance_of_two_embeddings(
    small_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, out = trained(small_config, tmp_path), tmp_path / "out"
    export_run(run, out)
    for name in ("sketch.png", "photo.jpg"):
        Image.new("RGB", (40, 30), "teal").save(out / name)
    code = (out / "README.md").read_text(encoding="utf-8").split("```py\n")[1].split("```")[0]
    monkeypatch.chdir(out)
    names: dict[str, Any] = {}
    exec(code, names)
    model, extractors = load_with_networks(out)
    sketch, photo = (
        extractor(extractor.transform.normalise(torch.from_numpy(extractor.transform.decode(out / name))[None]))
        for extractor, name in ((extractors.sketch, "sketch.png"), (extractors.photo, "photo.jpg"))
    )
    expected = (model.model.embed_sketches(sketch) - model.model.embed_photos(photo)).norm()
    assert names["distance"] == pytest.approx(float(expected), abs=1e-3)


def test_a_folder_that_holds_something_is_left_alone(small_config: RunConfig, tmp_path: Path) -> None:
    run = trained(small_config, tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="out is not empty; pass another --out, or --overwrite"):
        export_run(run, tmp_path / "out", onnx=False)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
    export_run(run, tmp_path / "out", onnx=False, overwrite=True)
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_a_file_and_the_run_itself_are_no_targets(small_config: RunConfig, tmp_path: Path) -> None:
    run = trained(small_config, tmp_path)
    (tmp_path / "file").write_text("mine")

    with pytest.raises(ExportError, match="file is a file; pass a folder"):
        export_run(run, tmp_path / "file", onnx=False, overwrite=True)
    with pytest.raises(ExportError, match="is the run itself; pass another folder"):
        export_run(run, run / ".." / run.name, onnx=False, overwrite=True)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_that_differs_from_torch_is_not_kept(
    small_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(small_config, tmp_path)
    monkeypatch.setattr(onnx_files, "_trace", lambda network, pixels, path: path.write_bytes(b"onnx"))
    for difference in (2e-4, float("nan")):
        monkeypatch.setattr(onnx_files, "_difference", lambda *_, value=difference: value)
        with pytest.raises(ExportError, match="differ by .* from torch's, expected at most 0.0001"):
            export_run(run, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_what_is_missing_is_named_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match="is no run folder"):
        export_run(tmp_path, tmp_path / "out", onnx=False)
    monkeypatch.setattr(onnx_files, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(
        ConfigError, match=r"\(not installed: onnxscript\); install it with: pip install 'pcmsn\[export\]'"
    ):
        export_run(tmp_path, tmp_path / "out")


def test_extractors_that_the_run_made_go_along(small_config: RunConfig, tmp_path: Path) -> None:
    run = trained(small_config, tmp_path)
    (run / "tiny" / "sketch").mkdir(parents=True)
    (run / "tiny" / "sketch" / "config.json").write_text("{}")
    found = export_run(run, tmp_path / "out", onnx=False)
    assert "tiny/sketch/config.json" in found.files
