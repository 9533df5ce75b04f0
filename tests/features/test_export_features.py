"""Feature files hold each picture's own feature, whatever stopped before, and any number of them fits into memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pcmsn.data.picture_files import PictureFile, files_of
from pcmsn.data.records import Pictures
from pcmsn.errors import ConfigError, DataError
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyBackbone
from pcmsn.features.export import MANIFEST, Exported, export_features, part_files
from pcmsn.features.extraction import extract
from pcmsn.features.feature_file import FeatureFile
from pcmsn.features.forward import Computation
from pcmsn.features.store import FeatureCache

Draw = Callable[..., Pictures]
MANY = [f"{number:03}.png" for number in range(25)]


@pytest.fixture
def export(small_backbone: TinyBackbone) -> Callable[..., Exported]:
    def run(
        files: Iterable[PictureFile], target: Path, backbone: TinyBackbone = small_backbone, **options: Any
    ) -> Exported:
        options.setdefault("rows_per_file", 10)
        return export_features(backbone, files, target, computation=Computation(batch_size=4), **options)

    return run


def content(*paths: Path) -> dict[str, np.ndarray]:
    found = [FeatureFile(path).checked() for path in paths]
    return {str(name): row for part in found for name, row in zip(part.names, part.features, strict=True)}


def test_a_folder_gets_numbered_parts_in_the_files_order(
    export: Callable[..., Exported], draw: Draw, small_backbone: TinyBackbone, tmp_path: Path
) -> None:
    pictures = draw(*MANY).select([*range(24, -1, -1)])
    result = export(files_of(pictures), tmp_path / "out")
    parts = part_files(tmp_path / "out")
    assert [path.name for path in parts] == [f"features-00000{number}.npz" for number in range(3)]
    assert [len(FeatureFile(path).names) for path in parts] == [10, 10, 5]
    found = content(*parts)
    assert list(found) == list(pictures.names)
    np.testing.assert_allclose(np.stack(list(found.values())), extract(small_backbone, pictures).values, atol=1e-5)
    assert (result.rows, result.files, result.computed, result.unreadable) == (25, 3, 25, 0)
    assert not (tmp_path / "out" / "unreadable.txt").exists()


def test_one_file_holds_the_same_and_its_parts_are_gone(
    export: Callable[..., Exported], draw: Draw, tmp_path: Path
) -> None:
    pictures = draw(*MANY)
    export(files_of(pictures), tmp_path / "parts")
    result = export(files_of(pictures), tmp_path / "made" / "one.npz")
    assert result.files == 1 and [path.name for path in (tmp_path / "made").iterdir()] == ["one.npz"]
    one, parts = content(tmp_path / "made" / "one.npz"), content(*part_files(tmp_path / "parts"))
    assert list(one) == list(parts)
    np.testing.assert_array_equal(np.stack(list(one.values())), np.stack(list(parts.values())))


def test_unreadable_pictures_are_left_out_and_listed(
    export: Callable[..., Exported], draw: Draw, tmp_path: Path
) -> None:
    pictures = draw(*MANY)
    pictures.path(3).write_bytes(b"")
    pictures.path(12).unlink()
    for target, listed in (("out", "out/unreadable.txt"), ("one.npz", "one.unreadable.txt")):
        result = export(files_of(pictures), tmp_path / target)
        assert (result.rows, result.unreadable, result.unreadable_file) == (23, 2, tmp_path / listed)
        lines = (tmp_path / listed).read_text().splitlines()
        assert lines == ["003.png\tthe file is empty", "012.png\tNo such file or directory"]
        assert [list(entry) for entry in result.first_unreadable] == [line.split("\t") for line in lines]
    draw("003.png", "012.png")
    assert export(files_of(pictures), tmp_path / "out").unreadable_file is None
    assert not (tmp_path / "out" / "unreadable.txt").exists()


class StopError(Exception):
    """Stops an export in the middle of a part."""


@pytest.mark.parametrize("target", ["out", "one.npz"])
@pytest.mark.parametrize("cached", [True, False])
def test_what_was_finished_is_not_computed_again(
    export: Callable[..., Exported], draw: Draw, tmp_path: Path, target: str, cached: bool
) -> None:
    pictures = draw(*MANY)
    expected = content(*part_files(export(files_of(pictures), tmp_path / "whole").target))
    cache = FeatureCache(tmp_path / "cache") if cached else None

    def stop(stage: str, done: int, *_: object) -> None:
        if done >= 18:
            raise StopError

    with pytest.raises(StopError):
        export(files_of(pictures), tmp_path / target, cache=cache, progress=stop)
    assert not (tmp_path / target / MANIFEST).exists() and not (tmp_path / "one.npz").exists()
    done: list[int] = []
    result = export(
        files_of(pictures), tmp_path / target, cache=cache, progress=lambda stage, count, *_: done.append(count)
    )
    assert (result.from_parts, result.from_cache, result.computed) == ((10, 8, 7) if cached else (10, 0, 15))
    assert done == sorted(done) and done[-1] == 25
    files = part_files(tmp_path / target) or [tmp_path / target]
    found = content(*files)
    assert list(found) == list(expected)
    for name, feature in found.items():
        np.testing.assert_allclose(feature, expected[name], atol=1e-5)


def test_a_part_of_a_file_that_changed_is_made_again(
    export: Callable[..., Exported], draw: Draw, tmp_path: Path
) -> None:
    pictures = draw(*MANY)
    before = content(*part_files(export(files_of(pictures), tmp_path / "out").target))
    pictures.path(12).write_bytes(pictures.path(0).read_bytes())
    result = export(files_of(pictures), tmp_path / "out")
    assert (result.from_parts, result.computed) == (15, 10)
    after = content(*part_files(tmp_path / "out"))
    np.testing.assert_allclose(after["012.png"], before["000.png"], atol=1e-5)
    assert not np.allclose(after["012.png"], before["012.png"])


def test_parts_follow_a_list_that_grew_or_shrank(export: Callable[..., Exported], draw: Draw, tmp_path: Path) -> None:
    pictures = draw(*MANY)
    for chosen in (range(25), range(12), range(30 - 7), [*range(5, 25)]):
        part = pictures.select([*chosen])
        result = export(files_of(part), tmp_path / "out")
        assert list(content(*part_files(tmp_path / "out"))) == list(part.names)
        assert result.files == len(part_files(tmp_path / "out")) == -(-len(part) // 10)


def test_a_damaged_part_is_made_again(export: Callable[..., Exported], draw: Draw, tmp_path: Path) -> None:
    pictures = draw(*MANY)
    export(files_of(pictures), tmp_path / "out")
    part = part_files(tmp_path / "out")[1]
    part.write_bytes(part.read_bytes()[:50])
    assert export(files_of(pictures), tmp_path / "out").from_parts == 15
    assert len(content(*part_files(tmp_path / "out"))) == 25


def test_features_of_another_extractor_are_not_replaced_unasked(
    export: Callable[..., Exported], draw: Draw, small_backbone: TinyBackbone, tmp_path: Path
) -> None:
    pictures = draw(*MANY)
    export(files_of(pictures), tmp_path / "out")
    other = TinyBackbone.untrained(1, small_backbone.network.architecture)
    with pytest.raises(DataError, match=r"out holds features of tiny .*, not of tiny .*; pass --overwrite to replace"):
        export(files_of(pictures), tmp_path / "out", backbone=other)
    assert export(files_of(pictures), tmp_path / "out", backbone=other, overwrite=True).computed == 25
    export(files_of(pictures), tmp_path / "one.npz")
    message = (
        r"one.npz is already there, of other pictures or another extractor \(tiny .*\); pass --overwrite to replace"
    )
    for chosen, extractor in ((pictures, other), (pictures.select(range(24)), small_backbone)):
        with pytest.raises(DataError, match=message):
            export(files_of(chosen), tmp_path / "one.npz", backbone=extractor)
    assert export(files_of(pictures), tmp_path / "one.npz", overwrite=True).rows == 25
    with pytest.raises(DataError, match=r"is a file; for one file of features pass a name that ends in .npz"):
        export(files_of(pictures), pictures.path(0))


def test_a_finished_file_is_kept(export: Callable[..., Exported], draw: Draw, tmp_path: Path) -> None:
    """A command that makes two files and is stopped at the second one can then go on."""
    pictures = draw(*MANY)
    pictures.path(3).write_bytes(b"")
    first = export(files_of(pictures), tmp_path / "one.npz")
    content = (tmp_path / "one.npz").read_bytes()
    again = export(files_of(pictures), tmp_path / "one.npz", rows_per_file=7)
    assert again == replace(first, computed=0, from_parts=25)
    assert (tmp_path / "one.npz").read_bytes() == content
    draw("003.png")
    with pytest.raises(DataError, match="of other pictures"):
        export(files_of(pictures), tmp_path / "one.npz")


def test_a_users_other_files_stay(export: Callable[..., Exported], draw: Draw, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("features-mine.npz", "notes.txt"):
        (tmp_path / "out" / name).write_text("mine")
    export(files_of(draw(*MANY)), tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "features-mine.npz").read_text() == "mine"


def test_nothing_to_extract_is_an_error_that_leaves_finished_parts_alone(
    export: Callable[..., Exported], draw: Draw, tmp_path: Path
) -> None:
    export(files_of(draw(*MANY)), tmp_path / "out")
    with pytest.raises(DataError, match="there are no pictures to extract features of; pass other files"):
        export([], tmp_path / "out")
    assert len(part_files(tmp_path / "out")) == 3
    missing = [PictureFile("a.png", tmp_path / "a.png")]
    with pytest.raises(DataError, match=r"none of 1 pictures can be read: a.png \(No such file or directory\)"):
        export(missing, tmp_path / "none.npz")
    with pytest.raises(ConfigError, match="--rows-per-file must be at least 1, got 0"):
        export([], tmp_path / "out", rows_per_file=0)


@pytest.mark.parametrize("target", ["out", "one.npz"])
def test_memory_does_not_grow_with_the_number_of_pictures(draw: Draw, tmp_path: Path, target: str) -> None:
    """A few pictures under ever new names; the features of all would take 128 bytes each, their names 48."""
    pictures = draw(*MANY[:8])
    backbone = TinyBackbone.untrained(0, TinyArchitecture(input_size=8, widths=(4, 32)))

    def many(count: int) -> Iterator[PictureFile]:
        return (PictureFile(f"{number:012}", pictures.path(number % 8)) for number in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            export_features(
                backbone,
                many(count),
                tmp_path / str(count) / target,
                computation=Computation(batch_size=64, workers=1),
                rows_per_file=1000,
            )
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1000)
    small, large = peak(2_000), peak(10_000)
    assert large < small + 8_000 * 20


def test_the_cache_does_not_grow_in_memory_but_by_its_index(draw: Draw, tmp_path: Path) -> None:
    pictures = draw("a.png")
    backbone = TinyBackbone.untrained(0, TinyArchitecture(input_size=8, widths=(4, 32)))
    rows = FeatureCache(tmp_path / "cache").open(backbone)
    hashes = np.random.default_rng(0).integers(0, 256, (30_000, 32), dtype=np.uint8)
    for start in range(0, 30_000, 1000):
        contents = [row.tobytes() for row in hashes[start : start + 1000]]
        rows.append(contents, np.zeros((1000, 32), dtype=np.float32))
    tracemalloc.start()
    kept = FeatureCache(tmp_path / "cache").open(backbone)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(kept) == 30_000 and held < 30_000 * 26 + 200_000
    assert extract(backbone, pictures, cache=FeatureCache(tmp_path / "cache")).computed == 1


def test_the_source_names_all_that_decides_the_values(
    export: Callable[..., Exported], draw: Draw, tmp_path: Path
) -> None:
    pictures = draw("a.png")
    first = TinyBackbone.untrained(0, TinyArchitecture(input_size=8, widths=(4, 8)))
    turned = TinyBackbone(first.network)
    turned.transform = replace(first.transform, invert=True)
    sources = {
        export(files_of(pictures), tmp_path / f"{n}", backbone=one).source for n, one in enumerate((first, turned))
    }
    half = export_features(first, files_of(pictures), tmp_path / "half", computation=Computation(precision="bf16"))
    assert len(sources | {half.source}) == 3 and half.source.endswith("bfloat16")
