from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.data.datasets import open_dataset
from pcmsn.errors import DataError

WritePictures = Callable[..., Path]


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", "sample", *map(str, arguments)], env={"COLUMNS": "200", "TERM": "dumb"})


@pytest.fixture
def large(tmp_path: Path, write_pictures: WritePictures) -> Path:
    return write_pictures(tmp_path / "large", {"ant": 6, "bee": 2})


def test_a_sample_of_a_folder_is_a_folder_and_short_classes_are_named(tmp_path: Path, large: Path) -> None:
    small = tmp_path / "small"
    result = invoke("--dataset", large, "--sketches", "2", "--photos", "4", "--to", small)
    assert result.exit_code == 0, result.output
    assert open_dataset(str(small), tmp_path).photos.counts() == {"ant": 4, "bee": 2}
    assert "10 written now, 0 were there." in result.stdout
    assert "Fewer photos than asked for, all taken: bee (2)." in result.stdout
    assert f"Use it with: --dataset {small}" in result.stdout
    again = invoke("--dataset", large, "--sketches", "2", "--photos", "4", "--to", small, "--json")
    summary = json.loads(again.stdout)
    assert (summary["written"], summary["sketches"], summary["photos"]) == (0, 4, 6)
    assert summary["short"] == [{"modality": "photo", "class": "bee", "pictures": 2}]


def test_a_sample_of_a_benchmark_is_that_benchmark_in_another_root(
    tmp_path: Path, write_pictures: WritePictures
) -> None:
    root = write_pictures(tmp_path / "pictures", {"ant": 4, "bee": 4})
    (tmp_path / "ZS-SBIR" / "TU-Berlin").mkdir(parents=True)
    (root / "sketch").rename(tmp_path / "ZS-SBIR" / "TU-Berlin" / "sketches")
    (root / "photo").rename(tmp_path / "ZS-SBIR" / "TU-Berlin" / "images")
    (tmp_path / "classes.txt").write_text("bee\n")
    result = invoke(
        *("--dataset", "TU-Berlin", "--data-root", tmp_path / "ZS-SBIR", "--classes", tmp_path / "classes.txt"),
        *("--sketches", "1", "--photos", "3", "--to", tmp_path / "small", "--link"),
    )
    assert result.exit_code == 0, result.output
    assert f"--dataset TU-Berlin --data-root {tmp_path / 'small'}" in result.stdout
    small = open_dataset("TU-Berlin", tmp_path / "small")
    assert (small.classes, len(small.sketches), len(small.photos)) == (("bee",), 1, 3)


def test_a_target_with_another_sample_is_an_error(tmp_path: Path, large: Path) -> None:
    assert invoke("--dataset", large, "--sketches", "2", "--photos", "2", "--to", tmp_path / "s").exit_code == 0
    result = invoke("--dataset", large, "--sketches", "1", "--photos", "2", "--to", tmp_path / "s")
    assert isinstance(result.exception, DataError)
    assert "not in this sample" in str(result.exception)


def test_counts_below_one_are_wrong_usage(tmp_path: Path, large: Path) -> None:
    assert invoke("--dataset", large, "--sketches", "0", "--to", tmp_path / "s").exit_code == 2
