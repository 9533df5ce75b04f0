from __future__ import annotations

import functools
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import DataError

CONTENT = b"toys" * 1000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "photos.zip").write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "served")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def locations(tmp_path: Path, address: str) -> Path:
    """Photos that are there, sketches that are gone."""
    path = tmp_path / "locations.toml"
    path.write_text(
        f"""
[toys]
title = "Toys, drawn and photographed"
citation = "Nobody, 2020"
prepare = "pcmsn data prepare toys --from {{folder}} --to ZS-SBIR"

[toys.parts.photos]
contents = "photos: photo/<class>"
file = "photos.zip"
mirrors = ["{address}/gone.zip", "{address}/photos.zip"]
page = "https://example.org/photos"
by_hand = "Press the button."
size = {len(CONTENT)}
sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"

[toys.parts.sketches]
contents = "sketches: sketch/<class>"
file = "sketches.zip"
mirrors = ["{address}/sketches.zip"]
page = "https://example.org/sketches"
by_hand = "Ask the owner."
licence = "CC BY 4.0"
"""
    )
    return path


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", "download", *map(str, arguments)], env={"COLUMNS": "200", "TERM": "dumb"})


def test_a_part_is_downloaded_and_shown_with_the_next_command(tmp_path: Path, locations: Path, address: str) -> None:
    folder = tmp_path / "downloads"
    result = invoke("toys", "--part", "photos", "--to", folder, "--locations", locations)
    assert result.exit_code == 0, result.output
    assert (folder / "photos.zip").read_bytes() == CONTENT
    assert "sha256" in result.stdout and f"{address}/photos.zip" in result.stdout
    assert f"Next: pcmsn data prepare toys --from {folder} --to ZS-SBIR" in result.stdout
    assert "gone.zip: gone or not public" in result.stderr
    again = invoke("toys", "--part", "photos", "--to", folder, "--locations", locations)
    assert "there before" in again.stdout


def test_json_names_the_files(tmp_path: Path, locations: Path, address: str) -> None:
    result = invoke("toys", "--part", "photos", "--to", tmp_path / "d", "--locations", locations, "--json")
    assert json.loads(result.stdout) == {
        "folder": str(tmp_path / "d"),
        "files": [
            {
                "part": "photos",
                "file": str(tmp_path / "d" / "photos.zip"),
                "bytes": len(CONTENT),
                "checked": "sha256",
                "from": f"{address}/photos.zip",
            }
        ],
    }


def test_a_part_that_is_gone_ends_with_the_manual_steps_and_does_not_hold_up_the_others(
    tmp_path: Path, locations: Path
) -> None:
    result = invoke("toys", "--to", tmp_path / "d", "--locations", locations)
    assert (tmp_path / "d" / "photos.zip").is_file()
    assert "photos.zip" in result.stdout and "Next:" not in result.stdout
    assert isinstance(result.exception, DataError)
    assert f"1. Open https://example.org/sketches\n     Ask the owner.\n  2. Save the file as {tmp_path}" in str(
        result.exception
    )


def test_the_list_shows_every_part_and_asks_nobody(locations: Path) -> None:
    result = invoke("--list", "--locations", locations)
    for text in ("toys: Toys, drawn", "photos: photos.zip", "https://example.org/sketches", "licence: CC BY 4.0"):
        assert text in result.stdout
    listed = json.loads(invoke("toys", "--list", "--json", "--locations", locations).stdout)
    assert [part["name"] for part in listed["toys"]["parts"]] == ["photos", "sketches"]


def test_the_packaged_list_is_printed() -> None:
    result = invoke("--list")
    assert result.exit_code == 0
    assert all(f"{name}: " in result.stdout for name in ("sketchy", "tu-berlin", "quickdraw"))


def test_wrong_names_and_none_are_errors_that_name_what_there_is() -> None:
    for arguments, what in (
        (("scetchy",), "did you mean 'sketchy'"),
        ((), "no data set given; expected one of sketchy"),
        (("sketchy", "--part", "photos"), "sketchy has no part 'photos'"),
    ):
        result = invoke(*arguments)
        assert isinstance(result.exception, DataError)
        assert what in str(result.exception)
