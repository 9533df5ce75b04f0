"""The commands as a user types them, in a process of their own where that matters."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app, main
from pcmsn.errors import EvaluationError, PcmsnError

REFERENCE = Path(__file__).parents[1] / "evaluation" / "reference"


def commands(group: TyperGroup, *names: str) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Every command that a user can type, with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *names, name)
        elif isinstance(command, TyperCommand):
            yield (*names, name), command


ROOT = get_command(app)
assert isinstance(ROOT, TyperGroup)
COMMANDS = dict(commands(ROOT))


def invoke(*arguments: str | Path, columns: int = 200) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": str(columns), "TERM": "dumb"})


def write_embeddings(path: Path) -> Path:
    """Two classes on a line: the first query's order is right, right, wrong; the second's wrong, right, right."""
    np.savez(
        path,
        sketch_embedding=np.array([[0.0], [1.1]]),
        sketch_label=np.array([0, 0]),
        photo_embedding=np.array([[0.1], [0.2], [1.0]]),
        photo_label=np.array([0, 0, 1]),
    )
    return path


def test_help_needs_no_torch_and_names_every_command() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom pcmsn.cli.app import app\n"
        "print(CliRunner().invoke(app, ['--help']).output)\n"
        "print(CliRunner().invoke(app, ['train', '--help']).exit_code)\n"
        "heavy = {'torch', 'transformers', 'matplotlib', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert all(names[0] in result.stdout for names in COMMANDS)


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_option_is_explained_and_its_name_is_whole_in_a_narrow_terminal(names: tuple[str, ...]) -> None:
    shown = invoke(*names, "--help", columns=80)
    assert shown.exit_code == 0
    for parameter in COMMANDS[names].params:
        assert parameter.help, f"{parameter.name} has no help"
        if isinstance(parameter, TyperOption):
            assert all(name in shown.output for name in parameter.opts)


def test_the_version_is_printed() -> None:
    assert invoke("--version").output.startswith("pcmsn 0.")


def test_an_unknown_option_is_a_usage_error_that_proposes_the_nearest() -> None:
    result = invoke("train", "--epoch", "3")
    assert result.exit_code == 2
    assert "--epochs" in result.output


def test_the_configuration_is_printed_as_toml_that_is_read_back(tmp_path: Path) -> None:
    printed = invoke("train", "--dataset", "TU-Berlin", "--preset", "released", "--seed", "5", "--print-config").output
    (tmp_path / "run.toml").write_text(printed)
    assert invoke("train", "--config", tmp_path / "run.toml", "--print-config").output == printed
    changed = invoke("train", "--config", tmp_path / "run.toml", "--lambda-rec", "0.25", "--print-config").output
    assert "reconstruction = 0.25" in changed and "seed = 5" in changed


def test_an_error_of_ours_is_one_line_on_stderr_and_exit_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["pcmsn", "train", "--data-root", str(tmp_path / "nowhere"), "--out", str(tmp_path)]
    )
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("pcmsn: Sketchy: no folder")
    assert "Traceback" not in captured.err


def test_score_prints_the_four_numbers_as_json(tmp_path: Path) -> None:
    result = invoke("score", write_embeddings(tmp_path / "e.npz"), "--json")
    assert result.exit_code == 0
    values = json.loads(result.output)
    assert list(values) == ["mAP@all", "mAP@200", "P@100", "P@200", "queries", "gallery", "notes"]
    assert values["mAP@all"] == pytest.approx((1 + (1 / 2 + 2 / 3) / 2) / 2)
    assert values["P@100"] == pytest.approx(2 / 3)


def test_score_says_when_k_is_above_the_gallery_size(tmp_path: Path) -> None:
    output = invoke("score", write_embeddings(tmp_path / "e.npz"), "--metrics", "zse").output
    assert "zse metrics" in output
    assert "the gallery has 3 photos, fewer than k = 100 and 200" in " ".join(output.split())


def test_score_refuses_a_file_of_another_kind(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", sketch=np.zeros(3))
    result = invoke("score", tmp_path / "x.npz")
    assert isinstance(result.exception, PcmsnError)
    assert "sketch_embedding" in str(result.exception)


@pytest.mark.parametrize(
    ("name", "family", "file"),
    [
        (name, family, file)
        for file in ("balanced", "unbalanced", "small_gallery")
        for name, family in (("sem_pcyc", "sem-pcyc"), ("sake_cosine", "sake"), ("zse_sbir", "zse"))
    ],
)
def test_score_reproduces_the_reference_of_every_family(name: str, family: str, file: str) -> None:
    expected = json.loads((REFERENCE / "expected.json").read_text())[file][name]
    values = json.loads(invoke("score", REFERENCE / f"{file}.npz", "--metrics", family, "--json").output)
    assert {key: values[key] for key in expected} == pytest.approx(expected, abs=1e-6)


def test_resuming_takes_no_other_settings(tmp_path: Path) -> None:
    result = invoke("train", "--resume", "--out", tmp_path, "--seed", "3", "--dim", "32")
    assert "only --epochs can change, got model.dim, training.seed too" in str(result.exception)
    replaced = invoke("train", "--resume", "--out", tmp_path, "--overwrite")
    assert "only --epochs can change, got --overwrite too" in str(replaced.exception)
    assert "--resume needs --out" in str(invoke("train", "--resume").exception)


def test_a_finished_run_is_not_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    result = invoke("train", "--out", tmp_path)
    assert "already holds a run; continue it with --resume, replace it with --overwrite" in str(result.exception)


def test_scores_without_a_right_answer_are_an_error_and_the_json_says_what_was_ranked(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 4))
    sides = {"sketch_embedding": vectors, "photo_embedding": vectors}
    np.savez(tmp_path / "a.npz", **sides, sketch_label=[0, 0, 0, 1, 1, 1], photo_label=[0, 0, 0, 1, 1, 1])
    np.savez(tmp_path / "b.npz", **sides, sketch_label=[0, 0, 0, 1, 1, 1], photo_label=[2, 2, 2, 3, 3, 3])
    values = json.loads(invoke("score", tmp_path / "a.npz", "--json").output)
    assert (values["queries"], values["gallery"]) == (6, 6) and isinstance(values["notes"], list)
    refused = invoke("score", tmp_path / "b.npz", "--json")
    assert isinstance(refused.exception, EvaluationError)
    assert "no sketch has a photo of its class" in str(refused.exception)


@pytest.mark.parametrize("option", ["--grid", "--embeddings"])
def test_a_folder_to_write_into_is_refused_before_the_test(tmp_path: Path, option: str) -> None:
    refused = invoke("test", "--run", tmp_path / "none", option, tmp_path)
    assert "is a folder; expected the name of a file" in str(refused.exception)
