"""``pcmsn report`` writes the numbers that ``pcmsn test`` prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.cli.report import report
from pcmsn.errors import ReportError
from pcmsn.training.config import RunConfig
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.session import train_run

alone = typer.Typer()
alone.command()(report)


def invoke(command: typer.Typer, *arguments: str | Path) -> Result:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments], env={"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def run(tmp_path: Path, small_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PCMSN_CACHE", str(tmp_path / "cache"))
    train_run(small_config, RunFolder(tmp_path / "run"), cache=tmp_path / "cache", device="cpu")
    return tmp_path / "run"


def test_the_numbers_are_those_of_pcmsn_test(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "report.html"
    options = ["--run", run, "--device", "cpu", "--intervals", "--generalized", "pcmsn"]
    printed = invoke(alone, *options, "--out", target).stdout
    assert printed == f"{target}, {target.stat().st_size / 1e6:.1f} MB\n"
    html = target.read_text(encoding="utf-8")
    shown = {
        where: (float(value), interval)
        for value, where, interval in re.findall(
            r'<data value="([^"]+)" data-score="([^"]+)">[^<]*</data><small>([^<]*)</small>', html
        )
    }
    checked = 0
    for family in ("sem-pcyc", "sake", "zse", "neutral"):
        tested = json.loads(invoke(app, "test", *options, "--metrics", family, "--json").stdout)
        for protocol in ("val+test", "test", "generalized-pcmsn"):
            for kind in ("real", "binary"):
                scores = tested[protocol][kind]
                for name in ("mAP@all", "mAP@200", "P@100", "P@200"):
                    low, high = scores["intervals"][name]
                    expected = (scores[name], f"{low:.3f}–{high:.3f}")
                    assert shown[f"{protocol}/{family}/{kind}/{name}"] == expected
                    checked += 1
    assert checked == len(shown) == 4 * 3 * 2 * 4


def test_the_report_stands_in_the_run_folder_unless_told_otherwise(run: Path) -> None:
    options = ["--run", run, "--device", "cpu", "--no-pictures", "--metrics-families", "zse, neutral"]
    found = json.loads(invoke(alone, *options, "--json").stdout)
    assert found["report"] == str(run / "report.html")
    assert found["bytes"] == (run / "report.html").stat().st_size
    assert found["measured"] is True
    html = (run / "report.html").read_text(encoding="utf-8")
    assert 'data-score="val+test/zse/real/mAP@all"' in html
    assert "sem-pcyc/real" not in html


def test_a_released_checkpoint_is_refused_with_the_command_that_reads_it(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"For its scores alone: pcmsn test --run .*model_best.pth"):
        invoke(alone, "--run", tmp_path / "model_best.pth")
