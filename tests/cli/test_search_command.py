"""pcmsn index and search with a real, small run: from pictures on disk to ranked paths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import ConfigError, GalleryError
from pcmsn.gallery.sqlite.store import SqliteStore
from pcmsn.training.config import RunConfig
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run


def invoke(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    environment = {"COLUMNS": "200", "TERM": "dumb"}
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment, input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def gallery(small_config: RunConfig, tmp_path: Path) -> Iterator[Path]:
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    photos = tmp_path / "zoo" / "photo"
    invoke("index", photos / "gnu", photos / "hen", "--run", tmp_path / "run", "--gallery", tmp_path / "g",
           "--label-from-folders", "--device", "cpu")  # fmt: skip
    return tmp_path / "g"


def test_a_folder_to_save_into_is_refused_before_the_search(gallery: Path, tmp_path: Path) -> None:
    sketch = tmp_path / "zoo" / "sketch" / "gnu" / "000.png"
    with pytest.raises(ConfigError, match="is a folder; expected the name of a file"):
        invoke("search", sketch, "--gallery", gallery, "--save", tmp_path)


def test_a_sketch_finds_photos_in_a_table_as_json_from_stdin_and_as_a_picture(gallery: Path, tmp_path: Path) -> None:
    sketch = tmp_path / "zoo" / "sketch" / "gnu" / "000.png"
    table = invoke("search", sketch, "--gallery", gallery, "-k", "5", "--save", tmp_path / "grid.png")
    lines = table.stdout.splitlines()
    assert table.exit_code == 0 and lines[0].split() == ["rank", "distance", "label", "path"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3", "4", "5"]
    distances = [float(line.split()[1]) for line in lines[1:]]
    assert distances == sorted(distances)
    assert all(Path(line.split()[3]).parent.name == line.split()[2] for line in lines[1:])
    assert f"wrote {tmp_path / 'grid.png'}" in table.stderr
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.width > grid.height
    found = json.loads(invoke("search", "-", "--gallery", gallery, "--json", stdin=sketch.read_bytes()).stdout)
    assert [hit["path"] for hit in found["hits"][:5]] == [line.split()[3] for line in lines[1:]]
    assert len(found["hits"]) == 12 and set(found["hits"][0]) == {"rank", "distance", "label", "path", "id"}


def test_labels_modes_and_fits_are_passed_on(gallery: Path, tmp_path: Path) -> None:
    sketch = tmp_path / "zoo" / "sketch" / "gnu" / "000.png"

    def found(*options: str) -> list[dict[str, object]]:
        hits: list[dict[str, object]] = json.loads(
            invoke("search", sketch, "--gallery", gallery, "--json", *options).stdout
        )["hits"]
        return hits

    exact = found()
    assert {hit["label"] for hit in found("--label", "hen")} == {"hen"}
    assert found("--mode", "shortlist") == exact  # the shortlist is longer than this gallery
    canvas = Image.new("RGB", (300, 300), "white")
    canvas.paste("black", (200, 200, 240, 290))
    canvas.save(sketch)
    assert found("--fit", "ink")[0]["distance"] != found("--fit", "whole")[0]["distance"]


def test_nothing_found_is_explained_on_stderr(gallery: Path, tmp_path: Path) -> None:
    sketch = tmp_path / "zoo" / "sketch" / "gnu" / "000.png"
    unknown = invoke("search", sketch, "--gallery", gallery, "--label", "henn")
    assert unknown.exit_code == 0 and unknown.stdout == ""
    assert (
        "no photo has the label 'henn' (did you mean 'hen'?); the gallery's labels are 'gnu', 'hen'" in unknown.stderr
    )
    photos = tmp_path / "zoo" / "photo" / "gnu"
    invoke("index", photos, "--run", tmp_path / "run", "--gallery", tmp_path / "u", "--device", "cpu")
    unlabelled = invoke("search", sketch, "--gallery", tmp_path / "u", "--label", "hen")
    assert "no photo has the label 'hen'; the gallery's photos have no labels; pcmsn index --label-from-folders" in (
        unlabelled.stderr
    )
    (tmp_path / "empty").mkdir()
    invoke("index", tmp_path / "empty", "--run", tmp_path / "run", "--gallery", tmp_path / "e", "--device", "cpu")
    empty = invoke("search", sketch, "--gallery", tmp_path / "e", "--json")
    assert json.loads(empty.stdout)["hits"] == []
    assert "the gallery is empty; add photos: pcmsn index PHOTOS" in empty.stderr


def test_searching_where_there_is_no_gallery_makes_none(gallery: Path, tmp_path: Path) -> None:
    sketch = tmp_path / "zoo" / "sketch" / "gnu" / "000.png"
    with pytest.raises(GalleryError, match="no gallery at"):
        invoke("search", sketch, "--gallery", tmp_path / "none", "--run", tmp_path / "run")
    assert not (tmp_path / "none").exists()


def test_approximate_search_says_what_it_may_miss(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sketch = tmp_path / "zoo" / "sketch" / "gnu" / "000.png"
    approximate = invoke("search", sketch, "--gallery", gallery, "--mode", "approximate", "--json")
    assert json.loads(approximate.stdout)["recall"] == 1.0
    assert "finds 100.0% of the 50 nearest of stored photos" in approximate.stderr
    exact = invoke("search", sketch, "--gallery", gallery, "--json")
    assert "recall" not in json.loads(exact.stdout) and "approximate" not in exact.stderr
    monkeypatch.setattr(SqliteStore, "approximate_recall", None)  # as of a gallery on a server
    unknown = invoke("search", sketch, "--gallery", gallery, "--mode", "approximate", "--json")
    assert json.loads(unknown.stdout)["recall"] is None
    assert "how many of the nearest photos it finds was not measured" in unknown.stderr
