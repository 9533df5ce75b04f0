"""How ``pcmsn demo`` ends: with the way to its page, or with the page itself; the demonstration is a stand-in here."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli import serving
from pcmsn.cli.app import app
from pcmsn.gallery import demonstration as demo_galleries
from pcmsn.serve.settings import ServeSettings
from pcmsn.training import demonstration


@pytest.fixture(autouse=True)
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ServeSettings]]:
    """What was served: (gallery, settings)."""
    found = demonstration.Demonstration({}, {}, tmp_path / "retrieval.png", tmp_path / "run")
    calls: list[tuple[str, ServeSettings]] = []
    monkeypatch.setattr(demonstration, "demonstrate", lambda out, **options: found)
    monkeypatch.setattr(demo_galleries, "demo_gallery", lambda out, run, progress: out / "photos.gallery")
    monkeypatch.setattr(serving, "serve_gallery", lambda gallery, run, settings: calls.append((gallery, settings)))
    return calls


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["demo", *map(str, arguments)], env={"COLUMNS": "200", "TERM": "dumb"})


def test_it_ends_by_saying_how_to_open_the_page(tmp_path: Path, served: list[object]) -> None:
    result = invoke("--out", tmp_path)
    assert result.exit_code == 0, result.output
    page, others = result.stdout.splitlines()[-2:]
    assert f"serve --gallery {tmp_path / 'photos.gallery'}, and open the address that it prints in a browser" in page
    assert "find ~/Pictures" in others
    assert served == []


@pytest.mark.parametrize(
    ("on_the_path", "called", "shown"),
    [
        ("/usr/bin/pcmsn", "/usr/bin/pcmsn", "run pcmsn serve"),
        (None, ".venv/bin/pcmsn", "run .venv/bin/pcmsn serve"),
        (None, "pcmsn/__main__.py", f"run {sys.executable} -m pcmsn serve"),
    ],
)
def test_the_command_that_it_names_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_the_path: str | None, called: str, shown: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: on_the_path)
    monkeypatch.setattr(sys, "argv", [called])
    assert shown in invoke("--out", tmp_path).stdout


def test_with_serve_the_page_follows_on_this_machine_alone(
    tmp_path: Path, served: list[tuple[str, ServeSettings]]
) -> None:
    assert invoke("--out", tmp_path, "--serve").exit_code == 0
    assert served == [(str(tmp_path / "photos.gallery"), ServeSettings())]
    assert served[0][1].host == "127.0.0.1"


def test_json_has_the_gallery_and_can_not_be_had_while_serving(tmp_path: Path, served: list[object]) -> None:
    assert json.loads(invoke("--out", tmp_path, "--json").stdout)["gallery"] == str(tmp_path / "photos.gallery")
    both = invoke("--out", tmp_path, "--json", "--serve")
    assert both.exit_code == 2 and "pass --serve or --json, not both" in both.stderr and served == []
