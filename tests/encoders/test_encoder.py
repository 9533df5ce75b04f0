"""An exported run embeds without torch what the run embeds with it, and galleries take the one for the other."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pcmsn.encoders.encoder import DESCRIPTION, ENCODER, Encoder, encoder_of_run, packaged_encoders
from pcmsn.errors import CheckpointError
from pcmsn.gallery.embedder import PhotoSource
from pcmsn.gallery.gallery import Gallery
from pcmsn.gallery.loading import load_embedder
from pcmsn.gallery.picture_embedder import PictureEmbedder
from pcmsn.gallery.run_embedder import run_embedder
from pcmsn.training.config import RunConfig
from pcmsn.training.exporting.export import export_encoder, export_run
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run

WITHOUT_TORCH = """
import sys
from pathlib import Path
from pcmsn import Gallery
with Gallery.open(sys.argv[1], run=sys.argv[2]) as gallery:
    gallery.add(sys.argv[3])
    hits = gallery.search(sys.argv[4], k=3)
assert len(hits) == 3
heavy = {"torch", "transformers", "sklearn", "matplotlib", "scipy"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.fixture
def run(small_config: RunConfig, tmp_path: Path) -> Path:
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    return tmp_path / "run"


def test_a_run_is_exported_once_and_embeds_as_it_does_with_torch(run: Path, tmp_path: Path) -> None:
    assert encoder_of_run(run) is None
    folder = export_encoder(run)
    assert folder == run / ENCODER == encoder_of_run(run)
    written = (folder / "sketch.onnx").stat().st_mtime_ns
    assert export_encoder(run) == folder and (folder / "sketch.onnx").stat().st_mtime_ns == written
    light, whole = load_embedder(run), run_embedder(run, device="cpu")
    assert light.identity == whole.identity
    photos = sorted((tmp_path / "zoo" / "photo").rglob("*.png"))[:20]
    sources = [PhotoSource(path) for path in photos]
    for one, other in zip(light.embed_photos(sources).photos, whole.embed_photos(sources).photos, strict=True):
        np.testing.assert_allclose(one.vector, other.vector, atol=1e-3)
    sketches = [Image.open(path).convert("RGB") for path in sorted((tmp_path / "zoo" / "sketch").rglob("*.png"))[:20]]
    np.testing.assert_allclose(
        light.embed_sketches(sketches).vectors, whole.embed_sketches(sketches).vectors, atol=1e-3
    )
    assert len(light.embed_sketches([])) == 0


def test_a_run_that_was_trained_anew_is_exported_anew(run: Path) -> None:
    export_encoder(run)
    folder = RunFolder(run)
    trained = folder.load_trained()
    for parameter in trained.model.parameters():
        parameter.data.add_(0.01)
    folder.write_model(trained.model, trained.itq, 1)
    assert encoder_of_run(run) is None
    export_encoder(run)
    assert load_embedder(run).identity == run_embedder(run, device="cpu").identity


def test_a_gallery_is_made_and_searched_without_torch(run: Path, tmp_path: Path) -> None:
    """In a process of its own, which would have torch if anything on the way asked for it."""
    exported = tmp_path / "exported"
    export_run(run, exported)
    sketch = next((tmp_path / "zoo" / "sketch").rglob("*.png"))
    arguments = [tmp_path / "p.gallery", exported, tmp_path / "zoo" / "photo", sketch]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *map(str, arguments)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with Gallery.open(tmp_path / "p.gallery", run=run) as gallery:  # by torch: it is the same model
        assert len(gallery) == 48


def test_an_exported_folder_that_was_moved_is_the_same_model(run: Path, tmp_path: Path) -> None:
    export_run(run, tmp_path / "exported")
    before = PictureEmbedder.of_encoder(tmp_path / "exported").identity
    shutil.move(tmp_path / "exported", tmp_path / "moved")
    after = PictureEmbedder.of_encoder(tmp_path / "moved").identity
    assert (before.fingerprint, before.name) == (after.fingerprint, after.name)
    assert after.run == str(tmp_path / "moved")


def test_what_is_no_exported_model_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no model 'everyda'.*expected a folder that pcmsn export wrote"):
        Encoder.load("everyda")
    folder = export_encoder(run)
    text = (folder / DESCRIPTION).read_text(encoding="utf-8")
    (folder / DESCRIPTION).write_text(json.dumps({**json.loads(text), "format": 99}))
    with pytest.raises(CheckpointError, match="has format 99, this version reads 1"):
        Encoder.load(folder)
    (folder / DESCRIPTION).write_text(text.replace('"dim"', '"length"'))
    with pytest.raises(CheckpointError, match="is damaged"):
        Encoder.load(folder)
    (folder / DESCRIPTION).write_text(text)
    (folder / "photo.onnx").write_bytes(b"no network")
    with pytest.raises(CheckpointError, match=r"photo\.onnx cannot be loaded"):
        Encoder.load(folder).embed_photos([Image.new("RGB", (40, 30))])
    (folder / "codes.npz").unlink()
    with pytest.raises(CheckpointError, match=r"codes\.npz cannot be read"):
        Encoder.load(folder)


def test_each_packaged_model_is_complete() -> None:
    for name in packaged_encoders():
        encoder = Encoder.load(name)
        vectors = encoder.embed_photos([Image.new("RGB", (50, 40), "red")])
        assert vectors.shape == (1, encoder.description.dim)
        assert (encoder.folder / "README.md").is_file()


def test_a_gallery_remembers_a_packaged_model_by_its_name(tmp_path: Path) -> None:
    """The package may be in another environment the next time; a path would lead nowhere then."""
    with Gallery.open(tmp_path / "p.gallery") as gallery:
        assert gallery.store.identity.run == "everyday"
    with Gallery.open(tmp_path / "p.gallery") as gallery:
        assert gallery.embedder.identity == gallery.store.identity
