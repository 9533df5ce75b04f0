"""Text models from local folders, made here with random weights; nothing is downloaded."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from pcmsn.errors import SemanticsError
from pcmsn.seeding import seeded_torch
from pcmsn.semantics.text_model import readable, text_model_vectors

WORDS = [
    *"()",
    "a",
    "photo",
    "of",
    "the",
    "hot",
    "air",
    "balloon",
    "crane",
    "machine",
    "bear",
    "animal",
    "teddy",
    "cup",
]
CLASSES = ["cup", "hot_air_balloon", "crane_(machine)", "bear", "teddy_bear"]
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 24,
}


def save_bert_tokenizer(folder: Path) -> transformers.BertTokenizer:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    return tokenizer


def save_bert(folder: Path) -> Path:
    save_bert_tokenizer(folder)
    with seeded_torch(0, "bert"):
        transformers.BertModel(transformers.BertConfig(vocab_size=5 + len(WORDS), **SMALL)).save_pretrained(folder)
    return folder


def save_masked_bert(folder: Path) -> Path:
    """As most encoders of the hub are saved: with a head for masked words, without a pooler."""
    save_bert_tokenizer(folder)
    with seeded_torch(0, "masked"):
        config = transformers.BertConfig(vocab_size=5 + len(WORDS), **SMALL)
        transformers.BertForMaskedLM(config).save_pretrained(folder)
    return folder


def save_clip_tokenizer(folder: Path) -> None:
    letters = sorted({letter for word in WORDS for letter in word})
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)


def clip_text_config(folder: Path) -> transformers.CLIPTextConfig:
    folder.mkdir(parents=True, exist_ok=True)
    save_clip_tokenizer(folder)
    count = len(json.loads((folder / "vocab.json").read_text()))
    sizes = {**SMALL, "max_position_embeddings": 77}
    return transformers.CLIPTextConfig(
        vocab_size=count, projection_dim=8, bos_token_id=count - 2, eos_token_id=count - 1, **sizes
    )


def save_clip_text(folder: Path) -> Path:
    config = clip_text_config(folder)
    with seeded_torch(0, "clip text"):
        transformers.CLIPTextModelWithProjection(config).save_pretrained(folder)
    return folder


def save_clip_tower(folder: Path) -> Path:
    config = clip_text_config(folder)
    with seeded_torch(0, "clip text"):
        transformers.CLIPTextModel(config).save_pretrained(folder)
    return folder


def save_clip(folder: Path) -> Path:
    text = clip_text_config(folder)
    vision = {**SMALL, "image_size": 32, "patch_size": 16}
    vision.pop("max_position_embeddings")
    config = transformers.CLIPConfig(
        text_config=text.to_dict(),
        vision_config=transformers.CLIPVisionConfig(**vision).to_dict(),
        projection_dim=8,
    )
    with seeded_torch(0, "clip"):
        transformers.CLIPModel(config).save_pretrained(folder)
    return folder


def save_t5(folder: Path) -> Path:
    save_bert_tokenizer(folder)
    config = transformers.T5Config(
        vocab_size=5 + len(WORDS), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, decoder_start_token_id=0
    )
    with seeded_torch(0, "t5"):
        transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


MODELS: dict[str, tuple[Callable[[Path], Path], int, str]] = {
    "encoder": (save_bert, 16, "mean of the last hidden states of model"),
    "encoder without a pooler": (save_masked_bert, 16, "mean of the last hidden states of model"),
    "encoder of an encoder-decoder": (save_t5, 16, "mean of the last hidden states of model"),
    "CLIP": (save_clip, 8, "text embedding of model"),
    "CLIP's text side with projection": (save_clip_text, 8, "text embedding of model"),
    "CLIP's text side without": (save_clip_tower, 16, "pooled text output of model"),
}


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_of_text_model_gives_one_finite_vector_a_class(tmp_path: Path, kind: str) -> None:
    save, dim, source = MODELS[kind]
    folder = save(tmp_path / "model")
    found = text_model_vectors(CLASSES, str(folder))
    assert found.values.shape == (5, dim) and found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    assert len({vector.tobytes() for vector in found.values}) == 5
    assert found.source.startswith(f"{source} (weights ")
    assert found.source.endswith("template 'a photo of a {}'")
    again = text_model_vectors(CLASSES, str(folder))
    assert again.source == found.source and np.array_equal(again.values, found.values)


@pytest.mark.parametrize("kind", MODELS)
def test_a_text_alone_gives_the_same_vector_as_among_longer_ones(tmp_path: Path, kind: str) -> None:
    folder = MODELS[kind][0](tmp_path / "model")
    together = text_model_vectors(CLASSES, str(folder)).values
    for row, name in enumerate(CLASSES):
        alone = text_model_vectors([name], str(folder)).values[0]
        assert np.allclose(alone, together[row], rtol=0, atol=1e-6), name


def slow_encoder_vector(folder: Path, text: str) -> NDArray[np.float32]:
    """The mean over the tokens of one text in a padded batch, written out."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder).eval()
    batch = tokenizer([text, "a photo of a hot air balloon of the machine"], padding=True, return_tensors="pt")
    with torch.no_grad():
        states = network(**batch).last_hidden_state[0]
    kept = [states[position] for position in range(len(states)) if batch["attention_mask"][0, position]]
    assert len(kept) < len(states)
    return torch.stack(kept).mean(dim=0).numpy()


def test_an_encoders_vector_is_the_mean_over_the_attention_mask(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "model")
    found = text_model_vectors(["crane_(machine)"], str(folder), template="the {}").values[0]
    assert np.allclose(found, slow_encoder_vector(folder, "the crane (machine)"), atol=1e-6)


def test_clips_vector_is_its_projected_text_embedding(tmp_path: Path) -> None:
    folder = save_clip(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.CLIPModel.from_pretrained(folder).eval()
    with torch.no_grad():
        pooled = network.text_model(**tokenizer(["a photo of a cup"], return_tensors="pt")).pooler_output
        expected = network.text_projection(pooled)[0].numpy()
    assert np.allclose(text_model_vectors(["cup"], str(folder)).values[0], expected, atol=1e-6)


def test_class_names_are_written_as_a_reader_would() -> None:
    assert [readable(name) for name in ("crane_(machine)", "hot_air_balloon", "t-shirt", " cup ")] == [
        "crane (machine)", "hot air balloon", "t-shirt", "cup",
    ]  # fmt: skip


def test_the_source_tells_other_weights_and_templates_apart(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "a" / "model")
    first = text_model_vectors(["cup"], str(folder))
    other = text_model_vectors(["cup"], str(folder), template="{}")
    network = transformers.BertModel.from_pretrained(folder)
    with torch.no_grad():
        network.embeddings.word_embeddings.weight[7, 3] += 0.01
    network.save_pretrained(folder)
    changed = text_model_vectors(["cup"], str(folder))
    assert len({first.source, other.source, changed.source}) == 3


def test_weights_in_half_precision_are_run_in_single(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "model")
    transformers.BertModel.from_pretrained(folder).half().save_pretrained(folder)
    assert text_model_vectors(["cup"], str(folder)).values.dtype == np.float32


def test_progress_reaches_the_number_of_classes(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    text_model_vectors(CLASSES, str(save_bert(tmp_path / "model")), progress=lambda *step: seen.append(step))
    assert seen[-1] == (5, 5)


def test_classes_that_are_one_text_to_the_model_are_refused(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "model")
    with pytest.raises(SemanticsError, match="reads 'giraffe' and 'zebra' as the same tokens"):
        text_model_vectors(["giraffe", "zebra"], str(folder))


@pytest.mark.parametrize("template", ["a photo", "{} and {}"])
def test_a_template_has_one_place_for_the_name(template: str) -> None:
    with pytest.raises(SemanticsError, match="must hold {} once, where the class name goes"):
        text_model_vectors(["cup"], "model", template=template)


def test_a_folder_without_a_model_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(
        SemanticsError, match=r"not a Hugging Face text model's folder: it has no config\.json; found no"
    ):
        text_model_vectors(["cup"], str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SemanticsError, match=r"it has no \*\.safetensors; found 'config\.json'"):
        text_model_vectors(["cup"], str(tmp_path))


def test_a_folder_without_a_tokenizer_or_with_damaged_weights_is_an_error_of_ours(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"\x08" + bytes(30))
    with pytest.raises(SemanticsError, match=r"cannot load the text model .* with transformers\.AutoModel"):
        text_model_vectors(["cup"], str(folder))
    for file in ("vocab.txt", "tokenizer.json"):
        (folder / file).unlink(missing_ok=True)
    with pytest.raises(SemanticsError, match=r"it has no tokenizer\.json or vocab\.txt or vocab\.json or \*\.model"):
        text_model_vectors(["cup"], str(folder))
    (folder / "tokenizer.json").write_text("no json")
    with pytest.raises(SemanticsError, match=r"cannot load the text model .* with transformers\.AutoTokenizer"):
        text_model_vectors(["cup"], str(folder))


def test_a_file_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = save_bert(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SemanticsError, match="the file lacks 1 weights of BertModel"):
        text_model_vectors(["cup"], str(folder))


def test_a_model_that_can_not_be_fetched_says_to_pass_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable(*_: object, **__: object) -> str:
        raise OSError("no network\nand more")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    message = "no text model 'some/model': .*no network.*download it on another machine and pass its folder"
    with pytest.raises(SemanticsError, match=message):
        text_model_vectors(["cup"], "some/model")
