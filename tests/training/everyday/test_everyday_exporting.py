"""The packaged model's form: from untrained networks, made here, the same vectors as torch, and names with them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from pcmsn.encoders.class_space import CLASSES, read_class_space
from pcmsn.encoders.encoder import Encoder
from pcmsn.errors import CheckpointError
from pcmsn.hashing.itq import ITQ
from pcmsn.training.everyday.network import DrawingNetwork, PhotoNetwork
from pcmsn.training.everyday.space import Classes, Space, SpaceSettings

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from pcmsn.training.everyday.exporting import export_encoder

NAMES = ("cat", "hat")
Networks = tuple[DrawingNetwork, PhotoNetwork, Space]


@pytest.fixture(scope="module")
def networks() -> Networks:
    torch.manual_seed(4)
    drawings, photos = DrawingNetwork(64, blocks=1), PhotoNetwork(blocks=1)
    return drawings.eval(), photos.eval(), Space(192, 384, len(NAMES), SpaceSettings(hidden=16)).eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, networks: Networks) -> Path:
    drawings, photos, space = networks
    generator = np.random.default_rng(0)
    codes = ITQ.fit(generator.normal(size=(99, 64)), generator.normal(size=(99, 64)), 64, generator)
    classes = Classes(NAMES, ("cat.n.01", "hat.n.01"), np.zeros(1000, dtype=np.int64), np.eye(2, dtype=np.float32))
    path = tmp_path_factory.mktemp("encoder")
    export_encoder(path, "tried", drawings=drawings, photos=photos, space=space, classes=classes, codes=codes)
    return path


@pytest.fixture
def sketches() -> list[Image.Image]:
    pictures = []
    for number in range(3):
        picture = Image.new("RGB", (120, 90), "white")
        ImageDraw.Draw(picture).arc((20, 10, 70 + 10 * number, 80), 0, 240, fill="black", width=3)
        pictures.append(picture)
    return pictures


@pytest.fixture
def photos() -> list[Image.Image]:
    generator = np.random.default_rng(1)
    return [Image.fromarray(generator.integers(0, 255, (40 + 9 * n, 60, 3), dtype=np.uint8)) for n in range(3)]


def test_vectors_are_torchs_but_for_the_last_digits(
    folder: Path, networks: Networks, sketches: list[Image.Image], photos: list[Image.Image]
) -> None:
    encoder = Encoder.load(folder)
    drawing_network, photo_network, space = networks
    with torch.inference_mode():
        sheets = np.stack([encoder.pixels("sketch", sketch)[:, :, 0] for sketch in sketches])
        wanted = space.drawings(drawing_network(torch.from_numpy(sheets).float())).numpy()
        squeezed = np.stack([encoder.pixels("photo", photo) for photo in photos])
        wanted_photos = space.photos(photo_network(torch.from_numpy(squeezed).permute(0, 3, 1, 2).float())).numpy()
    # weights of 8 bits: the directions stay
    assert ((encoder.embed_sketches(sketches) * wanted).sum(axis=1) > 0.995).all()
    assert ((encoder.embed_photos(photos) * wanted_photos).sum(axis=1) > 0.995).all()


def test_a_vector_is_the_same_alone_and_in_a_batch(
    folder: Path, sketches: list[Image.Image], photos: list[Image.Image]
) -> None:
    encoder = Encoder.load(folder, threads=1)
    for embed, items in ((encoder.embed_sketches, sketches), (encoder.embed_photos, photos)):
        together, alone = embed(items), np.concatenate([embed([item]) for item in items])
        np.testing.assert_allclose(together, alone, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)


def test_the_fingerprint_is_of_the_networks(folder: Path, networks: Networks, tmp_path: Path) -> None:
    drawings, photos, _ = networks
    codes, classes = Encoder.load(folder).codes, Classes(NAMES, NAMES, np.zeros(2, int), np.eye(2, dtype=np.float32))
    torch.manual_seed(5)
    other = Space(192, 384, len(NAMES), SpaceSettings(hidden=16))
    export_encoder(tmp_path, "tried", drawings=drawings, photos=photos, space=other, classes=classes, codes=codes)
    assert Encoder.load(tmp_path).description.fingerprint != Encoder.load(folder).description.fingerprint


def test_classes_come_with_it(folder: Path, tmp_path: Path) -> None:
    space = read_class_space(folder)
    assert space.names == NAMES
    assert space.synsets == ("cat.n.01", "hat.n.01")
    np.testing.assert_allclose(np.linalg.norm(space.vectors, axis=1), 1, atol=1e-6)
    with pytest.raises(CheckpointError, match="expected a model that knows names"):
        read_class_space(tmp_path)
    np.savez(tmp_path / CLASSES, names=np.asarray(["a"]), synsets=np.asarray(["a.n.01"]), vectors=np.zeros((2, 4)))
    with pytest.raises(CheckpointError, match="1 names, 1 synsets, 2 vectors"):
        read_class_space(tmp_path)
