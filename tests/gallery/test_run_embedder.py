"""A trained run turns pictures into the vectors and codes that its own test would give them."""

import hashlib
import shutil
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pcmsn.errors import CheckpointError, GalleryError
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyNetwork, save_tiny
from pcmsn.gallery.embedder import PhotoSource
from pcmsn.gallery.photo_files import decode_photo, thumbnail_of
from pcmsn.gallery.records import photo_id_of
from pcmsn.gallery.run_embedder import run_embedder
from pcmsn.seeding import seeded_torch
from pcmsn.training.config import RunConfig
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run


@pytest.fixture
def run(small_config: RunConfig, tmp_path: Path) -> Path:
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    return tmp_path / "run"


def sources_of(tmp_path: Path) -> list[PhotoSource]:
    return [PhotoSource(path, path.parent.name) for path in sorted((tmp_path / "zoo" / "photo").rglob("*.png"))]


def test_vectors_and_codes_are_those_of_network_and_itq(run: Path, tmp_path: Path) -> None:
    embedder, trained = run_embedder(run, device="cpu"), RunFolder(run).load_trained()
    extractors = load_extractors(f"tiny:{tmp_path / 'network'}", dataset_name="", model_root=Path())
    sources = sources_of(tmp_path)[:20]
    batch = embedder.embed_photos(sources)
    sketches = [Image.open(path).convert("RGB") for path in sorted((tmp_path / "zoo" / "sketch").rglob("*.png"))[:20]]
    queries = embedder.embed_sketches(sketches)
    for position, source in enumerate(sources):  # one picture at a time, without any of the code above
        for picture, backbone, embed, encode, vector, code in (
            (
                Image.open(source.path).convert("RGB"),
                extractors.photo,
                trained.model.embed_photos,
                trained.itq.encode_photos,
                batch.photos[position].vector,
                batch.photos[position].code,
            ),
            (
                sketches[position],
                extractors.sketch,
                trained.model.embed_sketches,
                trained.itq.encode_sketches,
                queries.vectors[position],
                queries.codes[position],
            ),
        ):
            pixels = torch.from_numpy(backbone.transform.apply(picture)[None])
            with torch.inference_mode():
                expected = embed(backbone(backbone.transform.normalise(pixels))).numpy()
            np.testing.assert_allclose(vector, expected[0], atol=1e-5)
            assert np.unpackbits(code)[: trained.itq.bits].tolist() == encode(vector[None])[0].tolist()
    assert batch.photos[0].vector.shape == (embedder.identity.dim,) == (8,)
    assert embedder.identity.bits == 8 and queries.codes.shape == (20, 1)


def test_a_picture_has_the_same_vector_alone_and_among_others(run: Path, tmp_path: Path) -> None:
    embedder, sources = run_embedder(run, device="cpu"), sources_of(tmp_path)[:37]
    together = embedder.embed_photos(sources).photos
    for position in (0, 15, 16, 36):
        (alone,) = embedder.embed_photos([sources[position]]).photos
        np.testing.assert_allclose(alone.vector, together[position].vector, atol=1e-5)
    sketches = [Image.open(source.path).convert("RGB") for source in sources]
    many = embedder.embed_sketches(sketches)
    np.testing.assert_allclose(embedder.embed_sketches(sketches[20:21]).vectors[0], many.vectors[20], atol=1e-5)
    assert len(embedder.embed_sketches([])) == 0 and embedder.embed_photos([]).photos == ()


def test_records_say_what_the_files_are_and_unreadable_ones_are_named(run: Path, tmp_path: Path) -> None:
    embedder = run_embedder(run, device="cpu")
    good, damaged, missing = tmp_path / "good.jpg", tmp_path / "damaged.jpg", tmp_path / "missing.jpg"
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (600, 300), "red").save(good, exif=turned)
    damaged.write_bytes(good.read_bytes()[:300])
    batch = embedder.embed_photos([PhotoSource(missing), PhotoSource(good, "mine"), PhotoSource(damaged)])
    assert [path for path, _ in batch.unreadable] == [missing, damaged]
    assert batch.unreadable[0][1] == "No such file or directory"
    assert batch.unreadable[1][1].startswith("the picture is damaged or not supported")
    (photo,) = batch.photos
    status = good.stat()
    assert photo.record.photo_id == photo_id_of(good) and photo.record.path == str(good)
    assert photo.record.content_hash == hashlib.sha256(good.read_bytes()).hexdigest()
    assert (photo.record.size, photo.record.modified_ns) == (status.st_size, status.st_mtime_ns)
    assert (photo.record.width, photo.record.height, photo.record.label) == (300, 600, "mine")
    with Image.open(BytesIO(photo.thumbnail)) as thumbnail:
        assert thumbnail.format == "JPEG" and thumbnail.size == (128, 256)


def test_a_small_photo_s_thumbnail_is_not_enlarged() -> None:
    with Image.open(BytesIO(thumbnail_of(Image.new("RGB", (40, 30))))) as thumbnail:
        assert thumbnail.size == (40, 30)


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Path) -> None:
    transform = load_extractors(f"tiny:{tmp_path / 'network'}", dataset_name="", model_root=Path()).photo.transform
    (source, *_) = sources_of(tmp_path)
    opened, real = [], Path.open
    monkeypatch.setattr(Path, "open", lambda self, *args: (opened.append(self), real(self, *args))[1])
    decode_photo(source, transform.apply)
    assert opened == [source.path]


def test_the_identity_changes_with_weights_codes_and_extractor_and_with_nothing_else(run: Path, tmp_path: Path) -> None:
    identity = run_embedder(run, device="cpu").identity
    assert identity == run_embedder(run, device="cpu").identity
    assert len(identity.fingerprint) == 64 and identity.run == str(run)
    assert identity.name == "zoo, preset paper, seed 0, network"
    shutil.copytree(run, tmp_path / "moved")
    assert run_embedder(tmp_path / "moved", device="cpu").identity == replace(identity, run=str(tmp_path / "moved"))
    folder = RunFolder(run)
    trained = folder.load_trained()
    turned = replace(trained.itq, rotation=-trained.itq.rotation)
    folder.write_model(trained.model, turned, 1)
    other_codes = run_embedder(run, device="cpu").identity.fingerprint
    with torch.no_grad():
        next(trained.model.parameters()).add_(1e-3)
    folder.write_model(trained.model, trained.itq, 1)
    other_weights = run_embedder(run, device="cpu").identity.fingerprint
    assert len({identity.fingerprint, other_codes, other_weights}) == 3


def test_an_extractor_that_was_moved_is_found_and_another_one_refused(run: Path, tmp_path: Path) -> None:
    before = run_embedder(run, device="cpu").identity
    shutil.move(tmp_path / "network", tmp_path / "moved")
    assert run_embedder(run, device="cpu", backbone=f"tiny:{tmp_path / 'moved'}").identity.fingerprint == (
        before.fingerprint
    )
    with seeded_torch(1, "another"):
        save_tiny(TinyNetwork(TinyArchitecture(input_size=32, widths=(4, 8, 12))), tmp_path / "network")
    with pytest.raises(CheckpointError, match="was trained on sketch features of network .* pass the same --backbone"):
        run_embedder(run, device="cpu")


def test_a_run_with_its_own_tiny_extractors_needs_nothing_else(run: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "network", run / "tiny")
    config = RunFolder(run).read_config()
    RunFolder(run).write_config(replace(config, backbone=replace(config.backbone, spec="tiny")))
    shutil.rmtree(tmp_path / "zoo")
    shutil.rmtree(tmp_path / "semantics")
    assert len(run_embedder(run, device="cpu").embed_sketches([Image.new("RGB", (9, 9))])) == 1


def test_a_run_on_ready_made_features_has_no_network_to_embed_with(run: Path, tmp_path: Path) -> None:
    config = RunFolder(run).read_config()
    RunFolder(run).write_config(replace(config, backbone=replace(config.backbone, spec="features:/somewhere")))
    with pytest.raises(
        CheckpointError, match=r"was trained on ready-made features \(features:/somewhere\), so there is no"
    ):
        run_embedder(run, device="cpu")


def test_a_tilde_in_the_runs_path_stands_for_the_home_folder(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run_embedder(Path("~/run"), device="cpu").identity.run == str(run)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is no run folder"):
        run_embedder(tmp_path, device="cpu")
    with pytest.raises(GalleryError, match=r"model_best\.pth is a released checkpoint; galleries need a run folder"):
        run_embedder(tmp_path / "model_best.pth", device="cpu")
