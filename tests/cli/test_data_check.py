"""``pcmsn data check`` as a user types it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import DataError


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "100", "TERM": "dumb"})


def test_a_clean_folder_exits_with_0(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    root = write_pictures(tmp_path / "mine", {"bee": 2, "ant": 3})
    result = invoke("data", "check", root, "--dataset", "folder")
    assert result.exit_code == 0, result.output
    assert "10 pictures decoded; nothing stops a run or changes its scores." in result.output


def test_findings_exit_with_1_and_say_what_they_do(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    root = write_pictures(tmp_path / "mine", {"bee": 2, "ant": 3})
    shutil.copy(root / "photo/ant/000.png", root / "photo/bee/002.png")
    result = invoke("data", "check", root, "--dataset", "FOLDER", "--quick")
    assert result.exit_code == 1
    text = " ".join(result.output.replace("│", " ").split())
    assert "photos in two classes: photo/ant/000.png = photo/bee/002.png" in text
    assert "changes scores" in text
    assert "damaged ones may remain" in text


def test_json_has_the_same_as_data(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    root = write_pictures(tmp_path / "mine", {"bee": 2, "ant": 3})
    (root / "photo/bee/x.png").write_bytes(b"")
    content = json.loads(invoke("data", "check", root, "--dataset", "folder", "--json").stdout)
    assert content["passed"] is False
    assert content["decoded"] == 11
    assert content["findings"][0]["what"] == "unreadable photos"
    assert [row["found"] for row in content["rows"]] == [2, 5, 6]


def test_a_missing_data_set_is_our_error_and_no_name_a_usage_error(tmp_path: Path) -> None:
    result = invoke("data", "check", tmp_path, "--dataset", "Sketchy")
    assert isinstance(result.exception, DataError)
    assert "no Sketchy in" in str(result.exception)
    assert invoke("data", "check", tmp_path).exit_code == 2
