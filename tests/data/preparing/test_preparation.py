"""The benchmarks as downloaded against the prepared layout: names, contents, counts, repeated and killed runs."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmark_downloads import (
    QUICKDRAW_CLASSES,
    SKETCHY_CLASSES,
    TU_BERLIN_CLASSES,
    add_dirt,
    picture,
    seven_zipped,
    sketchy_folder,
    tarred,
    tree,
    tu_berlin_downloads,
    tu_berlin_photo_folder,
    tu_berlin_sketch_folder,
    write,
    zipped,
)

from pcmsn.data.datasets import open_dataset
from pcmsn.data.preparing import PreparationReport, placing, prepare
from pcmsn.data.splits import load_split
from pcmsn.errors import DataError


def expected_sketchy(downloads: Path) -> dict[str, bytes]:
    files = {}
    for name in SKETCHY_CLASSES:
        if not (downloads / "256x256/sketch/tx_000000000000" / sketchy_folder(name)).exists():
            continue
        for source, target in (
            ("256x256/sketch/tx_000000000000", "sketch/tx_000000000000"),
            ("256x256/photo/tx_000000000000", "photo/tx_000000000000"),
            ("EXTEND_image_sketchy", "extended_photo"),
        ):
            for path in (downloads / source / sketchy_folder(name)).iterdir():
                files[f"{target}/{name}/{path.name}"] = path.read_bytes()
    return files


def expected_tu_berlin(downloads: Path) -> dict[str, bytes]:
    files = {}
    for name in TU_BERLIN_CLASSES:
        for path in (downloads / "png" / tu_berlin_sketch_folder(name)).iterdir():
            files[f"sketches/{name}/{path.name}"] = path.read_bytes()
        for path in (downloads / "ImageResized" / tu_berlin_photo_folder(name)).iterdir():
            files[f"images/{name}/{path.name.replace('.JPEG', '.jpg')}"] = path.read_bytes()
    return files


def row(report: PreparationReport, name: str) -> tuple[int, str]:
    found = next(row for row in report.rows if row.name == name)
    return found.found, found.verdict


def actions(report: PreparationReport) -> dict[str, int]:
    return {action.text: action.count for action in report.actions}


def test_sketchy_gets_the_layout_the_names_and_every_byte(sketchy: Path, tmp_path: Path) -> None:
    report = prepare("Sketchy", [sketchy], tmp_path)
    assert tree(tmp_path / "Sketchy") == expected_sketchy(sketchy)
    dataset = open_dataset("Sketchy", tmp_path)
    assert (len(dataset.sketches), len(dataset.photos)) == (250, 250)
    load_split("sem-pcyc", "Sketchy", dataset.classes)
    assert row(report, "classes") == (125, "as published")
    assert row(report, "photos") == (250, "72,752 not in the downloads")
    assert row(report, "sketches") == (250, "75,221 not in the downloads")
    assert row(report, "original photos") == (125, "12,375 not in the downloads")
    assert actions(report)["pictures of unused variants (tx_*) left out"] == 18
    assert actions(report)["class folders renamed"] == 6


def test_tu_berlin_gets_the_same_250_names_on_both_sides(tu_berlin: Path, tmp_path: Path) -> None:
    report = prepare("TU-Berlin", [tu_berlin], tmp_path)
    assert tree(tmp_path / "TU-Berlin") == expected_tu_berlin(tu_berlin)
    load_split("sem-pcyc", "TU-Berlin", open_dataset("TU-Berlin", tmp_path).classes)
    assert row(report, "classes") == (250, "as published")
    assert actions(report)["endings changed to .jpg"] == 250
    assert not report.unknown_folders


def test_quickdraw_is_counted_against_rounded_numbers(quickdraw: Path, tmp_path: Path) -> None:
    report = prepare("QuickDraw", [quickdraw], tmp_path)
    dataset = open_dataset("QuickDraw", tmp_path)
    assert dataset.classes == QUICKDRAW_CLASSES
    load_split(None, "QuickDraw", dataset.classes)
    assert str(report.rows[1].published) == "about 330,000"


@pytest.mark.parametrize("form", ["zip", "tar.gz", "7z"])
def test_archives_give_the_same_as_their_folders(form: str, small_sketchy: Path, tmp_path: Path) -> None:
    pack = {"zip": zipped, "tar.gz": tarred, "7z": seven_zipped}[form]
    archives = [
        pack(small_sketchy / "256x256", tmp_path / f"rendered_256x256.{form}"),
        pack(small_sketchy / "EXTEND_image_sketchy", tmp_path / f"extended_photo.{form}"),
    ]
    from_archives = prepare("Sketchy", archives, tmp_path / "a")
    from_folders = prepare(
        "Sketchy", [small_sketchy / "256x256", small_sketchy / "EXTEND_image_sketchy"], tmp_path / "b"
    )
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert from_archives.rows == from_folders.rows
    assert actions(from_archives)["unpacked"] == from_folders.new == 50
    assert actions(from_archives)["pictures of unused variants (tx_*) left out"] == 18


def test_the_rendered_nesting_and_archives_in_a_folder_are_found(small_sketchy: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    shutil.copytree(small_sketchy / "256x256", downloads / "rendered_256x256" / "256x256")
    zipped(small_sketchy / "EXTEND_image_sketchy", downloads / "renamed by a browser (1).zip")
    write(downloads / "holidays" / "beach.jpg", picture(1, "JPEG"))
    zipped(downloads / "holidays", downloads / "holidays.zip")
    write(downloads / "broken.zip", b"PK")
    report = prepare("Sketchy", [downloads], tmp_path / "target")
    assert tree(tmp_path / "target" / "Sketchy") == expected_sketchy(small_sketchy)
    notes = " ".join(report.notes)
    assert "holidays.zip is left alone: no class folders of Sketchy" in notes
    assert "broken.zip" in notes


@pytest.mark.parametrize("part", ["sketch/tx_000000000000", "photo/tx_000000000000"])
def test_a_part_alone_may_be_given(part: str, small_sketchy: Path, tmp_path: Path) -> None:
    report = prepare("Sketchy", [small_sketchy / "256x256" / part], tmp_path)
    assert {name.rsplit("/", 2)[0] for name in tree(tmp_path / "Sketchy")} == {part}
    assert any("No photos were given" in note for note in report.notes)


def test_parts_under_other_names_are_recognised_by_their_content(tu_berlin: Path, tmp_path: Path) -> None:
    shutil.copytree(tu_berlin / "png", tmp_path / "in" / "drawn by hand")
    shutil.copytree(tu_berlin / "ImageResized", tmp_path / "in" / "from flickr")
    prepare("TU-Berlin", [tmp_path / "in"], tmp_path)
    assert tree(tmp_path / "TU-Berlin") == expected_tu_berlin(tu_berlin)


def test_an_archive_without_a_top_folder_is_recognised(tu_berlin: Path, tmp_path: Path) -> None:
    archive = zipped(tu_berlin / "ImageResized", tmp_path / "images.zip", top="")
    prepare("TU-Berlin", [archive, tu_berlin / "png"], tmp_path)
    assert tree(tmp_path / "TU-Berlin") == expected_tu_berlin(tu_berlin)


def test_other_data_sets_in_the_same_downloads_are_left_alone(
    small_sketchy: Path, tu_berlin: Path, quickdraw: Path, tmp_path: Path
) -> None:
    for source in (small_sketchy, tu_berlin, quickdraw):
        shutil.copytree(source, tmp_path / "downloads", dirs_exist_ok=True)
    for dataset, expected in (
        ("Sketchy", expected_sketchy(small_sketchy)),
        ("TU-Berlin", expected_tu_berlin(tu_berlin)),
    ):
        report = prepare(dataset, [tmp_path / "downloads"], tmp_path)
        assert tree(tmp_path / dataset) == expected
        assert any("looks like QuickDraw" in note for note in report.notes)


def test_an_already_prepared_layout_is_a_source_and_resized_copies_give_way(
    small_sketchy: Path, tmp_path: Path
) -> None:
    prepare("Sketchy", [small_sketchy], tmp_path / "first")
    extension = tmp_path / "first" / "EXTEND_image_sketchy_ready" / "airplane"
    write(extension / "ext_1.jpg", picture(77, "JPEG"))
    report = prepare("Sketchy", [tmp_path / "first"], tmp_path / "second")
    assert tree(tmp_path / "second" / "Sketchy") == expected_sketchy(small_sketchy)
    assert actions(report)["pictures of resized copies (*_ready) left out, the full ones being there"] == 1
    alone = prepare("Sketchy", [extension.parent], tmp_path / "third")
    assert row(alone, "photos")[0] == 1


SOME_CLASSES = ("cat", "giraffe", "hot_air_balloon", "mouse_(animal)", "wrist_watch", "zebra")


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """Six classes of TU-Berlin, 12 clean sketches and photos, and everything that can be wrong."""
    downloads = tu_berlin_downloads(tmp_path / "dirty", SOME_CLASSES)
    add_dirt(downloads / "ImageResized", "griaffe", "hotairballoon")
    return downloads


def test_every_quirk_is_left_out_or_repaired_and_explains_the_count(dirty: Path, tmp_path: Path) -> None:
    report = prepare("TU-Berlin", [dirty], tmp_path)
    giraffes = {path.name for path in (tmp_path / "TU-Berlin" / "images" / "giraffe").iterdir()}
    marked = next(name for name in giraffes if name.startswith("same-"))
    assert giraffes == {"dup_a.jpg", "griaffe_2.jpg", "n01_1.jpg", "same.jpg", marked}
    assert len(marked) == len("same-12345678.jpg")
    assert len(list((tmp_path / "TU-Berlin" / "images" / "hot_air_balloon").iterdir())) == 2
    assert row(report, "photos") == (
        15,
        "2 removed as duplicates, 1 unreadable, 1 empty, 2 in folders of unknown classes, "
        "1 as no pictures by their ending, 204,467 not in the downloads",
    )
    photos = report.rows[2]
    assert sum(reason.count for reason in photos.reasons) == -photos.difference == 204_489 - 15
    unknown = report.unknown_folders[0]
    assert (unknown.name, unknown.pictures, unknown.row) == ("zeppelinn", 2, "photos")
    assert actions(report)["system files and folders left out"] >= 4
    assert any("damaged.jpg" in path for paths in report.examples.values() for path in paths)


def test_duplicates_can_be_kept(dirty: Path, tmp_path: Path) -> None:
    report = prepare("TU-Berlin", [dirty], tmp_path, keep_duplicates=True)
    giraffes = {path.name for path in (tmp_path / "TU-Berlin" / "images" / "giraffe").iterdir()}
    assert {"dup_a.jpg", "dup_b.jpg", "dup_c.jpg"} < giraffes
    assert "duplicates removed" not in actions(report)
    again = prepare("TU-Berlin", [dirty], tmp_path)
    assert again.new == 0
    assert again.rows[2].found == report.rows[2].found == 17
    assert sum(reason.count for reason in again.rows[2].reasons) == 204_489 - 17


@pytest.mark.parametrize("link", [False, True])
def test_a_second_run_places_nothing_and_says_the_same(link: bool, dirty: Path, tmp_path: Path) -> None:
    first = prepare("TU-Berlin", [dirty], tmp_path, link=link)
    before = tree(tmp_path / "TU-Berlin")
    second = prepare("TU-Berlin", [dirty], tmp_path, link=link)
    assert (first.new, second.new) == (27, 0)
    assert actions(second)["already there"] == 27
    assert second.rows == first.rows
    assert tree(tmp_path / "TU-Berlin") == before


def test_the_order_of_directory_listings_does_not_matter(
    dirty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.scandir

    class Reversed:
        def __init__(self, path: str) -> None:
            with plain(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *_: object) -> None:
            pass

    first = prepare("TU-Berlin", [dirty], tmp_path / "a")
    monkeypatch.setattr("pcmsn.data.inventory.os.scandir", Reversed)
    second = prepare("TU-Berlin", [dirty], tmp_path / "b")
    monkeypatch.undo()
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert first.rows == second.rows


class StopError(BaseException):
    """Stands for a kill."""


def killer(calls: int) -> Callable[[str, int, int], None]:
    left = calls

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StopError

    return progress


@pytest.mark.parametrize("calls", [0, 1, 7, 13, 25])
def test_a_killed_run_goes_on_from_folders(calls: int, dirty: Path, tmp_path: Path) -> None:
    whole = prepare("TU-Berlin", [dirty], tmp_path / "whole")
    with pytest.raises(StopError):
        prepare("TU-Berlin", [dirty], tmp_path / "killed", progress=killer(calls))
    report = prepare("TU-Berlin", [dirty], tmp_path / "killed")
    assert tree(tmp_path / "killed") == tree(tmp_path / "whole")
    assert report.rows == whole.rows


@pytest.mark.parametrize("calls", [0, 2, 10, 20, 35, 50])
def test_a_killed_run_goes_on_from_archives(calls: int, dirty: Path, tmp_path: Path) -> None:
    archives = [zipped(dirty / "png", tmp_path / "sketches.zip"), tarred(dirty / "ImageResized", tmp_path / "p.tar.gz")]
    whole = prepare("TU-Berlin", archives, tmp_path / "whole")
    with pytest.raises(StopError):
        prepare("TU-Berlin", archives, tmp_path / "killed", progress=killer(calls))
    report = prepare("TU-Berlin", archives, tmp_path / "killed")
    assert tree(tmp_path / "killed") == tree(tmp_path / "whole")
    assert report.rows == whole.rows
    assert not (tmp_path / "killed" / "TU-Berlin" / ".preparing").exists()


def test_what_a_kill_leaves_in_the_staging_folder_does_no_harm(small_sketchy: Path, tmp_path: Path) -> None:
    archive = zipped(small_sketchy / "EXTEND_image_sketchy", tmp_path / "extended_photo.zip")
    with pytest.raises(StopError):
        prepare("Sketchy", [archive], tmp_path, progress=killer(30))
    staging = tmp_path / "Sketchy" / ".preparing"
    unpacked = next(staging.glob("*/files/EXTEND_image_sketchy/airplane/ext_1.jpg"))
    unpacked.unlink()
    unpacked.with_name(".ext_1.jpg.99.partial").write_bytes(b"half")
    next(staging.glob("*/whole.json")).unlink()  # as if it was being removed
    write(staging / "copying" / "copy-99", b"half")
    prepare("Sketchy", [archive], tmp_path)
    expected = {name: content for name, content in expected_sketchy(small_sketchy).items() if "extended" in name}
    assert tree(tmp_path / "Sketchy") == expected


def test_archive_and_folder_together_count_each_picture_once(small_sketchy: Path, tmp_path: Path) -> None:
    archive = zipped(small_sketchy / "256x256", tmp_path / "rendered.zip")
    report = prepare("Sketchy", [archive, small_sketchy], tmp_path)
    assert tree(tmp_path / "Sketchy") == expected_sketchy(small_sketchy)
    assert actions(report)["given more than once, taken once"] == 30
    assert row(report, "sketches")[1] == "75,451 not in the downloads"


def test_what_is_wrong_in_archive_and_folder_counts_once(dirty: Path, tmp_path: Path) -> None:
    archive = zipped(dirty / "ImageResized", tmp_path / "images.zip")
    alone = prepare("TU-Berlin", [dirty], tmp_path / "alone")
    both = prepare("TU-Berlin", [archive, dirty], tmp_path / "both")
    assert tree(tmp_path / "alone") == tree(tmp_path / "both")
    assert both.rows == alone.rows
    assert both.unknown_folders == alone.unknown_folders


def test_files_in_the_target_are_never_changed(small_sketchy: Path, tmp_path: Path) -> None:
    mine = tmp_path / "Sketchy" / "extended_photo" / "airplane"
    write(mine / "ext_1.jpg", b"mine")
    write(mine / "other.jpg", (small_sketchy / "EXTEND_image_sketchy/airplane/n01_air.jpg").read_bytes())
    report = prepare("Sketchy", [small_sketchy], tmp_path)
    assert (mine / "ext_1.jpg").read_bytes() == b"mine"
    assert not (mine / "n01_air.jpg").exists()  # its content is there as other.jpg
    assert actions(report)["other content under the name in the target, left as it is"] == 1
    assert row(report, "photos") == (20, "1 removed as duplicates, 72,981 not in the downloads")


def test_linked_pictures_take_no_space(small_sketchy: Path, tmp_path: Path) -> None:
    source = tmp_path / "in" / "256x256"
    shutil.copytree(small_sketchy / "256x256", source)
    report = prepare("Sketchy", [source], tmp_path, link=True)
    assert actions(report)["hard-linked"] == report.new == 30
    target = tmp_path / "Sketchy/sketch/tx_000000000000/ant/n01_ant-1.png"
    assert target.samefile(source / "sketch/tx_000000000000/ant/n01_ant-1.png")


def test_across_file_systems_links_are_symbolic_and_absolute(
    small_sketchy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(placing.os, "link", no_link)
    monkeypatch.chdir(small_sketchy)
    report = prepare("Sketchy", [Path("256x256")], tmp_path, link=True)
    target = tmp_path / "Sketchy/sketch/tx_000000000000/ant/n01_ant-1.png"
    assert target.is_symlink()
    assert target.readlink().is_absolute()
    assert actions(report)["linked by a symbolic link"] == 30
    archive = zipped(small_sketchy / "EXTEND_image_sketchy", tmp_path / "e.zip")
    assert actions(prepare("Sketchy", [archive], tmp_path, link=True))["unpacked"] == 20
    assert not (tmp_path / "Sketchy/extended_photo/ant/ext_1.jpg").is_symlink()


def test_a_full_disk_is_said_and_the_next_run_goes_on(
    tu_berlin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, calls = shutil.copyfile, 0

    def until_full(source: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls > 50:
            target.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        return plain(source, target)

    monkeypatch.setattr(placing.shutil, "copyfile", until_full)
    with pytest.raises(DataError, match="no space is left on its disk.*whole; make room.*same command again"):
        prepare("TU-Berlin", [tu_berlin], tmp_path)
    monkeypatch.undo()
    expected = expected_tu_berlin(tu_berlin)
    there = tree(tmp_path / "TU-Berlin")
    assert len(there) == 50
    assert all(expected[name] == content for name, content in there.items())
    prepare("TU-Berlin", [tu_berlin], tmp_path)
    assert tree(tmp_path / "TU-Berlin") == expected


def test_an_unknown_folder_and_the_class_it_should_be_are_named(tu_berlin: Path, tmp_path: Path) -> None:
    shutil.copytree(tu_berlin, tmp_path / "in")
    (tmp_path / "in/ImageResized/zebra").rename(tmp_path / "in/ImageResized/zebar")
    report = prepare("TU-Berlin", [tmp_path / "in"], tmp_path)
    assert report.unknown_folders[0].near[0] == "zebra"
    assert report.missing_classes == {"photos": ("zebra",)}
    assert row(report, "classes") == (249, "1 missing, named below")


def test_downloads_without_anything_usable_are_an_error(tmp_path: Path) -> None:
    write(tmp_path / "in" / "cats" / "1.txt", b"x")
    with pytest.raises(DataError, match=r"no pictures of TU-Berlin in .*png/<class> or ImageResized/<class>"):
        prepare("TU-Berlin", [tmp_path / "in"], tmp_path)
    with pytest.raises(DataError, match=r"nowhere does not exist; expected a folder, or an archive"):
        prepare("TU-Berlin", [tmp_path / "nowhere"], tmp_path)
    with pytest.raises(DataError, match=r"no benchmark 'TU-Berlinn' \(did you mean 'TU-Berlin'\?\)"):
        prepare("TU-Berlinn", [tmp_path], tmp_path)


def test_the_target_given_as_the_source_is_said(small_sketchy: Path, tmp_path: Path) -> None:
    prepare("Sketchy", [small_sketchy], tmp_path)
    with pytest.raises(DataError, match="is the target itself"):
        prepare("Sketchy", [tmp_path], tmp_path)
