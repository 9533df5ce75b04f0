"""``pcmsn data prepare`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import DataError


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "100", "TERM": "dumb"})


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """Two classes of TU-Berlin as distributed, one photo twice, and a folder that is no class."""
    generator = np.random.default_rng(0)
    for place, names in (
        ("png", ["giraffe", "hot air balloon"]),
        ("ImageResized", ["griaffe", "hotairballoon", "zebar"]),
    ):
        for name in names:
            folder = tmp_path / "downloads" / place / name
            folder.mkdir(parents=True)
            pixels = generator.integers(0, 256, size=(5, 5, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / ("1.png" if place == "png" else "1.JPEG"))
    photos = tmp_path / "downloads" / "ImageResized"
    (photos / "griaffe" / "2.JPEG").write_bytes((photos / "griaffe" / "1.JPEG").read_bytes())
    return tmp_path / "downloads"


def test_the_table_explains_every_difference(downloads: Path, tmp_path: Path) -> None:
    result = invoke("data", "prepare", "tu-berlin", "--from", downloads, "--to", tmp_path / "data")
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.replace("│", " ").split())
    assert "TU-Berlin in" in text
    assert "-204,487" in text
    assert "1 removed as duplicates" in text
    assert "unknown class among the photos: 'zebar' (did you mean zebra" in text
    assert "248 classes without photos: 'airplane'" in text
    assert f"Next: pcmsn data check {tmp_path / 'data'} --dataset TU-Berlin" in text
    again = invoke("data", "prepare", "tu-berlin", "--from", downloads, "--to", tmp_path / "data")
    assert "Nothing new: everything was there already." in again.output


def test_json_has_the_same_as_data(downloads: Path, tmp_path: Path) -> None:
    result = invoke("data", "prepare", "tu-berlin", "--from", downloads, "--to", tmp_path / "data", "--link", "--json")
    content = json.loads(result.stdout)
    photos = content["rows"][2]
    assert (photos["found"], photos["published"]["most"], photos["difference"]) == (2, 204_489, -204_487)
    assert sum(reason["count"] for reason in photos["reasons"]) == 204_487
    assert content["actions"]["new pictures"] == content["actions"]["hard-linked"] == 4
    assert content["unknown_folders"][0]["name"] == "zebar"


def test_nothing_usable_is_our_error_and_an_unknown_benchmark_a_usage_error(tmp_path: Path) -> None:
    result = invoke("data", "prepare", "sketchy", "--from", tmp_path, "--to", tmp_path / "data")
    assert isinstance(result.exception, DataError)
    assert "no pictures of Sketchy in" in str(result.exception)
    assert invoke("data", "prepare", "sketchi", "--from", tmp_path).exit_code == 2
    assert invoke("data", "prepare", "sketchy").exit_code == 2


def test_an_interruption_says_how_to_go_on(downloads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pcmsn.data.preparing.prepare", interrupted)
    result = invoke("data", "prepare", "tu-berlin", "--from", downloads, "--to", tmp_path / "data")
    assert result.exit_code == 130
    assert "Run the same command again to go on" in result.stderr
