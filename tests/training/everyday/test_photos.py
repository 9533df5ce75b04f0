"""Photos are split by what they show, not by file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pcmsn.encoders.kinds import SOURCES, Kind
from pcmsn.training.everyday.network import PhotoNetwork
from pcmsn.training.everyday.photos import content_groups, hold_out, list_photos, photo_features


def test_photos_of_one_kind_come_from_several_sources(tmp_path: Path) -> None:
    classes: dict[str, tuple[str, ...]] = dict.fromkeys(SOURCES, ())
    kinds = [
        Kind("cat", "cat.n.01", classes),
        Kind("car", "car.n.01", classes | {"sketchy": ("a",), "caltech101": ("b",)}),
    ]
    for name in ("one/a/2.png", "one/a/1.png", "one/unknown/1.png", "two/b/x.png", "two/b/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (30, 20), "red").save(path) if path.suffix == ".png" else path.write_text("")
    photos = list_photos({"sketchy": tmp_path / "one", "caltech101": tmp_path / "two"}, kinds)
    assert [path.name for path in photos.paths] == ["1.png", "2.png", "x.png"]
    assert photos.kinds.tolist() == [1, 1, 1]
    network = PhotoNetwork(blocks=1)
    whole = photo_features(network, photos.paths)
    assert whole.shape == (3, 384)
    assert photo_features(network, photos.paths, np.random.default_rng(0)).shape == (3, 384)


def test_photos_that_show_the_same_are_one_group_by_chains_too() -> None:
    angles = np.deg2rad([0, 15, 30, 90, 91, 200])  # the cosine of 15 degrees is .966, of 30 degrees .866
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32) * [[1], [2], [1], [1], [3], [1]]
    groups = content_groups(features.astype(np.float32))
    assert len(set(groups[:3].tolist())) == 1
    assert groups[3] == groups[4] != groups[0]
    assert len(set(groups.tolist())) == 3


@pytest.mark.parametrize("seed", range(3))
def test_a_group_is_on_one_side(seed: int) -> None:
    groups = np.random.default_rng(9).integers(0, 40, 200)
    held_out = hold_out(groups, 0.25, np.random.default_rng(seed))
    assert not set(groups[held_out].tolist()) & set(groups[~held_out].tolist())
    assert len(set(groups[held_out].tolist())) == round(len(set(groups.tolist())) / 4)
    assert (held_out == hold_out(groups, 0.25, np.random.default_rng(seed))).all()
