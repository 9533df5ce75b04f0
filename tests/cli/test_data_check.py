"""``pcmsn data check`` as a user types it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
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
    assert "published" not in result.output


def test_findings_exit_with_1_and_say_what_they_do(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    root = write_pictures(tmp_path / "mine", {"bee": 2, "ant": 3})
    shutil.copy(root / "photo/ant/000.png", root / "photo/bee/002.png")
    result = invoke("data", "check", root, "--dataset", "FOLDER", "--quick")
    assert result.exit_code == 1
    text = " ".join(result.output.replace("│", " ").split())
    assert "photos in two classes: photo/ant/000.png = photo/bee/002.png" in text
    assert "changes scores" in text
    assert "damaged ones may remain" in text


def test_brackets_in_a_folders_name_are_shown_as_they_are(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    write_pictures(tmp_path / "[red]mine", {"[bold]bee": 1, "ant": 1})
    shown = invoke("data", "check", tmp_path / "[red]mine", "--dataset", "folder", "--quick")
    assert "[red]mine" in "".join(shown.output.split())


def test_json_has_the_same_as_data(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    root = write_pictures(tmp_path / "mine", {"bee": 2, "ant": 3})
    (root / "photo/bee/x.png").write_bytes(b"")
    content = json.loads(invoke("data", "check", root, "--dataset", "folder", "--json").stdout)
    assert content["passed"] is False
    assert content["decoded"] == 11
    assert content["findings"][0]["what"] == "unreadable photos"
    assert [row["found"] for row in content["rows"]] == [2, 5, 6]


def test_a_folder_with_sketches_and_photos_needs_no_name(tmp_path: Path, write_pictures: Callable[..., Path]) -> None:
    root = write_pictures(tmp_path / "zoo", {"bee": 2, "ant": 3})
    assert invoke("data", "check", root, "--quick").exit_code == 0


@pytest.mark.parametrize(
    ("folder", "options", "message"),
    [
        (".", ["--dataset", "zoo"], "no data set 'zoo'; expected Sketchy, TU-Berlin, QuickDraw or folder"),
        (".", [], r"has neither sketch/ nor photo/; say what it holds: --dataset Sketchy, .*"),
        ("Sketchy", [], r"Sketchy is the data set itself; pass the folder above it: .* check \S+ --dataset Sketchy"),
    ],
)
def test_what_can_not_be_checked_is_told_with_the_next_step(
    folder: str, options: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "Sketchy" / "sketch").mkdir(parents=True)
    result = invoke("data", "check", tmp_path / folder, *options)
    assert isinstance(result.exception, DataError)
    assert re.search(message, str(result.exception))


def test_a_missing_data_set_is_our_error(tmp_path: Path) -> None:
    result = invoke("data", "check", tmp_path, "--dataset", "Sketchy")
    assert isinstance(result.exception, DataError)
    assert "no Sketchy in" in str(result.exception)
    assert str(invoke("data", "check", tmp_path, "--dataset", "sketchy").exception) == str(result.exception)
