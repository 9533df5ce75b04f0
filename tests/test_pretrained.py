"""Models in Hugging Face's format are taken from this machine where they are complete, and downloaded where not."""

from pathlib import Path

import huggingface_hub
import pytest

from pcmsn.pretrained import downloaded_model, first_line, untrained_weights

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
