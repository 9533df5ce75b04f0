"""The toy world is deterministic, honest about itself, and written whole or not at all."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pcmsn.data.layouts import folder, list_dataset
from pcmsn.data.toyworld import (
    CATEGORIES,
    STATEMENT,
    TOYWORLD_SPLIT,
    ToyWorld,
    contact_sheet,
    draw_picture,
    toyworld_class_vectors,
    toyworld_taxonomy,
    write_toyworld,
)
from pcmsn.errors import ConfigError, DataError

SMALL = ToyWorld(size=32, photos_per_class=1, sketches_per_class=1)
FAMILIES = {"vehicle", "animal", "furniture", "tool", "plant", "building"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toyworld(SMALL, tmp_path_factory.mktemp("toy") / "toyworld", workers=1)


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_there_are_at_least_forty_categories_of_six_families() -> None:
    sizes = Counter(category.family for category in CATEGORIES.values())
    assert set(sizes) == FAMILIES
    assert len(CATEGORIES) >= 40
    assert min(sizes.values()) >= 8
    assert list(CATEGORIES) == sorted(CATEGORIES)


def test_the_split_divides_all_categories_and_every_family_has_seen_and_unseen_ones() -> None:
    parts = (TOYWORLD_SPLIT.train, TOYWORLD_SPLIT.val, TOYWORLD_SPLIT.test)
    assert sorted(name for part in parts for name in part) == sorted(CATEGORIES)
    for part in parts:
        assert {CATEGORIES[name].family for name in part} == FAMILIES


@pytest.mark.parametrize("name", sorted(CATEGORIES))
def test_every_category_is_drawn_in_its_mode_with_something_on_it(name: str) -> None:
    for index in range(2):
        photo, sketch = (draw_picture(SMALL, name, modality, index) for modality in ("photo", "sketch"))
        assert (photo.mode, photo.size) == ("RGB", (32, 32))
        assert (sketch.mode, sketch.size) == ("L", (32, 32))
        ink = 1 - np.asarray(sketch).mean() / 255
        assert 0.01 < ink < 0.5
        assert np.asarray(photo).std() > 8


def test_a_picture_depends_on_seed_class_modality_and_number_alone() -> None:
    first = draw_picture(SMALL, "cat", "photo", 3)
    assert first == draw_picture(ToyWorld(size=32, photos_per_class=9, sketches_per_class=2), "cat", "photo", 3)
    assert first != draw_picture(ToyWorld(size=32, seed=1), "cat", "photo", 3)
    assert first != draw_picture(SMALL, "cat", "photo", 4)
    assert first != draw_picture(SMALL, "dog", "photo", 3)
    assert first != draw_picture(SMALL, "cat", "sketch", 3).convert("RGB")


def test_the_folder_is_the_same_to_the_byte_whatever_the_number_of_processes(written: Path, tmp_path: Path) -> None:
    again = write_toyworld(SMALL, tmp_path / "again", workers=2)
    assert content(again) == content(written)


def test_the_folder_is_a_data_set_and_says_what_it_is(written: Path) -> None:
    dataset = list_dataset(folder(written, "toyworld"))
    assert dataset.classes == tuple(CATEGORIES)
    assert len(dataset.photos) == len(dataset.sketches) == len(CATEGORIES)
    description = json.loads((written / "toyworld.json").read_text())
    assert description["statement"] == STATEMENT
    assert "not photographs" in STATEMENT
    with Image.open(written / "photo" / "cat" / "0000.jpg") as picture:
        assert picture.format == "JPEG"


def test_a_folder_with_the_same_configuration_is_used_as_it_is(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcmsn.data.toyworld.world._draw_all", lambda *_: pytest.fail("drawn again"))
    assert write_toyworld(SMALL, written) == written


def test_another_configuration_or_foreign_files_are_never_overwritten(written: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds a toy world with config .*choose another folder, or delete this one"):
        write_toyworld(ToyWorld(seed=5, size=32), written)
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(DataError, match="it is no drawn toy world, and nothing in it is overwritten"):
        write_toyworld(SMALL, tmp_path)
    assert (tmp_path / "holiday.jpg").read_bytes() == b"mine"


def test_an_interrupted_drawing_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_toyworld(SMALL, tmp_path / "toyworld", workers=1, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pcmsn.data.toyworld.world._draw_all", full)
    with pytest.raises(DataError, match="cannot be written to .*No space left on device; free some space"):
        write_toyworld(SMALL, tmp_path / "toyworld")


def test_progress_counts_every_picture(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_toyworld(SMALL, tmp_path / "toyworld", workers=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (SMALL.picture_count, SMALL.picture_count)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize(("name", "value"), [("size", 8), ("seed", -1), ("photos_per_class", 0), ("size", 40.5)])
def test_settings_out_of_range_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"toyworld.{name} must be an integer from"):
        ToyWorld(**{name: value})


def test_an_unknown_category_proposes_the_nearest() -> None:
    with pytest.raises(DataError, match="no category 'cats' .*did you mean 'cat'"):
        draw_picture(SMALL, "cats", "photo", 0)


def test_the_class_vectors_are_path_similarities_from_names_only() -> None:
    names, vectors = toyworld_class_vectors()
    taxonomy = toyworld_taxonomy()
    nodes = taxonomy.nodes_of(names)
    assert names == tuple(CATEGORIES)
    assert vectors.shape == (len(names), len(nodes))
    assert len(np.unique(vectors, axis=0)) == len(names)
    row, column = names.index("cow"), nodes.index("horse")
    assert vectors[row, column] == taxonomy.path_similarity("cow", "horse")


def test_every_unseen_category_is_closer_to_its_own_family_than_to_the_others() -> None:
    taxonomy = toyworld_taxonomy()
    for name in TOYWORLD_SPLIT.val + TOYWORLD_SPLIT.test:
        similarity = {seen: taxonomy.path_similarity(name, seen) for seen in TOYWORLD_SPLIT.train}
        nearest = max(similarity, key=similarity.__getitem__)
        assert CATEGORIES[nearest].family == CATEGORIES[name].family, name


def test_the_contact_sheet_shows_classes_and_says_that_they_are_drawn() -> None:
    sheet = contact_sheet(SMALL, ["cat", "car", "rose"])
    assert sheet.width > 7 * 32 * 2
    assert np.asarray(sheet).std() > 10
