"""What README and docs say can be typed: their Python runs, their commands and options exist."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from pcmsn.cli.app import app
from pcmsn.evaluation.embeddings_file import Embeddings, write_embeddings
from pcmsn.version import __version__

ROOT = Path(__file__).parents[1]
GENERATED = {"commands.md", "configuration.md"}  # by scripts/reference_pages.py, when the site is built
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Every ``pcmsn ...`` of the page, in code blocks and in running text."""
    text = page.read_text(encoding="utf-8")
    spans = [line for block in blocks(page, "bash") for line in block.replace("\\\n", " ").splitlines()] + re.findall(
        r"`([^`\n]+)`", text
    )
    lines = [span.split("#")[0].replace("\\|", "-or-").strip().removeprefix(".venv/bin/") for span in spans]
    return [shlex.split(line)[1:] for line in lines if line.startswith("pcmsn ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_on_the_page_exists(page: Path) -> None:
    for line in commands(page):
        command, words = get_command(app), line
        while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
            assert words[0] in command.commands, line
            command, words = command.commands[words[0]], words[1:]
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        assert given <= options | {"--help", "--version"}, f"{page.name}: {' '.join(line)}"


def command_blocks(page: Path) -> list[tuple[str, str]]:
    """(block, why it is not run) of every block of commands; the reason stands in a comment above it."""
    pattern = r"(?:<!-- not run: ([^>]+) -->\n)?```bash\n(.*?)```"
    found = re.findall(pattern, page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [(block, reason.strip()) for reason, block in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_commands_is_run_or_says_why_not(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for block, reason in command_blocks(page):
        if reason:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                assert words[0] == "pcmsn", f"{page.name}: mark the block of {line!r} with <!-- not run: reason -->"
                result = CliRunner().invoke(app, words[1:])
                assert result.exit_code == 0, f"{page.name}: {line}\n{result.output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_a_block_has_what_it_requires(page: Path) -> None:
    for block, _ in command_blocks(page):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.split(" | ")[-1].removeprefix(".venv/bin/"), comments=True)
            if words[:1] != ["pcmsn"]:
                continue
            command, rest = get_command(app), words[1:]
            while isinstance(command, TyperGroup):
                command, rest = command.commands[rest[0]], rest[1:]
            command.make_context("pcmsn", rest)  # raises where an argument is missing or of the wrong kind


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_on_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    labels = np.repeat(["cat", "dog"], 5)
    write_embeddings(
        tmp_path / "embeddings.npz",
        Embeddings(generator.normal(size=(10, 8)), labels, generator.normal(size=(10, 8)), labels),
    )
    for block in blocks(page, "python"):
        exec(compile(block, f"{page.name}", "exec"), {"__name__": "readme"})  # our own pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target and target not in GENERATED:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_version_stands_in_one_place_and_the_citation_says_the_same() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
