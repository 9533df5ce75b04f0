"""Hostile, damaged and honest archives, each made by hand."""

from __future__ import annotations

import errno
import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import py7zr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmsn.data.archives.names import NameRegister, safe_name
from pcmsn.data.archives.unpacking import Limits, is_archive, unpack
from pcmsn.errors import DataError

Members = dict[str, bytes]
Make = Callable[[Path, Members], Path]
CONTENT: Members = {"photo/cup/1.png": b"one" * 1000, "photo/cup/2.png": b"", "sketch/bell/ä b.png": b"three"}


def make_zip(path: Path, members: Members) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def make_tar(path: Path, members: Members) -> Path:
    mode: Any = {".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o4777
            file.addfile(info, io.BytesIO(data))
    return path


def make_7z(path: Path, members: Members) -> Path:
    with py7zr.SevenZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(data, name)
    return path


def make_7z_with_raw_names(path: Path, members: Members) -> Path:
    """Py7zr refuses to write unsafe names, so placeholders of the same length are written and renamed in memory."""
    with py7zr.SevenZipFile(path, "w") as file:
        for number, data in enumerate(members.values()):
            file.writestr(data, f"placeholder-{number}")
        for entry, name in zip(file.header.files_info.files, members, strict=True):
            entry["filename"] = name
    return path


MAKERS: dict[str, Make] = {
    "a.zip": make_zip,
    "a.tar": make_tar,
    "a.tar.gz": make_tar,
    "a.tar.bz2": make_tar,
    "a.tar.xz": make_tar,
    "a.7z": make_7z,
}
every_format = pytest.mark.parametrize("name", MAKERS)
RAW_MAKERS = {"a.zip": make_zip, "a.tar": make_tar, "a.7z": make_7z_with_raw_names}
each_kind = pytest.mark.parametrize("name", RAW_MAKERS)


def tree(root: Path) -> Members:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if not path.is_dir()
    }


def add_tar_member(path: Path, kind: bytes, name: str, link: str = "") -> Path:
    with tarfile.open(path, "a") as file:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        file.addfile(info)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder of its own level, so that whatever escapes it is seen in ``tmp_path``."""
    return tmp_path / "target"


def outside(tmp_path: Path) -> list[str]:
    """What lies beside the target and the archives."""
    return sorted(path.name for path in tmp_path.iterdir() if path.name != "target" and not is_archive(path))


@every_format
def test_an_honest_archive_is_unpacked_whole(tmp_path: Path, target: Path, name: str) -> None:
    calls: list[tuple[int, int]] = []
    archive = MAKERS[name](tmp_path / name, CONTENT)
    result = unpack(archive, target, progress=lambda done, total: calls.append((done, total)))
    assert tree(target) == CONTENT
    assert (result.files, result.bytes, result.skipped, result.kept) == (3, 3005, (), 0)
    assert calls and all(0 <= done <= total == archive.stat().st_size for done, total in calls)


@every_format
def test_only_wanted_members_are_written(tmp_path: Path, target: Path, name: str) -> None:
    result = unpack(MAKERS[name](tmp_path / name, CONTENT), target, wanted=lambda member: member.parts[0] == "sketch")
    assert tree(target) == {"sketch/bell/ä b.png": b"three"}
    assert (result.files, result.bytes) == (1, 5)


@every_format
def test_a_second_run_keeps_what_is_there_and_gives_the_same_numbers(tmp_path: Path, target: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, CONTENT)
    unpack(archive, target)
    (target / "sketch/bell/ä b.png").unlink()
    (target / "photo/cup/1.png").write_bytes(b"cut")
    before = (target / "photo/cup/2.png").stat().st_mtime_ns
    result = unpack(archive, target)
    assert tree(target) == CONTENT
    assert (result.files, result.bytes, result.kept) == (3, 3005, 1)
    assert (target / "photo/cup/2.png").stat().st_mtime_ns == before


@each_kind
@pytest.mark.parametrize(
    ("member", "fault"),
    [
        ("../evil.png", "has a '..'"),
        ("photo/../../evil.png", "has a '..'"),
        ("/tmp/pcmsn-evil.png", "is absolute"),
        ("C:/evil.png", "has a drive letter"),
        ("photo/C:evil.png", "has a drive letter"),
        ("..\\evil.png", "has a backslash|has a '..'"),  # in .7z a backslash is a separator
        ("photo\\..\\..\\evil.png", "has a backslash|has a '..'"),
    ],
)
def test_a_name_that_could_leave_the_target_is_refused(
    tmp_path: Path, target: Path, name: str, member: str, fault: str
) -> None:
    archive = RAW_MAKERS[name](tmp_path / name, {"good.png": b"good", member: b"evil"})
    with pytest.raises(DataError, match=fault):
        unpack(archive, target)
    assert outside(tmp_path) == []
    assert not Path("/tmp/pcmsn-evil.png").exists()
    assert set(tree(target)) <= {"good.png"}


def test_an_unwanted_unsafe_name_is_refused_too(tmp_path: Path, target: Path) -> None:
    with pytest.raises(DataError, match="has a '..'"):
        unpack(make_zip(tmp_path / "a.zip", {"../x.txt": b"x"}), target, wanted=lambda member: False)


def test_a_nul_in_a_zip_name_is_seen_before_zipfile_cuts_it_off(tmp_path: Path, target: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a.png_x/../../evil": b"evil"})
    archive.write_bytes(archive.read_bytes().replace(b"a.png_x", b"a.png\0x"))
    with pytest.raises(DataError, match="has a"):
        unpack(archive, target)
    assert tree(target) == {}


@given(st.text(alphabet=st.sampled_from("ab./\\:\0C"), max_size=12))
def test_a_safe_name_stays_below_its_root(text: str) -> None:
    try:
        name = safe_name(text)
    except DataError:
        return
    assert not name.is_absolute() and ".." not in name.parts
    assert os.path.normpath(f"/root/{name}").startswith("/root")


@every_format
def test_a_leading_dot_folder_is_dropped_from_names(tmp_path: Path, target: Path, name: str) -> None:
    unpack(MAKERS[name](tmp_path / name, {"./photo/1.png": b"1"}), target)
    assert tree(target) == {"photo/1.png": b"1"}


def test_a_symbolic_link_and_a_file_through_it_do_not_leave_the_target(tmp_path: Path, target: Path) -> None:
    archive = add_tar_member(make_tar(tmp_path / "a.tar", {"good.png": b"good"}), tarfile.SYMTYPE, "out", "..")
    with tarfile.open(archive, "a") as file:
        info = tarfile.TarInfo("out/evil.png")
        info.size = 4
        file.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(DataError, match=r"member 'out' is a link; .* pass the folder"):
        unpack(archive, target)
    assert outside(tmp_path) == []
    assert tree(target) == {"good.png": b"good"}


def test_an_unwanted_link_is_not_made_and_a_file_through_it_stays_inside(tmp_path: Path, target: Path) -> None:
    archive = add_tar_member(tmp_path / "a.tar", tarfile.SYMTYPE, "out", "..")
    with tarfile.open(archive, "a") as file:
        info = tarfile.TarInfo("out/inside.png")
        info.size = 2
        file.addfile(info, io.BytesIO(b"in"))
    unpack(archive, target, wanted=lambda name: name.suffix == ".png")
    assert outside(tmp_path) == []
    assert tree(target) == {"out/inside.png": b"in"}


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.SYMTYPE, "is a link"),
        (tarfile.CHRTYPE, "is a device"),
        (tarfile.BLKTYPE, "is a device"),
        (tarfile.FIFOTYPE, "is a device or another special file"),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, target: Path, kind: bytes, what: str) -> None:
    archive = add_tar_member(tmp_path / "a.tar", kind, "evil.png", "../secret")
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(DataError, match=what):
        unpack(archive, target)
    assert list(target.iterdir()) == []
    assert (tmp_path / "secret").stat().st_nlink == 1


@pytest.mark.parametrize(("mode", "what"), [(stat.S_IFLNK, "is a link"), (stat.S_IFCHR, "is a device")])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, target: Path, mode: int, what: str) -> None:
    info = zipfile.ZipInfo("evil.png")
    info.create_system = 3
    info.external_attr = (mode | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(info, "../../secret")
    with pytest.raises(DataError, match=what):
        unpack(tmp_path / "a.zip", target)
    assert list(target.iterdir()) == []


def test_a_link_in_a_7z_is_refused(tmp_path: Path, target: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "secret").touch()
    (tmp_path / "source" / "evil.png").symlink_to("../secret")
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as file:
        file.write(tmp_path / "source" / "evil.png", "evil.png")
    with pytest.raises(DataError, match="'evil.png' is a link"):
        unpack(tmp_path / "a.7z", target)
    assert list(target.iterdir()) == []


def test_a_link_in_the_target_that_leads_out_is_not_followed(tmp_path: Path, target: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target.mkdir()
    (target / "photo").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="is a link that leaves"):
        unpack(make_zip(tmp_path / "a.zip", {"photo/1.png": b"1"}), target)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_at_a_files_place_is_replaced_and_not_written_through(tmp_path: Path, target: Path) -> None:
    (tmp_path / "victim").write_bytes(b"x")
    target.mkdir()
    (target / "1.png").symlink_to(tmp_path / "victim")
    unpack(make_zip(tmp_path / "a.zip", {"1.png": b"1"}), target)
    assert (tmp_path / "victim").read_bytes() == b"x"
    assert not (target / "1.png").is_symlink()


@each_kind
@pytest.mark.parametrize("second", ["Photo/1.png", "photo/1.PNG", "photo/1.png/inner.png", "photo"])
def test_names_that_a_file_system_may_confuse_are_written_once(
    tmp_path: Path, target: Path, name: str, second: str
) -> None:
    archive = RAW_MAKERS[name](tmp_path / name, {"photo/1.png": b"first", second: b"second"})
    result = unpack(archive, target)
    assert tree(target) == {"photo/1.png": b"first"}
    assert result.skipped == (second,)


def test_unicode_forms_of_one_name_are_written_once(tmp_path: Path, target: Path) -> None:
    result = unpack(make_zip(tmp_path / "a.zip", {"caf\u00e9.png": b"1", "cafe\u0301.png": b"2"}), target)
    assert tree(target) == {"caf\u00e9.png": b"1"}
    assert result.skipped == ("cafe\u0301.png",)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.7z"])
def test_of_equal_names_the_first_is_written_also_when_resumed(tmp_path: Path, target: Path, name: str) -> None:
    archive = tmp_path / name
    if name == "a.zip":
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("1.png", b"first")
            file.writestr("1.png", b"the second")
    elif name == "a.tar":
        make_tar(archive, {"1.png": b"first"})
        with tarfile.open(archive, "a") as tar:
            info = tarfile.TarInfo("1.png")
            info.size = 10
            tar.addfile(info, io.BytesIO(b"the second"))
    else:
        with py7zr.SevenZipFile(archive, "w") as seven:
            seven.writestr(b"first", "1.png")
            seven.writestr(b"the second", "1.png")
    for _ in range(2):
        result = unpack(archive, target)
        assert tree(target) == {"1.png": b"first"}
        assert (result.files, result.bytes, result.skipped) == (1, 5, ("1.png",))


def test_a_7z_whose_second_copy_would_take_another_members_name_is_refused(tmp_path: Path, target: Path) -> None:
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as file:
        for name in ("1.png", "1.png", "1.png_0"):
            file.writestr(name.encode(), name)
    with pytest.raises(DataError, match="several members have one name.*'1.png_0'"):
        unpack(tmp_path / "a.7z", target)


@given(st.lists(st.text(alphabet="aAßs/", min_size=1, max_size=5), max_size=8))
def test_claimed_names_never_meet_after_folding(texts: list[str]) -> None:
    register = NameRegister()
    names = [safe_name(text.lstrip("/")) for text in texts]
    claimed = [str(name).casefold() for name in names if name.parts and register.claim(name)]
    assert len(set(claimed)) == len(claimed)
    assert not any(one != other and one.startswith(f"{other}/") for one in claimed for other in claimed)


@every_format
def test_a_bomb_stops_at_the_limit(tmp_path: Path, target: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, {"small.png": b"small", "bomb.png": bytes(5_000_000)})
    with pytest.raises(DataError, match=r"more than 1000000 bytes unpacked; .* decompression bomb"):
        unpack(archive, target, limits=Limits(total_bytes=1_000_000))
    assert sum(len(data) for data in tree(target).values()) <= 1_000_000
    assert not list(target.glob(".unpacking*"))


@every_format
def test_a_bomb_of_many_files_stops_at_the_limit(tmp_path: Path, target: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, {f"{number}.png": bytes(100_000) for number in range(30)})
    with pytest.raises(DataError, match="more than 1000000 bytes unpacked"):
        unpack(archive, target, limits=Limits(total_bytes=1_000_000))
    assert len(tree(target)) in (9, 10)  # of a tar, the headers count too


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.xz", "a.7z"])
def test_an_archive_that_grows_too_many_times_is_refused(tmp_path: Path, target: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, {f"{number}.png": bytes(200_000) for number in range(10)})
    with pytest.raises(DataError, match="more than 100 to 1"):
        unpack(archive, target, limits=Limits(ratio_from=500_000))
    assert unpack(archive, target).files == 10


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.xz"])
def test_passing_over_an_unwanted_bomb_stops_at_the_limit(tmp_path: Path, target: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, {"bomb.txt": bytes(5_000_000), "1.png": b"1"})
    with pytest.raises(DataError, match="more than 1000000 bytes unpacked"):
        unpack(archive, target, wanted=lambda member: member.suffix == ".png", limits=Limits(total_bytes=1_000_000))


def test_a_tar_header_that_claims_to_be_huge_is_not_read_into_memory(tmp_path: Path, target: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 5_000_000
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as file:
        file.addfile(info, io.BytesIO(b"a" * info.size))
    with pytest.raises(DataError, match=r"a header of 500\d+ bytes"):
        unpack(tmp_path / "a.tar.gz", target)


def test_a_sparse_tar_member_is_counted_by_what_it_becomes(tmp_path: Path, target: Path) -> None:
    info = tarfile.TarInfo("sparse.png")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 0
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[483:495] = b"%011o\0" % 50_000_000  # the size of the file with its holes
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    (tmp_path / "a.tar").write_bytes(bytes(block) + bytes(1024))
    with pytest.raises(DataError, match="more than 1000000 bytes unpacked"):
        unpack(tmp_path / "a.tar", target, limits=Limits(total_bytes=1_000_000))
    assert tree(target) == {}


@every_format
def test_too_many_members_are_refused(tmp_path: Path, target: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, {f"{number}.txt": b"" for number in range(11)})
    with pytest.raises(DataError, match="more than 10 members"):
        unpack(archive, target, wanted=lambda member: False, limits=Limits(files=10))


@pytest.mark.parametrize("claimed", [3, 100_000_000])
def test_a_zip_that_lies_about_a_size_gives_an_error_and_no_file(tmp_path: Path, target: Path, claimed: int) -> None:
    archive = make_zip(tmp_path / "a.zip", {"1.png": b"x" * 5000})
    data = archive.read_bytes()
    assert data.count(struct.pack("<I", 5000)) == 2  # the local header and the directory
    archive.write_bytes(data.replace(struct.pack("<I", 5000), struct.pack("<I", claimed)))
    with pytest.raises(DataError, match="damaged"):
        unpack(archive, target)
    assert tree(target) == {}


@pytest.mark.parametrize("claimed", [3, 6000])
def test_a_7z_that_lies_about_a_size_gives_an_error_and_no_file(tmp_path: Path, target: Path, claimed: int) -> None:
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as file:
        file.writestr(b"x" * 5000, "1.png")
        file.writestr(b"y" * 100, "2.png")
        file.header.main_streams.substreamsinfo.unpacksizes[0] = claimed
    with pytest.raises(DataError, match="damaged"):
        unpack(tmp_path / "a.7z", target)
    assert tree(target) == {}


@every_format
def test_an_archive_cut_short_says_so_and_what_is_whole_can_be_used_again(
    tmp_path: Path, target: Path, name: str
) -> None:
    content = {f"{number}.png": os.urandom(20_000) for number in range(10)}
    archive = MAKERS[name](tmp_path / name, content)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * 0.7)])
    with pytest.raises(DataError, match=r"damaged, cut short .*Get the archive again"):
        unpack(archive, target)
    there = tree(target)
    assert there.items() <= content.items()
    archive.write_bytes(whole)
    result = unpack(archive, target)
    assert tree(target) == content
    assert (result.files, result.bytes, result.kept) == (10, 200_000, len(there))
    if name in ("a.tar", "a.tar.gz"):  # the others need more than 70 % before they give anything
        assert len(there) >= 1


@every_format
def test_a_changed_byte_never_gives_wrong_content(tmp_path: Path, target: Path, name: str) -> None:
    if name == "a.tar":
        pytest.skip("a plain tar has no check sums of the content")
    content = {f"{number}.png": bytes([number]) * 5_000 + os.urandom(500) for number in range(3)}
    archive = MAKERS[name](tmp_path / name, content)
    data = bytearray(archive.read_bytes())
    data[len(data) // 3] ^= 0x55
    archive.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        unpack(archive, target)
    if name in ("a.zip", "a.7z"):  # a compressed tar's check sum comes after all its files
        assert tree(target).items() <= content.items()


def test_a_tar_cut_between_two_members_is_noticed(tmp_path: Path, target: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", {"1.png": b"1" * 512, "2.png": b"2" * 512})
    archive.write_bytes(archive.read_bytes()[:1024])
    with pytest.raises(DataError, match="the end is missing"):
        unpack(archive, target)


def test_a_tar_with_a_damaged_header_is_noticed(tmp_path: Path, target: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", {"1.png": b"1" * 512, "2.png": b"2" * 512})
    data = bytearray(archive.read_bytes())
    data[1024 + 5] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(DataError, match="the end is missing"):
        unpack(archive, target)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "is empty"), (b"\n<!DOCTYPE html><title>Quota exceeded", "is a web page"), (b"noise" * 500, "damaged")],
)
def test_a_file_that_is_no_archive_says_what_it_is(
    tmp_path: Path, target: Path, name: str, data: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=rf"{reason}.*nothing was unpacked|damaged.*{reason}"):
        unpack(tmp_path / name, target)


@pytest.mark.parametrize("hide_names", [False, True])
def test_an_encrypted_7z_is_refused(tmp_path: Path, target: Path, hide_names: bool) -> None:
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w", password="secret", header_encryption=hide_names) as file:
        file.writestr(b"x", "1.png")
    with pytest.raises(DataError, match="the archive is encrypted"):
        unpack(tmp_path / "a.7z", target)


def test_an_encrypted_zip_is_refused(tmp_path: Path, target: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"1.png": b"x"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(DataError, match="the archive is encrypted"):
        unpack(archive, target)


def test_modes_are_not_taken_over(tmp_path: Path, target: Path) -> None:
    unpack(make_tar(tmp_path / "a.tar", {"1.png": b"1"}), target)
    (tmp_path / "plain").write_bytes(b"")
    assert (target / "1.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_missing_archive_and_another_kind_of_file_are_named(tmp_path: Path, target: Path) -> None:
    with pytest.raises(DataError, match=r"no such file; expected a file that ends with .zip, .7z"):
        unpack(tmp_path / "a.zip", target)
    (tmp_path / "a.rar").write_bytes(b"x")
    with pytest.raises(DataError, match="not an archive by its name"):
        unpack(tmp_path / "a.rar", target)


def test_archives_are_known_by_name_in_any_case_and_folders_are_none(tmp_path: Path) -> None:
    for name in ("a.ZIP", "a.7z", "a.tar", "a.tar.gz", "a.TGZ", "a.tar.bz2", "a.tar.xz"):
        (tmp_path / name).touch()
        assert is_archive(tmp_path / name)
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "a.png").touch()
    assert not is_archive(tmp_path / "folder.zip") and not is_archive(tmp_path / "a.png")


@each_kind
def test_a_full_disk_keeps_what_is_whole(
    tmp_path: Path, target: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = RAW_MAKERS[name](tmp_path / name, {"1.png": b"1" * 10, "2.png": b"2" * 10})
    from pcmsn.data.archives.members import Intake

    plain = Intake.begin

    class FullDisk(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def begin(self: Intake, place: Any) -> None:
        plain(self, place)
        if place.name == PurePosixPath("2.png"):
            self._writing = (place, FullDisk())

    monkeypatch.setattr(Intake, "begin", begin)
    with pytest.raises(DataError, match=r"no space left .*: 1 files \(10 bytes\) are whole and are kept. Free some"):
        unpack(archive, target)
    assert tree(target) == {"1.png": b"1" * 10}


def test_limits_must_be_positive() -> None:
    with pytest.raises(DataError, match="must be above 0"):
        Limits(files=0)
