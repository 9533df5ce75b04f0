from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import ConfigError, DataError, PcmsnError
from pcmsn.features.backbones.tiny import TinyArchitecture, TinyNetwork, save_tiny
from pcmsn.seeding import seeded_torch

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, write_pictures: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs the command in a folder with the data set ``zoo``, one network ``net`` and a pair ``pair``."""
    write_pictures(tmp_path / "zoo", {"ant": 3, "bee": 2})
    for seed, name in enumerate(("net", "pair/sketch", "pair/photo")):
        with seeded_torch(seed, "test"):
            save_tiny(TinyNetwork(TinyArchitecture(input_size=16, widths=(4, 8))), tmp_path / name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str | None = None) -> Result:
        environment = {"PCMSN_CACHE": str(tmp_path / "cache"), "COLUMNS": "200", "TERM": "dumb"}
        command = ["features", "extract", "--device", "cpu", *arguments]
        result = CliRunner().invoke(app, command, env=environment, input=stdin)
        if isinstance(result.exception, PcmsnError):
            raise result.exception
        return result

    return run


def names(path: str) -> list[str]:
    with np.load(path) as archive:
        assert archive["features"].shape == (len(archive["names"]), 8)
        return [str(name) for name in archive["names"]]


def test_a_data_set_gives_both_sides_as_training_reads_them(invoke: Invoke) -> None:
    result = invoke("--backbone", "tiny:pair", "--dataset", "zoo", "--out", "out")
    assert result.exit_code == 0, result.output
    assert (
        names("out/sketch.npz")
        == names("out/photo.npz")
        == [
            *(f"ant/00{number}.png" for number in range(3)),
            "bee/000.png",
            "bee/001.png",
        ]
    )
    assert "5 features of 8 values in out/sketch.npz" in result.stdout
    assert "computed 5, from the cache 0, from files that were there 0" in result.stdout
    assert "train with: pcmsn train --backbone features:out --dataset zoo" in result.stdout
    one = invoke("--backbone", "tiny:pair", "--dataset", "zoo", "--modality", "photo", "--out", "p.npz", "--json")
    [summary] = json.loads(one.stdout)
    assert (summary["target"], summary["rows"], summary["computed"], summary["from_cache"]) == ("p.npz", 5, 0, 5)


def test_a_folder_a_list_and_a_stream_give_the_same_features(invoke: Invoke, tmp_path: Path) -> None:
    paths = sorted(str(path) for path in (tmp_path / "zoo").rglob("*.png"))
    (tmp_path / "list.txt").write_text("\n".join(paths))
    invoke("--backbone", "tiny:net", "--folder", "zoo", "--out", "folder.npz", "--no-cache")
    invoke("--backbone", "tiny:net", "--list", "list.txt", "--out", "list.npz", "--no-cache")
    streamed = invoke(
        *("--backbone", "tiny:net", "--list", "-", "--out", "parts", "--rows-per-file", "4", "--no-cache"),
        stdin="\n".join(paths) + "\n",
    )
    assert "10 features of 8 values in parts, 3 files" in streamed.stdout
    assert names("folder.npz") == [str(Path(path).relative_to(tmp_path / "zoo")) for path in paths]
    assert names("list.npz") == paths
    assert [name for part in range(3) for name in names(f"parts/features-00000{part}.npz")] == paths
    with np.load("folder.npz") as one, np.load("list.npz") as other:
        np.testing.assert_allclose(one["features"], other["features"], atol=1e-5)
    assert not (tmp_path / "cache").exists()


def test_unreadable_pictures_are_named(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "zoo/photo/ant/001.png").write_bytes(b"broken")
    arguments = ("--backbone", "tiny:net", "--folder", "zoo/photo", "--out", "out.npz")
    result = invoke(*arguments)
    assert "1 pictures cannot be read, listed in out.unreadable.txt:" in result.stdout
    assert "ant/001.png: not a picture in any format that Pillow reads" in result.stdout
    [summary] = json.loads(invoke(*arguments, "--overwrite", "--json").stdout)
    assert summary["unreadable"] == 1 and summary["unreadable_file"] == "out.unreadable.txt"
    assert summary["first_unreadable"] == [["ant/001.png", "not a picture in any format that Pillow reads"]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([], ConfigError, "expected one of --dataset, --folder and --list, got none of them"),
        (["--dataset", "zoo", "--folder", "zoo"], ConfigError, "got --dataset and --folder"),
        (["--folder", "zoo", "--list", "-"], ConfigError, "got --folder and --list"),
        (["--dataset", "zoo"], ConfigError, "both sides of a data set make two files, got --out x.npz; pass a folder"),
        (["--folder", "zoo", "--backbone", "tiny:pair"], ConfigError, "is a network for each modality; say whose"),
        (["--folder", "zoo", "--backbone", "vgg16"], ConfigError, "a pair of networks for each data set; say whose"),
        (["--folder", "nowhere"], DataError, "no folder nowhere with pictures"),
        (["--list", "nowhere"], DataError, "nowhere cannot be read as a list of files: No such file"),
        (["--folder", "cache", "--cache", "cache"], DataError, "no folder cache with pictures"),
    ],
)
def test_what_does_not_go_together_is_refused(
    invoke: Invoke, arguments: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        invoke("--backbone", "tiny:net", "--out", "x.npz", *arguments)


def test_ctrl_c_says_that_the_same_command_goes_on(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pcmsn.features.requests.extract_to_files", interrupted)
    result = invoke("--backbone", "tiny:net", "--folder", "zoo", "--out", "x.npz")
    assert result.exit_code == 130
    assert "what was computed is kept. Run the same command again to continue" in result.stderr
