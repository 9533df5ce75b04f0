"""Models in Hugging Face's format are taken from this machine where they are complete, and downloaded where not."""

import io
import json
from pathlib import Path

import huggingface_hub
import pytest

import pcmsn
from pcmsn.errors import BackboneError, SemanticsError
from pcmsn.features.backbones.huggingface import load_huggingface
from pcmsn.pretrained import downloaded_model, first_line, untrained_weights
from pcmsn.semantics.text_model import text_model_vectors

PATTERNS = ["*.json", "*.safetensors"]


@pytest.mark.parametrize(("files", "asked"), [(["config.json", "a.safetensors"], 0), (["config.json"], 1), ([], 1)])
def test_the_network_is_asked_only_for_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], asked: int
) -> None:
    for name in files:
        (tmp_path / name).touch()
    calls = []

    def snapshot_download(name: str, *, allow_patterns: list[str], local_files_only: bool = False) -> str:
        if not local_files_only:
            calls.append((name, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert downloaded_model("owner/model", patterns=PATTERNS, needed=PATTERNS) == tmp_path
    assert calls == asked * [("owner/model", PATTERNS)]


def test_untrained_weights_are_those_that_are_missing_or_of_another_shape() -> None:
    report = {"missing_keys": {"b", "a"}, "mismatched_keys": [("c", (1,), (2,)), "d"], "unexpected_keys": ["e"]}
    assert untrained_weights(report) == ["a", "b", "c", "d"]


def test_an_errors_first_line_is_its_types_name_where_it_has_no_text() -> None:
    assert first_line(ValueError("one\ntwo")) == "one"
    assert first_line(ValueError()) == "ValueError"


@pytest.mark.parametrize("ask", ["y\n", ""])
@pytest.mark.parametrize("loader", ["backbone", "text model"])
def test_code_in_a_model_folder_is_never_run_nor_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: str, ask: str
) -> None:
    """A folder whose ``auto_map`` names code of its own, by which it could do anything to this machine."""
    folder, ran = tmp_path / "model", tmp_path / "code_ran"
    folder.mkdir()
    code = f"from transformers import ViTConfig, ViTModel\nopen({str(ran)!r}, 'w').close()\n"
    code += "class Own(ViTConfig):\n    model_type = 'own'\nclass Net(ViTModel):\n    config_class = Own\n"
    (folder / "own.py").write_text(code)
    auto = {"AutoConfig": "own.Own", "AutoModel": "own.Net", "AutoTokenizer": ["own.Own", None]}
    auto["AutoImageProcessor"] = "own.Own"
    (folder / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": auto}))
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "Own", "auto_map": auto}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Own", "auto_map": auto}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")
    monkeypatch.setattr("sys.stdin", io.StringIO(ask))
    with pytest.raises((BackboneError, SemanticsError), match=r"never runs such code|cannot load"):
        if loader == "backbone":
            load_huggingface(str(folder))
        else:
            text_model_vectors(["cat"], str(folder))
    assert not ran.exists()


def test_every_loading_of_a_pretrained_model_goes_by_the_function_that_runs_no_code() -> None:
    """Reads the source: a loader called elsewhere could forget ``trust_remote_code=False``."""
    source = Path(pcmsn.__file__).parent
    callers = [path.name for path in source.rglob("*.py") if ".from_pretrained(" in path.read_text(encoding="utf-8")]
    assert callers == ["pretrained.py"]
