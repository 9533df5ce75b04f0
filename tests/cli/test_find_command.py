"""``pcmsn find`` as a person with photos starts it: the page is there at once, photos come in, all is kept."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from pcmsn.cli.app import app
from pcmsn.cli.find import user_data_folder
from pcmsn.errors import GalleryError
from pcmsn.gallery.gallery import Gallery
from pcmsn.gallery.updating import Updater
from pcmsn.training.config import RunConfig
from pcmsn.training.exporting.export import export_run
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run


@pytest.fixture
def model(small_config: RunConfig, tmp_path: Path) -> Path:
    """An exported model, with photos in ``zoo/photo``."""
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    export_run(tmp_path / "run", tmp_path / "model")
    return tmp_path / "model"


@contextmanager
def finding(data: Path, *arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "pcmsn", "find", *map(str, arguments), "--no-browser"]
    environment = {**os.environ, "PCMSN_DATA": str(data)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield process, (process.stdout.readline() if process.stdout else "").strip()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def gallery_at(address: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(address).port or 0, timeout=30)
    connection.request("GET", "/api/gallery")
    found: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def when_done(address: str) -> dict[str, Any]:
    for _ in range(600):
        found = gallery_at(address)
        if found["update"]["stage"] not in ("looking", "indexing"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"the update does not end: {found['update']}")


def ended(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    _, notes = process.communicate(timeout=60)
    assert process.returncode == 0, notes
    return notes


def test_photos_are_taken_in_beside_the_page_kept_and_taken_out_again(model: Path, tmp_path: Path) -> None:
    data, photos = tmp_path / "data", tmp_path / "zoo" / "photo"
    with finding(data, photos / "ant", photos / "bee", "--model", model) as (process, address):
        found = when_done(address)
        assert (found["photos"], found["update"]["stage"]) == (12, "done")
        assert "12 photos were added" in ended(process)
    shutil.copy(photos / "cat" / "000.png", photos / "ant" / "new.png")
    with finding(data) as (process, address):  # the folders and the model of before
        assert when_done(address)["photos"] == 13
        assert "1 photos were added" in ended(process)
    with finding(data, "--forget", photos / "bee") as (process, address):
        assert when_done(address)["photos"] == 7
        ended(process)
    assert (photos / "bee" / "000.png").is_file()
    shutil.move(photos / "ant", photos / "away")
    with finding(data) as (process, address):
        assert gallery_at(address)["photos"] == 7
        assert "is away now; its photos stay as they are" in ended(process)


def test_a_folder_can_be_served_as_well(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    monkeypatch.setattr("pcmsn.cli.serve.find_photos", lambda *given, **options: called.append((given, options)))
    done = CliRunner().invoke(app, ["serve", str(tmp_path / "zoo"), "--model", str(model)])
    assert done.exit_code == 0
    assert called == [(([tmp_path / "zoo"], model), {"port": 8008, "open_page": False})]
    refused = CliRunner().invoke(app, ["serve", str(tmp_path / "zoo"), "--host", "0.0.0.0", "--no-auth"])
    assert refused.exit_code == 2


def test_stopping_keeps_what_is_done(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcmsn.gallery.indexing._FIRST_PORTION", 5)
    monkeypatch.setattr("pcmsn.gallery.indexing._QUICK_SECONDS", 0.0)
    with Gallery.open(tmp_path / "g.gallery", model) as gallery:
        updater = Updater(gallery, [tmp_path / "zoo" / "photo"])
        told = updater._told
        calls: list[int] = []

        def stop_after_two(what: str, done: int, total: int, detail: str) -> None:
            if what == "indexing" and done:
                calls.append(done)
                if len(calls) == 2:
                    updater._stop.set()
            told(what, done, total, detail)

        monkeypatch.setattr(updater, "_told", stop_after_two)
        updater.start()
        updater.wait(60)
        assert updater.state.stage == "stopped" and updater.report is None
    with Gallery.open(tmp_path / "g.gallery") as gallery:
        assert len(gallery) == 10


def test_nothing_known_and_nothing_there_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCMSN_DATA", str(tmp_path / "data"))
    error = CliRunner().invoke(app, ["find"]).exception
    assert isinstance(error, GalleryError) and "name one: pcmsn find ~/Pictures" in str(error)
    error = CliRunner().invoke(app, ["find", str(tmp_path / "none")]).exception
    assert isinstance(error, GalleryError) and "there is no folder" in str(error)


def test_the_data_folder_follows_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PCMSN_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert user_data_folder() == tmp_path / "pcmsn"
    monkeypatch.setattr("sys.platform", "darwin")
    assert user_data_folder().parts[-3:] == ("Library", "Application Support", "pcmsn")
