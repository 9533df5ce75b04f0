from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pcmsn.data import layouts
from pcmsn.data.datasets import open_dataset
from pcmsn.data.layouts import list_dataset
from pcmsn.data.records import Dataset, Pictures
from pcmsn.data.sampling import Sample, ShortClass, sample, sample_layout
from pcmsn.errors import DataError
from pcmsn.seeding import numpy_generator

WritePictures = Callable[..., Path]
CLASSES = {"ant": 9, "bee": 9, "cat": 3}


@pytest.fixture
def source(tmp_path: Path, write_pictures: WritePictures) -> Dataset:
    return list_dataset(layouts.folder(write_pictures(tmp_path / "large", CLASSES)))


def take(source: Dataset, folder: Path, sketches: int = 2, photos: int = 4, seed: int = 0, **options: Any) -> Sample:
    return sample(
        source,
        layouts.folder(folder),
        sketches_per_class=sketches,
        photos_per_class=photos,
        seed=seed,
        **options,
    )


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_a_sample_has_so_many_pictures_of_each_class_and_is_a_data_set(tmp_path: Path, source: Dataset) -> None:
    result = take(source, tmp_path / "small")
    small = open_dataset(str(tmp_path / "small"), tmp_path)
    assert small.sketches.counts() == {"ant": 2, "bee": 2, "cat": 2}
    assert small.photos.counts() == {"ant": 4, "bee": 4, "cat": 3}
    assert (result.classes, result.sketches, result.photos, result.written) == (3, 6, 11, 17)
    assert result.short == (ShortClass("photo", "cat", 3),)
    for name in files(tmp_path / "small"):
        assert (tmp_path / "small" / name).read_bytes() == (tmp_path / "large" / name).read_bytes()


def test_the_choice_is_the_published_one(tmp_path: Path, source: Dataset) -> None:
    """Written out a second time: by class and modality, over sorted names, the first of a permutation."""
    take(source, tmp_path / "small", seed=7)
    names = [f"{index:03d}.png" for index in range(9)]
    order = numpy_generator(7, "sample", "photo", "bee").permutation(9)
    expected = {names[position] for position in order[:4]}
    assert {path.name for path in (tmp_path / "small" / "photo" / "bee").iterdir()} == expected


def _reversed(pictures: Pictures) -> Pictures:
    return pictures.select(np.arange(len(pictures))[::-1])


def test_the_order_of_the_directory_and_of_the_classes_does_not_matter(tmp_path: Path, source: Dataset) -> None:
    take(source, tmp_path / "one")
    turned = source.of_classes(reversed(source.classes))
    turned = replace(turned, sketches=_reversed(turned.sketches), photos=_reversed(turned.photos))
    take(turned, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_other_classes_do_not_change_what_is_taken_of_one(tmp_path: Path, source: Dataset) -> None:
    take(source, tmp_path / "all")
    result = take(source, tmp_path / "one", classes=["bee"])
    assert files(tmp_path / "one") == {name for name in files(tmp_path / "all") if "/bee/" in name}
    assert result.classes == 1


def test_another_seed_takes_other_pictures(tmp_path: Path, source: Dataset) -> None:
    take(source, tmp_path / "one")
    take(source, tmp_path / "two", seed=1)
    assert files(tmp_path / "one") != files(tmp_path / "two")


def test_a_second_run_writes_nothing_and_a_larger_one_adds(tmp_path: Path, source: Dataset) -> None:
    take(source, tmp_path / "small")
    before = files(tmp_path / "small")
    assert take(source, tmp_path / "small").written == 0
    grown = take(source, tmp_path / "small", sketches=3, photos=5)
    assert grown.written == 3 + 2
    assert before < files(tmp_path / "small")


@pytest.mark.parametrize("change", [{"seed": 5}, {"sketches": 1}, {"classes": ["ant"]}])
def test_a_target_with_other_pictures_is_refused_and_left_as_it_is(
    tmp_path: Path, source: Dataset, change: dict[str, Any]
) -> None:
    take(source, tmp_path / "small")
    before = files(tmp_path / "small")
    with pytest.raises(DataError, match=r"holds \d+ pictures that are not in this sample, such as '.*Empty the folder"):
        take(source, tmp_path / "small", **change)
    assert files(tmp_path / "small") == before


def test_a_file_with_other_content_is_never_overwritten(tmp_path: Path, source: Dataset) -> None:
    take(source, tmp_path / "small")
    victim = sorted((tmp_path / "small" / "photo" / "ant").iterdir())[0]
    victim.write_bytes(b"mine")
    with pytest.raises(DataError, match="is there with other content"):
        take(source, tmp_path / "small")
    assert victim.read_bytes() == b"mine"


def test_the_data_set_itself_is_no_target(tmp_path: Path, source: Dataset) -> None:
    with pytest.raises(DataError, match="is the data set itself"):
        take(source, tmp_path / "large", sketches=100, photos=100)


def test_links_share_the_file_and_count_as_there(tmp_path: Path, source: Dataset) -> None:
    take(source, tmp_path / "small", link=True)
    for name in files(tmp_path / "small"):
        assert (tmp_path / "small" / name).samefile(tmp_path / "large" / name)
    assert take(source, tmp_path / "small", link=True).written == 0
    assert take(source, tmp_path / "small").written == 0


def test_where_no_links_are_possible_files_are_copied(
    tmp_path: Path, source: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    monkeypatch.setattr("os.symlink", refuse)
    assert take(source, tmp_path / "small", link=True).written == 17
    assert not any((tmp_path / "small" / name).is_symlink() for name in files(tmp_path / "small"))


def test_where_hard_links_are_not_possible_symbolic_ones_are_made(
    tmp_path: Path, source: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    take(source, tmp_path / "small", link=True)
    assert all((tmp_path / "small" / name).is_symlink() for name in files(tmp_path / "small"))
    assert list_dataset(layouts.folder(tmp_path / "small")).sketches.counts() == {"ant": 2, "bee": 2, "cat": 2}


def test_a_full_disk_leaves_whole_pictures_only_and_the_next_call_continues(
    tmp_path: Path, source: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, calls = shutil.copyfile, []

    def copyfile(first: Path, second: Path) -> None:
        calls.append(first)
        if len(calls) == 5:
            second.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        plain(first, second)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", copyfile)
        with pytest.raises(DataError, match=r"cannot write .*No space left on device; free some space"):
            take(source, tmp_path / "small")
    assert len(files(tmp_path / "small")) == 4
    assert take(source, tmp_path / "small").written == 13


def test_an_unknown_class_and_a_count_of_nothing_are_errors(tmp_path: Path, source: Dataset) -> None:
    with pytest.raises(DataError, match="no class 'be' .*did you mean 'bee'"):
        take(source, tmp_path / "small", classes=["be"])
    with pytest.raises(DataError, match="at least 1 sketch and 1 photo a class, got 0 and 4"):
        take(source, tmp_path / "small", sketches=0)


def test_a_benchmark_keeps_its_layout_below_the_target(tmp_path: Path) -> None:
    assert sample_layout("Sketchy", tmp_path, "original") == layouts.sketchy(tmp_path, "original")
    assert sample_layout("QuickDraw", tmp_path) == layouts.quickdraw(tmp_path)
    assert sample_layout("toyworld", tmp_path).photos == tmp_path / "photo"
    assert sample_layout(str(tmp_path), tmp_path / "small").sketches == tmp_path / "small" / "sketch"


def test_the_real_piece_of_sketchy_gives_a_smaller_sketchy(tmp_path: Path, shared: Path) -> None:
    large = open_dataset("Sketchy", shared / "data" / "ZS-SBIR")
    result = sample(
        large, sample_layout("Sketchy", tmp_path), sketches_per_class=1, photos_per_class=2, seed=0, link=True
    )
    small = open_dataset("Sketchy", tmp_path)
    assert (result.classes, result.sketches, result.photos, result.short) == (125, 125, 250, ())
    assert (len(small.classes), len(small.sketches), len(small.photos)) == (125, 125, 250)
