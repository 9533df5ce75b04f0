"""Downloads from a server on this machine that cuts, lies, answers with pages and forgets ranges."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pcmsn.data.downloads.download import Downloaded, download
from pcmsn.data.downloads.locations import Part
from pcmsn.errors import DataError

CONTENT = os.urandom(1_500_000)
PAGE = b"<!DOCTYPE html><html><title>Not here</title></html>"


@dataclass
class Behaviour:
    """How the server answers for one path."""

    content: bytes = CONTENT
    cut_after: list[int] = field(default_factory=list)
    """For the next requests of content: bytes to send before the connection is closed."""
    statuses: list[int] = field(default_factory=list)
    """Answers of the first requests, without content."""
    ranges: bool = True
    claimed_size: int | None = None


class Server:
    """Answers for the paths in ``files`` and remembers each request's path and Range header."""

    def __init__(self) -> None:
        self.files: dict[str, Behaviour] = {}
        self.requests: list[tuple[str, str | None]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def ranges(self) -> list[str]:
        return [asked for _, asked in self.requests if asked]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.requests.append((request.path, asked))
        behaviour = self.files.get(request.path.lstrip("/"))
        status = 404 if behaviour is None else behaviour.statuses.pop(0) if behaviour.statuses else 200
        if behaviour is None or status != 200:
            request.send_error(status)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and behaviour.ranges else 0
        size = behaviour.claimed_size or len(behaviour.content)
        if start >= len(behaviour.content):
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Type", "text/html" if behaviour.content.startswith(b"<") else "application/zip")
        request.send_header("Content-Length", str(size - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        request.end_headers()
        data = behaviour.content[start:]
        if behaviour.cut_after:
            data = data[: behaviour.cut_after.pop(0)]
        with contextlib.suppress(OSError):  # the client may have left
            request.wfile.write(data)
        request.close_connection = True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    yield server
    server.close()


def part(*mirrors: str, **values: Any) -> Part:
    defaults: dict[str, Any] = {
        "dataset": "toys",
        "name": "photos",
        "contents": "toys",
        "file": "toys.zip",
        "page": "https://example.org/toys",
        "by_hand": "Press the button.",
        "prepare": "pcmsn data prepare toys --from {folder} --to ZS-SBIR",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "size": len(CONTENT),
    }
    return Part(mirrors=mirrors, **(defaults | values))


def get(wanted: Part, folder: Path, **options: Any) -> Downloaded:
    return download(wanted, folder, **({"pause": 0.0} | options))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole_and_checked_and_the_second_call_asks_nobody(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour()
    seen: list[tuple[int, int | None]] = []
    result = get(part(server.url("a")), tmp_path / "new", progress=lambda done, total: seen.append((done, total)))
    assert result.path.read_bytes() == CONTENT
    assert (result.bytes, result.checked, result.mirror) == (len(CONTENT), "sha256", server.url("a"))
    assert names(tmp_path / "new") == ["toys.zip"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    server.requests.clear()
    again = get(part(server.url("a")), tmp_path / "new")
    assert (again.mirror, again.checked, server.requests) == (None, "sha256", [])


def test_a_cut_connection_is_continued_within_the_call(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour(cut_after=[600_000, 100_000, 300_000])
    notes: list[str] = []
    result = get(part(server.url("a")), tmp_path, note=notes.append)
    assert result.path.read_bytes() == CONTENT
    assert names(tmp_path) == ["toys.zip"]
    assert len(notes) >= 2 and all("cut" in note and "trying again" in note for note in notes)
    starts = [int(asked[6:-1]) for asked in server.ranges()]
    assert starts == sorted(starts) and starts[0] > 0  # nothing is asked for twice


def test_a_cut_connection_is_continued_by_a_later_call(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour(cut_after=[700_000])
    with pytest.raises(DataError, match=r"cut .*; \d+ bytes are kept, and the same command continues them"):
        get(part(server.url("a")), tmp_path, attempts=1)
    (kept,) = list(tmp_path.iterdir())
    size = kept.stat().st_size
    assert kept.name.startswith("toys.zip.partial-") and 0 < size <= 700_000
    assert kept.read_bytes() == CONTENT[:size]
    server.requests.clear()
    assert get(part(server.url("a")), tmp_path).path.read_bytes() == CONTENT
    assert server.ranges() == [f"bytes={size}-"]
    assert names(tmp_path) == ["toys.zip"]


def test_a_server_without_ranges_makes_a_cut_download_start_again(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour(cut_after=[700_000], ranges=False)
    notes: list[str] = []
    assert get(part(server.url("a")), tmp_path, note=notes.append).path.read_bytes() == CONTENT
    assert any("starts again from its first byte" in note for note in notes)
    assert names(tmp_path) == ["toys.zip"]


@pytest.mark.parametrize("known", [{}, {"size": None, "sha256": None}])
def test_a_size_that_the_server_invents_gives_an_error_and_no_file(
    tmp_path: Path, server: Server, known: dict[str, Any]
) -> None:
    server.files["a"] = Behaviour(claimed_size=len(CONTENT) + 5000)
    with pytest.raises(DataError, match="could not be downloaded"):
        get(part(server.url("a"), **known), tmp_path, attempts=3)
    assert "toys.zip" not in names(tmp_path)


def test_a_server_that_fails_for_a_while_is_asked_again(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour(statuses=[500, 503])
    notes: list[str] = []
    assert get(part(server.url("a")), tmp_path, note=notes.append).path.read_bytes() == CONTENT
    assert [re.findall(r"answers (\d+)", note) for note in notes] == [["500"], ["503"]]


def test_a_location_that_is_gone_gives_the_manual_steps(tmp_path: Path, server: Server) -> None:
    with pytest.raises(DataError) as caught:
        get(part(server.url("a")), tmp_path)
    assert str(caught.value).splitlines() == [
        "toys, part photos: toys.zip could not be downloaded",
        f"  tried {server.url('a')}: gone or not public (the server answers 404)",
        "By hand:",
        "  1. Open https://example.org/toys",
        "     Press the button.",
        f"  2. Save the file as {tmp_path / 'toys.zip'}",
        f"  3. Go on with: pcmsn data prepare toys --from {tmp_path} --to ZS-SBIR",
    ]
    assert len(server.requests) == 1  # a 404 is not asked for again
    assert names(tmp_path) == []


def test_a_part_without_an_address_gives_the_manual_steps(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no direct address of it is known\nBy hand:"):
        get(part(), tmp_path)


@pytest.mark.parametrize(
    ("page", "what"),
    [(PAGE, "it is gone, has moved, or needs a login"), (b"\n<html>Quota exceeded</html>", "quota .* is used up")],
)
def test_a_web_page_in_the_files_place_is_not_taken_for_it(
    tmp_path: Path, server: Server, page: bytes, what: str
) -> None:
    server.files["a"] = Behaviour(content=page)
    for known in ({}, {"size": None, "sha256": None}):
        with pytest.raises(DataError, match=f"a web page came .*{what}"):
            get(part(server.url("a"), **known), tmp_path)
    assert names(tmp_path) == []


def test_the_next_mirror_is_used_and_no_piece_of_the_first_remains(tmp_path: Path, server: Server) -> None:
    server.files |= {"cut": Behaviour(content=b"other" * 200_000, cut_after=[700_000]), "b": Behaviour()}
    mirrors = (server.url("gone"), server.url("cut"), server.url("b"))
    result = get(part(*mirrors), tmp_path, attempts=1)
    assert result.mirror == server.url("b")
    assert result.path.read_bytes() == CONTENT
    assert names(tmp_path) == ["toys.zip"]


@pytest.mark.parametrize(
    ("known", "what"),
    [
        ({"sha256": "0" * 64}, "its sha256 is .*, expected is 000"),
        ({"sha256": None, "md5": "0" * 32}, "its md5 is .*, expected is 000"),
        ({"size": 1_499_999}, "it has 1500000 bytes, expected are 1499999"),
    ],
)
def test_a_wrong_file_is_kept_under_another_name_and_not_used(
    tmp_path: Path, server: Server, known: dict[str, Any], what: str
) -> None:
    server.files["a"] = Behaviour()
    with pytest.raises(DataError, match=rf"{what}.*; the file is kept as .*toys.zip.wrong and is not used"):
        get(part(server.url("a"), **known), tmp_path)
    assert names(tmp_path) == ["toys.zip.wrong"]
    assert (tmp_path / "toys.zip.wrong").read_bytes() == CONTENT


def test_after_a_wrong_file_the_next_mirror_is_tried(tmp_path: Path, server: Server) -> None:
    server.files |= {"wrong": Behaviour(content=CONTENT[::-1]), "right": Behaviour()}
    result = get(part(server.url("wrong"), server.url("right")), tmp_path)
    assert result.path.read_bytes() == CONTENT
    assert names(tmp_path) == ["toys.zip", "toys.zip.wrong"]


def test_an_empty_answer_is_no_file(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour(content=b"")
    with pytest.raises(DataError, match="could not be downloaded"):
        get(part(server.url("a"), size=None, sha256=None), tmp_path, attempts=2)
    assert "toys.zip" not in names(tmp_path)


def test_without_known_size_and_sum_a_file_is_taken_and_called_unchecked(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour()
    assert get(part(server.url("a"), size=None, sha256=None), tmp_path).checked == ""
    assert get(part(server.url("a"), size=None, sha256=None), tmp_path).mirror is None


@pytest.mark.parametrize(("content", "what"), [(b"short", "it has 5 bytes, expected are"), (PAGE, "a web page came")])
def test_another_file_with_the_name_is_not_touched(tmp_path: Path, server: Server, content: bytes, what: str) -> None:
    server.files["a"] = Behaviour()
    (tmp_path / "toys.zip").write_bytes(content)
    with pytest.raises(DataError, match=f"is there, but {what}.*Move it away"):
        get(part(server.url("a")), tmp_path)
    assert (tmp_path / "toys.zip").read_bytes() == content
    assert server.requests == []


def test_nobody_at_the_address_is_told_with_the_manual_steps(tmp_path: Path, server: Server) -> None:
    server.close()
    with pytest.raises(DataError, match=r"a: no connection to 127.0.0.1\nBy hand:"):
        get(part(server.url("a")), tmp_path, attempts=2)


def _free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=size))


def test_a_disk_too_small_is_noticed_before_anything_is_asked(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _free(monkeypatch, 2_000_000)
    with pytest.raises(DataError, match=r"not enough space for toys.zip: 1500000 more bytes are needed, 2000000 are"):
        get(part(server.url("a")), tmp_path)
    assert server.requests == []


def test_a_disk_too_small_for_the_announced_size_is_noticed_at_the_first_bytes(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["a"] = Behaviour()
    _free(monkeypatch, 1_000_000)
    seen: list[int] = []
    with pytest.raises(DataError, match="not enough space for toys.zip"):
        get(
            part(server.url("a"), server.url("b"), size=None, sha256=None),
            tmp_path,
            progress=lambda done, total: seen.append(done),
        )
    assert seen == [] and len(server.requests) == 1  # another mirror would not help


def test_a_disk_that_fills_up_keeps_what_arrived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*, output: str, **options: Any) -> None:
        Path(f"{output}12345678.part").write_bytes(b"x" * 1000)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gdown.download", full)
    with pytest.raises(DataError, match="no space left in .*; 1000 bytes are kept. Free some space and repeat"):
        get(part("http://127.0.0.1:1/a"), tmp_path)
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Too many users have viewed or downloaded this file recently.", "quota for this file is used up for now"),
        ("Cannot retrieve the public link of the file.", "it is gone, not public, or asked for too often"),
    ],
)
def test_google_drives_refusals_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, what: str
) -> None:
    from gdown.exceptions import FileURLRetrievalError

    asked: list[str] = []

    def refuse(*, id: str, url: str | None, **options: Any) -> None:
        assert url is None
        asked.append(id)
        raise FileURLRetrievalError(f"Failed to retrieve file url:\n\n\t{text}")

    monkeypatch.setattr("gdown.download", refuse)
    with pytest.raises(DataError, match=what):
        get(part("drive:one", "drive:two"), tmp_path)
    assert asked == ["one", "two"]


def test_an_interruption_keeps_what_arrived(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour()

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(part(server.url("a")), tmp_path, progress=interrupt)
    (kept,) = list(tmp_path.iterdir())
    assert kept.stat().st_size > 0
    assert get(part(server.url("a")), tmp_path).path.read_bytes() == CONTENT
    assert len(server.ranges()) == 1


def test_a_whole_piece_of_a_call_that_was_killed_is_checked_and_used(tmp_path: Path, server: Server) -> None:
    server.files["a"] = Behaviour(cut_after=[700_000])
    with pytest.raises(DataError):
        get(part(server.url("a")), tmp_path, attempts=1)
    next(tmp_path.iterdir()).write_bytes(CONTENT)
    server.requests.clear()
    assert get(part(server.url("a")), tmp_path).path.read_bytes() == CONTENT
    assert server.requests == [] and names(tmp_path) == ["toys.zip"]


def test_two_parts_with_names_that_begin_alike_do_not_share_pieces(tmp_path: Path, server: Server) -> None:
    server.files |= {"a": Behaviour(cut_after=[700_000]), "b": Behaviour()}
    with pytest.raises(DataError):
        get(part(server.url("a"), file="toys.zip.zip"), tmp_path, attempts=1)
    get(part(server.url("b")), tmp_path)
    assert len(names(tmp_path)) == 2


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot make the folder .*file/folder: Not a directory"):
        get(part("http://127.0.0.1:1/a"), tmp_path / "file" / "folder")
