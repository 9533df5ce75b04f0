"""``pcmsn semantics senses``: candidates of a name, and all classes of a list, as a user sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.errors import SemanticsError


def senses(*arguments: str | Path) -> Result:
    words = ["semantics", "senses", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(app, words, env={"COLUMNS": "120", "TERM": "dumb"})


def as_json(*arguments: str | Path) -> list[dict[str, Any]]:
    result = senses(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    found: list[dict[str, Any]] = json.loads(result.stdout)["classes"]
    return found


@pytest.fixture
def names_toml(tmp_path: Path) -> Path:
    path = tmp_path / "names.toml"
    path.write_text('[synsets]\n"crane (machine)" = "crane.n.05"\n')
    return path


def test_the_candidates_of_a_name_are_shown_with_what_tells_homonyms_apart() -> None:
    text = senses("crane (machine)").stdout
    assert "crane (machine): crane.n.01 (first of 5 senses)" in text
    assert "lifts and moves heavy objects" in text
    assert "is a: wading bird > aquatic bird > bird" in text
    assert "also: Hart Crane, Harold Hart Crane" in text
    assert "--names" in text


def test_the_chosen_sense_is_marked() -> None:
    lines = senses("crane (machine)", "--dataset", "TU-Berlin").stdout.splitlines()
    assert lines[0].strip() == "crane (machine): crane.n.04 (override packaged for TU-Berlin)"
    assert [line for line in lines if "*" in line] == [line for line in lines if "crane.n.04 │" in line]


def test_an_override_wins_over_the_packaged_one(names_toml: Path) -> None:
    (found,) = as_json("crane_(machine)", "--dataset", "TU-Berlin", "--names", names_toml)
    assert (found["synset"], found["reason"]) == ("crane.n.05", "override in names.toml")
    (found,) = as_json("crane_(machine)", "--dataset", "Sketchy")
    assert (found["synset"], found["reason"]) == ("crane.n.01", "first of 5 senses")


def test_json_has_every_candidate_whole() -> None:
    zebra, tiger = as_json("zebra", "tiger")
    assert (zebra["reason"], zebra["ambiguous"]) == ("only sense", False)
    assert (tiger["synset"], tiger["ambiguous"]) == ("tiger.n.01", True)
    animal = tiger["candidates"][1]
    assert animal["synset"] == "tiger.n.02" and animal["offset"] == 2129604
    assert animal["is_a"] == ["big_cat.n.01", "feline.n.01", "carnivore.n.01"]
    assert animal["words"] == ["tiger", "Panthera_tigris"] and "tawny coat" in animal["gloss"]


def test_a_synset_that_only_an_override_names_is_a_candidate_too() -> None:
    (boat,) = as_json("speed_boat", "--dataset", "TU-Berlin")
    assert [candidate["synset"] for candidate in boat["candidates"]] == ["boat.n.01", "speedboat.n.01"]


def test_an_unknown_name_proposes_near_misses_after_the_known_ones_are_shown() -> None:
    result = senses("zebra", "girafe")
    assert isinstance(result.exception, SemanticsError) and result.exit_code == 1
    assert "'girafe' (near: 'giraffe'" in str(result.exception)
    assert "zebra.n.01" in result.stdout


@pytest.mark.parametrize(("dataset", "classes"), [("Sketchy", 125), ("TU-Berlin", 250), ("QuickDraw", 110)])
def test_all_classes_of_a_data_set_stand_in_one_table(dataset: str, classes: int) -> None:
    text = senses("--dataset", dataset).stdout
    assert f"{classes} classes: " in text and "marked ?" in text
    rows = {line.split("│")[1].strip(): line for line in text.splitlines() if line.count("│") == 5}
    assert "override" in rows["tiger"] and "big cat: large feline" in rows["tiger"]
    assert "1 of 2 ?" in rows["bee"]
    assert "1 of 1 " in rows["zebra"]
    assert len([name for name in rows if name]) == classes
    assert len(as_json("--dataset", dataset)) == classes


def test_the_classes_of_a_file_are_listed_and_the_unknown_ones_marked(tmp_path: Path, names_toml: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("# mine\ncrane (machine)\nzebra\n")
    assert [entry["synset"] for entry in as_json("--classes", path, "--names", names_toml)] == [
        "crane.n.05",
        "zebra.n.01",
    ]
    path.write_text("zebra\nqqqq\n")
    result = senses("--classes", path)
    assert isinstance(result.exception, SemanticsError) and "'qqqq'" in str(result.exception)
    assert any("qqqq" in line and "none !" in line for line in result.stdout.splitlines())


def test_brackets_in_a_class_name_are_shown_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("[bold]zebra\n")
    (tmp_path / "names.toml").write_text('[synsets]\n"[bold]zebra" = "zebra.n.01"\n')
    for arguments in (["[bold]zebra"], ["--classes", tmp_path / "classes.txt"]):
        assert "[bold]zebra" in senses(*arguments, "--names", tmp_path / "names.toml").stdout


def test_wrong_use_is_explained(tmp_path: Path) -> None:
    assert "no class was named" in str(senses().exception)
    assert "give one of them" in str(senses("ant", "--classes", tmp_path / "x.txt").exception)
    assert "none.toml; expected TOML" in str(senses("ant", "--names", tmp_path / "none.toml").exception)
    assert senses("ant", "--dataset", "Sketchi").exit_code == 2
