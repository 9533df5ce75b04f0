"""pcmsn index says what it did, what it left out and why, and what to do about it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import GalleryError
from pcmsn.gallery import gallery as facade
from pcmsn.gallery import loading
from pcmsn.gallery.embedder import EmbeddedBatch, PhotoSource
from pcmsn.gallery.records import EmbeddedPhoto, ModelIdentity, PhotoRecord, Queries, photo_id_of


class GreyEmbedder:
    """The mean grey value as the vector."""

    def __init__(self, run: Path) -> None:
        self.identity = ModelIdentity(fingerprint="a" * 64, dim=1, bits=1, name="grey", run=str(run))

    def embed_photos(self, sources: list[PhotoSource]) -> EmbeddedBatch:
        photos, unreadable = [], []
        for source in sources:
            try:
                picture = Image.open(source.path).convert("L")
            except OSError:
                unreadable.append((source.path, "not a picture in any format that Pillow reads"))
                continue
            status = source.path.stat()
            record = PhotoRecord(
                photo_id=photo_id_of(source.path),
                path=str(source.path),
                content_hash=source.path.name,
                size=status.st_size,
                modified_ns=status.st_mtime_ns,
                label=source.label,
                width=picture.width,
                height=picture.height,
            )
            vector = np.array([np.asarray(picture).mean()], dtype=np.float32)
            photos.append(EmbeddedPhoto(record, vector, np.zeros(1, dtype=np.uint8), b"jpeg"))
        return EmbeddedBatch(tuple(photos), tuple(unreadable))

    def embed_sketches(self, sketches: list[Image.Image]) -> Queries:
        vectors = np.array([[np.asarray(sketch.convert("L")).mean()] for sketch in sketches], dtype=np.float32)
        return Queries(vectors, np.zeros((len(sketches), 1), dtype=np.uint8))


@pytest.fixture(autouse=True)
def _grey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "load_embedder", lambda run, **options: GreyEmbedder(run))


def invoke(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200", "TERM": "dumb"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, grey in (("tree", 50), ("house", 150)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for nth in range(3):
            Image.new("L", (4, 4), grey + nth).save(tmp_path / "photos" / name / f"{nth}.png")
    (tmp_path / "run").mkdir()
    return tmp_path / "photos"


def test_photos_are_indexed_with_labels_and_the_second_time_they_are_unchanged(tmp_path: Path, photos: Path) -> None:
    first = invoke("index", photos, "--run", tmp_path / "run", "--gallery", tmp_path / "g", "--label-from-folders")
    assert first.exit_code == 0
    assert f"{tmp_path / 'g'}: 6 photos; 6 added, 0 updated, 0 unchanged, 0 removed, in " in first.stdout
    again = invoke("index", photos, "--gallery", tmp_path / "g")
    assert "6 photos; 0 added, 0 updated, 6 unchanged, 0 removed" in again.stdout
    relabelled = invoke("index", photos / "tree", "--gallery", tmp_path / "g", "--label", "wood")
    assert "  3 got another label\n" in relabelled.stdout
    with facade.Gallery.open(tmp_path / "g") as gallery:
        assert gallery.store.labels() == {"house": 3, "wood": 3}


def test_what_is_left_out_is_counted_by_ending_and_listed_on_request(tmp_path: Path, photos: Path) -> None:
    for name in ("a.txt", "b.txt", "c.mov", "README", "d.jxl", "e.JXL", "f.jp2"):
        (photos / name).write_text("x")
    (photos / "link.jpg").symlink_to(photos / "nowhere")
    report = invoke("index", photos, "--run", tmp_path / "run", "--gallery", tmp_path / "g")
    assert "  left out 2 .txt, 1 .mov, 1 no ending: not a picture\n" in report.stdout
    assert "  left out 2 .jxl, 1 .jp2: not supported, save it as JPEG\n" in report.stdout
    assert f"left out {photos / 'link.jpg'}: a link that leads nowhere" in report.stdout
    assert "a.txt" not in report.stdout and "d.jxl" not in report.stdout
    listed = invoke("index", photos, "--gallery", tmp_path / "g", "--list-skipped")
    assert f"left out {photos / 'a.txt'}: not a picture" in listed.stdout
    assert f"left out {photos / 'd.jxl'}: not supported, save it as JPEG" in listed.stdout


def test_unreadable_pictures_are_named_with_advice(tmp_path: Path, photos: Path) -> None:
    for nth in range(12):
        (photos / f"bad{nth:02d}\x1b[31m.jpg").write_bytes(b"x")
    report = invoke("index", photos, "--run", tmp_path / "run", "--gallery", tmp_path / "g")
    assert report.exit_code == 0
    assert "12 pictures cannot be read; repair them, or save them as JPEG or PNG, and run this again:" in report.stdout
    assert "bad00?[31m.jpg: not a picture in any format" in report.stdout
    assert "and 2 more; --json has them all" in report.stdout
    assert "\x1b" not in report.stdout


def test_gone_photos_are_named_and_pruned_on_request(tmp_path: Path, photos: Path) -> None:
    invoke("index", photos, "--run", tmp_path / "run", "--gallery", tmp_path / "g")
    (photos / "tree" / "0.png").unlink()
    kept = invoke("index", photos, "--gallery", tmp_path / "g")
    assert "1 photos are in the gallery whose files are gone; remove them with --prune" in kept.stdout
    assert (
        "5 photos; 0 added, 0 updated, 5 unchanged, 1 removed"
        in invoke("index", photos, "--gallery", tmp_path / "g", "--prune").stdout
    )


def test_json_has_everything(tmp_path: Path, photos: Path) -> None:
    (photos / "a.txt").write_text("x")
    (photos / "bad.jpg").write_bytes(b"x")
    report = invoke("index", photos, "--run", tmp_path / "run", "--gallery", tmp_path / "g", "--json")
    content = json.loads(report.stdout)
    assert content.pop("seconds") >= 0
    assert content == {
        "gallery": str(tmp_path / "g"),
        "photos": 6,
        "added": 6,
        "updated": 0,
        "unchanged": 0,
        "relabelled": 0,
        "removed": 0,
        "missing": 0,
        "skipped": [{"path": str(photos / "a.txt"), "reason": "not a picture"}],
        "unreadable": [{"path": str(photos / "bad.jpg"), "reason": "not a picture in any format that Pillow reads"}],
    }


def test_file_names_that_are_no_text_can_be_printed(tmp_path: Path, photos: Path) -> None:
    (photos / os.fsdecode(b"gr\xfcn.jpg")).write_bytes(b"x")
    assert (
        "gr�n.jpg: not a picture"
        in invoke("index", photos, "--run", tmp_path / "run", "--gallery", tmp_path / "g").stdout
    )


@pytest.mark.parametrize(("dataset", "noted"), [("toyworld", True), ("Sketchy", False)])
def test_a_run_that_knows_only_the_toy_world_is_said_to_find_no_photographs(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, noted: bool
) -> None:
    monkeypatch.setattr("pcmsn.training.exporting.export.export_encoder", lambda run, note: None)
    run = tmp_path / "run"
    (run / "run.json").write_text(json.dumps({"dataset": dataset}))
    for options in (["--run", run], []):  # the second time the gallery knows the run
        report = invoke("index", photos, "--gallery", tmp_path / "g", *options)
        assert (
            f"{run} was trained on the drawn toy world and finds nothing among photographs" in report.stderr
        ) == noted
        assert "toy world" not in report.stdout


def test_wrong_use_is_told(tmp_path: Path, photos: Path) -> None:
    both = invoke("index", photos, "--gallery", tmp_path / "g", "--label", "x", "--label-from-folders")
    assert both.exit_code == 2 and "not both" in both.stderr
    with pytest.raises(GalleryError, match="no file or folder"):
        invoke("index", tmp_path / "gone", "--run", tmp_path / "run", "--gallery", tmp_path / "g")


def test_an_interruption_says_that_the_work_is_kept(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: GreyEmbedder, sources: list[PhotoSource]) -> EmbeddedBatch:
        raise KeyboardInterrupt

    monkeypatch.setattr(GreyEmbedder, "embed_photos", interrupted)
    stopped = invoke("index", photos, "--run", tmp_path / "run", "--gallery", tmp_path / "g")
    assert stopped.exit_code == 130
    assert "stopped; what was indexed is kept. Run the same command again to continue" in stopped.stderr
