from __future__ import annotations

import re
from pathlib import Path

import pytest

from pcmsn.data.archives.unpacking import is_archive
from pcmsn.data.downloads.locations import Location, find_location, read_locations
from pcmsn.errors import DataError

TOY = """
[toys]
title = "Toys"
citation = "Nobody"
prepare = "pcmsn data prepare toys --from {folder}"

[toys.parts.photos]
contents = "toys"
file = "toys.zip"
mirrors = ["https://example.org/toys.zip", "drive:1z4--ToT"]
page = "https://example.org"
by_hand = "Press the button."
"""


def read(tmp_path: Path, text: str) -> dict[str, Location]:
    (tmp_path / "locations.toml").write_text(text)
    return read_locations(tmp_path / "locations.toml")


def test_the_packaged_file_has_the_fields_locations(tmp_path: Path) -> None:
    locations = read_locations()
    assert list(locations) == ["sketchy", "tu-berlin", "quickdraw"]
    mirrors = {(name, part.name): part.mirrors for name, found in locations.items() for part in found.parts}
    assert mirrors["sketchy", "sketches"] == (
        "drive:0B7ISyeE8QtDdTjE1MG9Gcy1kSkE",
        "drive:1z4--ToTXYb0-2cLuUWPYM5m7ST7Ob3Ck",
    )
    assert mirrors["sketchy", "extension"] == ("drive:0B2U-hnwRkpRrdGZKTzkwbkEwVkk",)
    assert mirrors["tu-berlin", "photos"] == ("drive:0B2U-hnwRkpRrMFVvTmFQa3dmSUk",)
    assert all("cybertron.cg.tu-berlin.de" in mirror for mirror in mirrors["tu-berlin", "sketches"])
    for location in locations.values():
        files = [part.file for part in location.parts]
        assert len(set(files)) == len(files)
        for part in location.parts:
            (tmp_path / part.file).touch()
            assert is_archive(tmp_path / part.file)
            assert part.page.startswith("https://") and part.by_hand.endswith(".")


def test_every_id_of_the_field_notes_is_there(shared: Path) -> None:
    notes = (shared / "field-notes.md").read_text(encoding="utf-8")
    section = notes[notes.index("Download locations") : notes.index("## 6.")]
    ids = re.findall(r"\b(?:0B|1z)[\w-]{20,}", section)
    known = {mirror for found in read_locations().values() for part in found.parts for mirror in part.mirrors}
    assert len(ids) == 4 and {f"drive:{found}" for found in ids} <= known


def test_parts_are_chosen_by_name_and_optional_ones_only_then() -> None:
    sketchy = find_location("sketchy", read_locations())
    assert [part.name for part in sketchy.choose(())] == ["sketches", "extension"]
    assert [part.name for part in sketchy.choose(("features", "sketches"))] == ["sketches", "features"]
    with pytest.raises(DataError, match=r"sketchy has no part 'sketch' \(did you mean 'sketches'\?\); expected"):
        sketchy.choose(("sketch",))


def test_an_unknown_data_set_proposes_the_nearest() -> None:
    with pytest.raises(DataError, match=r"no known location of 'sketchi' \(did you mean 'sketchy'\?\)"):
        find_location("sketchi", read_locations())
    assert find_location("TU-Berlin", read_locations()).name == "tu-berlin"


def test_a_users_file_of_this_form_is_read(tmp_path: Path) -> None:
    (toys,) = read(tmp_path, TOY).values()
    (photos,) = toys.parts
    assert (toys.name, toys.title, photos.dataset, photos.name) == ("toys", "Toys", "toys", "photos")
    assert photos.mirrors == ("https://example.org/toys.zip", "drive:1z4--ToT")
    assert photos.prepare == "pcmsn data prepare toys --from {folder}"
    assert (photos.size, photos.sha256, photos.optional) == (None, None, False)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('contents = "toys"', 'content = "toys"', r"parts.photos: unknown key 'content' \(did you mean 'contents'"),
        ('page = "https://example.org"\n', "", "toys.parts.photos: missing page"),
        ('title = "Toys"\n', "", "toys: missing title"),
        ('"toys.zip"', '"../toys.zip"', "file must be a plain file name, got '../toys.zip'"),
        ('"toys.zip"', '".hidden"', "file must be a plain file name"),
        ("https://example.org/toys.zip", "file:///etc/passwd", "a mirror must be an http"),
        ('contents = "toys"', 'contents = "toys"\nsize = "5 GB"', "size must be of type int, got '5 GB'"),
        ('contents = "toys"', 'contents = "toys"\nsize = 0', "size must be above 0"),
        ('contents = "toys"', 'contents = "toys"\nsha256 = "12"', "sha256 must be 64 hexadecimal digits"),
        ("[toys]", "[toys", "not readable as TOML"),
        ("[toys]", "number = 3\n[toys]", "expected tables"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_place(tmp_path: Path, old: str, new: str, what: str) -> None:
    with pytest.raises(DataError, match=rf"locations.toml: .*{what}"):
        read(tmp_path, TOY.replace(old, new, 1))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere.toml: not readable as TOML"):
        read_locations(tmp_path / "nowhere.toml")
