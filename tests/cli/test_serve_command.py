"""``pcmsn serve`` as a user starts it: with a real, small run, on a real port."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from pcmsn.cli.app import app
from pcmsn.errors import GalleryError, ServerError
from pcmsn.gallery.gallery import Gallery
from pcmsn.training.config import RunConfig
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "serving_load.py"


def error_of(*arguments: str | Path) -> BaseException | None:
    return CliRunner().invoke(app, ["serve", *map(str, arguments)]).exception


@pytest.fixture
def indexed(small_config: RunConfig, tmp_path: Path) -> Path:
    """A gallery of twelve photos, with the run that made it."""
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    with Gallery.open(tmp_path / "zoo.gallery", tmp_path / "run", device="cpu") as gallery:
        gallery.add([tmp_path / "zoo" / "photo" / name for name in ("gnu", "hen")], lambda path: path.parent.name)
    return tmp_path / "zoo.gallery"


@contextmanager
def started(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the first line that it prints."""
    command = [sys.executable, "-m", "pcmsn", "serve", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process, (process.stdout.readline() if process.stdout else "").strip()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ask(address: str, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(address).port or 0, timeout=30)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, given)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_the_printed_address_answers_sketches_find_photos_and_ctrl_c_ends_it(indexed: Path, tmp_path: Path) -> None:
    with started("--gallery", indexed, "--port", "0", "--token", "auto") as (process, address):
        assert address.startswith("http://127.0.0.1:") and "/?token=" in address
        token = f"Bearer {address.partition('token=')[2]}"
        assert ask(address, "GET", "/api/health")[0] == 401
        assert ask(address, "GET", "/api/health", authorization=token) == (200, {"status": "ok", "photos": 12})
        sketch = (tmp_path / "zoo" / "sketch" / "gnu" / "000.png").read_bytes()
        status, found = ask(address, "POST", "/api/search?k=5", sketch, authorization=token, content_type="image/png")
        assert status == 200 and len(found["hits"]) == 5 and found["photos"] == 12
        expected = Gallery.open(indexed, device="cpu").search(tmp_path / "zoo" / "sketch" / "gnu" / "000.png", k=5)
        assert [hit["id"] for hit in found["hits"]] == [hit.photo.photo_id for hit in expected]
        model = ask(address, "GET", "/api/gallery", authorization=token)[1]["model"]["name"]
        assert str(tmp_path) not in model
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
        assert process.returncode == 0 and output == ""
        assert errors.splitlines()[-1] == "stopped" and "Traceback" not in errors
        assert "12 photos. Ctrl-C stops the server." in errors


def test_fifty_clients_leave_the_server_whole_and_its_memory_bounded(indexed: Path) -> None:
    command = [
        sys.executable,
        str(BENCHMARK),
        "--gallery",
        str(indexed),
        "--clients",
        "50",
        "--searches",
        "6",
        "--json",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert sum(result["answers"].values()) == 300 and set(result["answers"]) <= {"200", "429", "503"}
    assert result["answers"]["200"] > 0
    assert result["memory_highest_mib"] - result["memory_before_mib"] < 200


def test_an_address_beyond_this_machine_is_refused_before_anything_is_loaded() -> None:
    error = error_of("--gallery", "no.gallery", "--host", "0.0.0.0")
    assert isinstance(error, ServerError) and "Give --token auto" in str(error)
    assert "at least 16" in str(error_of("--gallery", "no.gallery", "--token", "short"))
    assert "exclude each other" in str(error_of("--gallery", "x", "--no-auth", "--token", "auto"))


def test_a_gallery_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    error = error_of("--gallery", tmp_path / "no.gallery")
    assert isinstance(error, GalleryError) and "no.gallery" in str(error)
    assert not list(tmp_path.iterdir())
