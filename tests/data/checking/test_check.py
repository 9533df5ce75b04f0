"""Everything that can be wrong with a data set on disk is found, weighed and explained."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pcmsn.data.checking import CheckReport, Finding, check
from pcmsn.data.checking.contents import equal_pictures
from pcmsn.data.class_names import known_class_names
from pcmsn.data.layouts import folder, list_dataset
from pcmsn.errors import DataError

WritePictures = Callable[..., Path]


def picture(number: int) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (3, 3), (number % 251, number // 251, 7)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def sketchy(tmp_path: Path) -> Path:
    """All 125 classes with two sketches and two photos, all different."""
    number = 0
    for place in ("sketch/tx_000000000000", "extended_photo"):
        for name in known_class_names("Sketchy"):
            target = tmp_path / "Sketchy" / place / name
            target.mkdir(parents=True)
            for index in range(2):
                number += 1
                (target / f"{index}.png").write_bytes(picture(number))
    return tmp_path


def found(report: CheckReport, what: str) -> Finding:
    matching = [finding for finding in report.findings if what in finding.what]
    assert len(matching) == 1, [finding.what for finding in report.findings]
    return matching[0]


@pytest.mark.parametrize("quick", [False, True])
def test_a_clean_data_set_passes(quick: bool, sketchy: Path) -> None:
    report = check(sketchy, "Sketchy", quick=quick)
    assert report.passed
    assert report.findings == ()
    assert report.decoded == (0 if quick else 500)
    assert [(row.name, row.found) for row in report.rows] == [
        ("classes", 125),
        ("sketches", 250),
        ("photos", 250),
        ("original photos", 0),
    ]
    assert any("Other counts than the published" in note for note in report.notes)


def test_photos_twice_in_a_class_or_in_two_classes_are_found_with_their_bound_on_map(sketchy: Path) -> None:
    photos = sketchy / "Sketchy" / "extended_photo"
    for number in range(3):
        shutil.copy(photos / "bear" / "0.png", photos / "bear" / f"again_{number}.png")
    shutil.copy(photos / "bell" / "0.png", photos / "cat" / "bell.png")
    report = check(sketchy, "Sketchy")
    repeated = found(report, "photos that repeat")
    assert repeated.count == 3
    assert "3 of 254 gallery entries (1.18 %)" in repeated.effect
    assert "'bear', where 3 of the 5 terms" in repeated.effect
    conflict = found(report, "photos in two classes")
    assert conflict.count == 1
    # bell: 2 photos, 1 in conflict -> (1 + 2/3) / 2; cat: 3 photos, 1 in conflict -> (2 + 3/4) / 3
    bell, cat = (1 + 2 / 3) / 2, (2 + 3 / 4) / 3
    assert (
        f"at most {1 - (2 * (1 - bell) + 2 * (1 - cat)) / 250:.4f}, and {bell:.4f} for class 'bell'" in conflict.effect
    )
    assert "1 of them are in a seen and an unseen class of split sem-pcyc" in conflict.effect
    assert "extended_photo/bell/0.png = extended_photo/cat/bell.png" in conflict.examples[0]
    assert not report.passed
    assert check(sketchy, "Sketchy", quick=True).findings == report.findings


def test_the_original_photos_may_repeat_the_extension(sketchy: Path) -> None:
    shutil.copytree(sketchy / "Sketchy/extended_photo", sketchy / "Sketchy/photo/tx_000000000000")
    assert check(sketchy, "Sketchy").passed


def test_sketches_that_repeat_are_in_two_classes_or_are_photos_are_found(sketchy: Path) -> None:
    sketches = sketchy / "Sketchy" / "sketch" / "tx_000000000000"
    shutil.copy(sketches / "ant" / "0.png", sketches / "ant" / "again.png")
    shutil.copy(sketches / "bat" / "0.png", sketches / "cat" / "bat.png")
    shutil.copy(sketchy / "Sketchy/extended_photo/cow/0.png", sketches / "cow" / "photo.png")
    report = check(sketchy, "Sketchy")
    assert "0.40 % of the weight" in found(report, "sketches that repeat").effect
    assert found(report, "sketches in two classes").count == 1
    assert found(report, "same file as a photo").count == 1


def test_unreadable_pictures_are_counted_where_they_are_lost(sketchy: Path) -> None:
    photos = sketchy / "Sketchy" / "extended_photo" / "zebra"
    (photos / "empty.png").write_bytes(b"")
    (photos / "cut.png").write_bytes(picture(9)[:50])
    report = check(sketchy, "Sketchy")
    unreadable = found(report, "unreadable photos")
    assert unreadable.count == 2
    assert "2 of 252 are missing in the gallery and in training, most in class 'zebra' (2 of 4)" in unreadable.effect
    assert unreadable.examples == (
        "zebra/cut.png: " + unreadable.examples[0].split(": ", 1)[1],
        "zebra/empty.png: the file is empty",
    )
    assert found(check(sketchy, "Sketchy", quick=True), "unreadable photos").count == 1  # the empty one


def test_names_that_the_splits_do_not_use_are_found_with_the_right_ones(sketchy: Path) -> None:
    photos = sketchy / "Sketchy" / "extended_photo"
    (photos / "hot_air_balloon").rename(photos / "Hot-Air Balloon")
    (photos / "zebra").rename(photos / "zebar")
    shutil.rmtree(photos / "bell")
    shutil.rmtree(sketchy / "Sketchy/sketch/tx_000000000000/bell")
    report = check(sketchy, "Sketchy")
    assert found(report, "another name").examples == ("'Hot-Air Balloon' among the photos should be 'hot_air_balloon'",)
    assert "'zebar' among the photos (did you mean 'zebra'" in found(report, "no class of any split").examples[0]
    assert found(report, "not both as sketches and as photos").count == 4
    missing = found(report, "without any picture")
    assert missing.examples == ("bell",)
    assert "0 of 100 train, 0 of 12 val, 1 of 13 test" in missing.effect
    assert report.rows[0].found == 122
    assert {finding.weight for finding in report.findings} == {"stops"}


def test_strays_are_harmless_and_what_no_listing_sees_is_not(sketchy: Path) -> None:
    photos = sketchy / "Sketchy" / "extended_photo"
    (photos / ".ipynb_checkpoints").mkdir()
    (photos / "__MACOSX").mkdir()
    (photos / "ant" / "Thumbs.db").write_bytes(b"x")
    (photos / "ant" / "notes.txt").write_bytes(b"x")
    harmless = check(sketchy, "Sketchy")
    assert harmless.passed
    assert found(harmless, "stray files and folders").count == 3
    assert found(harmless, "no pictures by their ending").count == 1
    (photos / "ant" / "more").mkdir()
    (photos / "ant" / "gone.png").symlink_to(photos / "nowhere.png")
    (photos / "axe" / "0.png").unlink()
    (photos / "axe" / "1.png").unlink()
    (sketchy / "Sketchy" / ".preparing").mkdir()
    report = check(sketchy, "Sketchy")
    assert not report.passed
    assert found(report, "folders inside class folders").examples == ("extended_photo/ant/more",)
    assert found(report, "broken links").count == 1
    assert found(report, "class folders without pictures").examples == ("Sketchy/extended_photo/axe",)
    assert found(report, "unfinished preparation").count == 1
    assert [finding.weight for finding in report.findings] == sorted(
        (finding.weight for finding in report.findings), key=["stops", "changes", "harmless"].index
    )


def test_a_missing_modality_is_found(sketchy: Path) -> None:
    (sketchy / "Sketchy/photo").mkdir()
    (sketchy / "Sketchy/extended_photo").rename(sketchy / "Sketchy/photo/tx_000000000000")
    report = check(sketchy, "Sketchy")
    assert "but with --photos original" in found(report, "missing folder of extended photos").effect
    shutil.rmtree(sketchy / "Sketchy/photo")
    assert found(check(sketchy, "Sketchy"), "missing folder of photos").weight == "stops"


def test_a_folder_of_ones_own_is_checked_without_known_names(tmp_path: Path, write_pictures: WritePictures) -> None:
    root = write_pictures(tmp_path / "mine", {"hot dog": 2, "ant": 2})
    assert check(root, "folder").passed
    list_dataset(folder(root))
    (root / "photo" / "hot dog").rename(root / "photo" / "Hot_Dog")
    report = check(root, "folder")
    assert report.dataset == "mine"
    assert found(report, "spelled in two ways").examples == ("'Hot_Dog' and 'hot dog'",)
    assert found(report, "not both").count == 2


def test_a_data_set_that_is_not_there_is_an_error(sketchy: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="looks like the data set itself: pass"):
        check(sketchy / "Sketchy", "Sketchy")
    with pytest.raises(DataError, match="no TU-Berlin in .*TU-Berlin/sketches"):
        check(sketchy, "TU-Berlin")
    with pytest.raises(DataError, match="no folder"):
        check(tmp_path / "nowhere", "Sketchy")
    with pytest.raises(DataError, match="did you mean 'Sketchy'"):
        check(sketchy, "Sketchi")


def test_groups_of_equal_digests_agree_with_a_slow_search() -> None:
    generator = np.random.default_rng(0)
    for size in (0, 1, 2, 50):
        digests = generator.integers(0, 20, size=size).astype(np.uint64)
        slow = [np.flatnonzero(digests == value).tolist() for value in np.unique(digests) if value]
        assert [group.tolist() for group in equal_pictures(digests)] == sorted(
            (group for group in slow if len(group) > 1), key=lambda group: group[0]
        )


def test_progress_reaches_its_total(sketchy: Path) -> None:
    seen = []
    check(sketchy, "Sketchy", workers=2, progress=lambda stage, done, total: seen.append((stage, done, total)))
    assert seen[-1] == ("decoding pictures", 500, 500)


def test_the_real_piece_of_sketchy_passes(shared: Path) -> None:
    report = check(shared / "data" / "ZS-SBIR", "Sketchy", quick=True)
    assert report.passed
    assert [row.found for row in report.rows] == [125, 3125, 5098, 0]
