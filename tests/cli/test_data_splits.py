"""``pcmsn data splits``: the lists as a user sees them, without any pictures on disk."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import SplitError


def splits(*arguments: str | Path) -> Result:
    words = ["data", "splits", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(app, words, env={"COLUMNS": "100", "TERM": "dumb"})


def test_a_split_is_printed_as_json() -> None:
    found = json.loads(splits("Sketchy", "sem-pcyc", "--json").stdout)
    assert (len(found["train"]), len(found["val"]), len(found["test"])) == (100, 12, 13)
    assert found["reported"] == "val+test"
    assert json.loads(splits("TU-Berlin", "sake-30", "--json").stdout)["reported"] == "test"


def test_the_splits_of_a_data_set_are_listed_with_their_sizes() -> None:
    table = splits("Sketchy").stdout
    assert [name in table for name in ("sem-pcyc", "sake-25", "cvae-21")] == [True] * 3
    assert json.loads(splits("QuickDraw", "--json").stdout)["splits"] == ["quickdraw-30"]


def test_without_a_data_set_all_published_splits_are_listed() -> None:
    table = splits().stdout
    assert [name in table for name in ("Sketchy", "TU-Berlin", "sake-25", "sake-30", "quickdraw-30")] == [True] * 5
    assert json.loads(splits("--json").stdout) == {
        "Sketchy": ["cvae-21", "sake-25", "sem-pcyc"],
        "TU-Berlin": ["sake-30", "sem-pcyc"],
        "QuickDraw": ["quickdraw-30"],
    }


def test_a_data_set_may_be_written_in_any_case() -> None:
    assert splits("tu-berlin", "sake-30", "--json").stdout == splits("TU-Berlin", "sake-30", "--json").stdout


def test_a_split_is_printed_for_people() -> None:
    text = splits("Sketchy", "cvae-21").stdout
    assert "94 train, 10 val, 21 test; published scores are on test" in text
    assert "test (21)" in text and "car_(sedan)" in text


def test_a_random_split_follows_its_seed() -> None:
    first, again, other = (splits("Sketchy", "random", "--seed", seed, "--json").stdout for seed in ("1", "1", "2"))
    assert first == again != other


def test_unseen_classes_of_a_file_make_a_split(tmp_path: Path) -> None:
    (tmp_path / "unseen.txt").write_text("zebra\ntiger\n")
    found = json.loads(splits("Sketchy", "--unseen-classes", tmp_path / "unseen.txt", "--json").stdout)
    assert (found["test"], len(found["val"]), len(found["train"])) == (["tiger", "zebra"], 12, 111)
    result = splits("Sketchy", "sake-25", "--unseen-classes", tmp_path / "unseen.txt")
    assert isinstance(result.exception, SplitError)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Sketchy", "sake-52"), "no split 'sake-52' for Sketchy .did you mean 'sake-25'"),
        (("Sketchi",), "no published split of 'Sketchi' .did you mean 'Sketchy'.*there are some of Sketchy, TU-Berlin"),
        (("--unseen-classes", "x.txt"), "say of which data set: pcmsn data splits DATASET --unseen-classes x.txt"),
    ],
)
def test_an_unknown_split_or_data_set_is_named(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        CliRunner().invoke(app, ["data", "splits", *arguments], catch_exceptions=False)
