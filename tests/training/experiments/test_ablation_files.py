"""Tables of ablations in TOML files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcmsn.errors import ConfigError
from pcmsn.training.experiments.ablation_files import find_ablation_table, read_ablation_table
from pcmsn.training.experiments.ablation_tables import TABLES, AblationRow, AblationTable


def test_a_file_is_read_as_a_table_that_is_judged_on_the_validation_classes(tmp_path: Path) -> None:
    file = tmp_path / "trials.toml"
    file.write_text(
        """
        title = "What might help"
        preset = "best"
        epochs = 4
        notes = ["decay: of the weights"]
        [[rows]]
        name = "best"
        [[rows]]
        name = "decay .1"
        above = "best"
        optimisation.weight_decay = 0.1
        model.hidden = 512
        """
    )
    options = {"optimisation": {"weight_decay": 0.1}, "model": {"hidden": 512}}
    rows = (AblationRow("best", {}), AblationRow("decay .1", options, above="best"))
    expected = AblationTable("trials", "What might help", rows, ("decay: of the weights",), "best", 4, "validation")
    assert read_ablation_table(file) == expected == find_ablation_table(str(file))


def test_all_but_named_rows_may_be_left_out(tmp_path: Path) -> None:
    file = tmp_path / "short.toml"
    file.write_text('[[rows]]\nname = "all"\n')
    table = read_ablation_table(file)
    assert (table.title, table.preset, table.epochs, table.notes) == ("short", "paper", None, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected a \[\[rows\]\] table a row, got None"),
        ("rows = []", r"expected a \[\[rows\]\] table a row, got \[\]"),
        ("rows = [3]", r"rows\[1\] must be a table, got 3"),
        ("rows", "cannot be read as TOML"),
        ("preset = 3", "preset must be a text, got 3"),
        ("titel = 'x'", r"unknown setting titel \(did you mean 'title'\?\)"),
        ("epochs = -1", "epochs must be >= 1, or left out"),
        ("[[rows]]\nloss.temperature = 0.1", r"rows\[1\] has no name"),
        ("[[rows]]\nname = 'a'\n[[rows]]\nname = 'a'", "two rows are called 'a'"),
        ("[[rows]]\nname = 'a'\nbelow = 'b'", "row 'a' is compared with 'b', which is no other row"),
        ("[[rows]]\nname = 'a'\nabove = 'a'", "row 'a' is compared with 'a', which is no other row"),
        ("[[rows]]\nname = 'a'\n[[rows]]\nname = 'b'\nabove = 'a'\nbelow = 'a'", "both 'above' and 'below'"),
    ],
)
def test_files_that_are_no_tables_are_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "trials.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as raised:
        read_ablation_table(file)
    assert str(file) in str(raised.value)


def test_the_packages_tables_are_found_by_name_and_others_refused(tmp_path: Path) -> None:
    assert [find_ablation_table(name) for name in TABLES] == list(TABLES.values())
    with pytest.raises(ConfigError, match="no configuration file"):
        find_ablation_table(str(tmp_path / "none.toml"))
