"""Tables of ablations by name: those of the package, and a user's own in TOML files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pcmsn.errors import ConfigError, did_you_mean, enumerate_names
from pcmsn.training.configuration import part_from_tables, read_toml
from pcmsn.training.experiments.ablation_tables import TABLES, AblationRow, AblationTable


def find_ablation_table(name: str) -> AblationTable:
    """The package's table of that name, or a file's. Raises ConfigError for other names, and as the reading does."""
    if name in TABLES:
        return TABLES[name]
    if name.endswith(".toml"):
        return read_ablation_table(Path(name))
    raise ConfigError(
        f"no table {name!r}{did_you_mean(name, TABLES)}; expected {enumerate_names(TABLES)}, or a TOML file with a "
        "[[rows]] table a row"
    )


def read_ablation_table(path: Path) -> AblationTable:
    """A table of one's own, whose rows are compared on the validation classes.

    The file may hold ``title``, ``preset``, ``epochs`` (default: the preset's) and a list of ``notes``. Each of its
    ``[[rows]]`` has a ``name``, perhaps the name of the row that it should be ``above`` or ``below``, and the settings
    that it changes, as in a configuration file. Raises ConfigError for a file that cannot be read as that.
    """
    content = read_toml(path)
    try:
        head = part_from_tables(_Head, {name: value for name, value in content.items() if name != "rows"})
        rows = _rows(content.get("rows"))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    return AblationTable(
        path.stem,
        head.title or path.stem,
        rows,
        head.notes,
        preset=head.preset,
        epochs=head.epochs or None,
        judged="validation",
    )


@dataclass(frozen=True)
class _Head:
    """What a file says of the whole table."""

    title: str = ""
    preset: str = "paper"
    epochs: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise ConfigError(f"epochs must be >= 1, or left out for the preset's, got {self.epochs}")


@dataclass(frozen=True)
class _RowHead:
    """What a file says of a row beside the settings that it changes."""

    name: str = ""
    above: str = ""
    below: str = ""


def _rows(tables: Any) -> tuple[AblationRow, ...]:
    if not isinstance(tables, list) or not tables:
        raise ConfigError(f"expected a [[rows]] table a row, got {tables!r}")
    rows = tuple(_row(table, number) for number, table in enumerate(tables, start=1))
    names = [row.name for row in rows]
    for row in rows:
        if names.count(row.name) > 1:
            raise ConfigError(f"two rows are called {row.name!r}; give each a name of its own")
        if row.above and row.below:
            raise ConfigError(f"row {row.name!r} has both 'above' and 'below'; leave one out")
        other = row.above or row.below
        if other and (other not in names or other == row.name):
            raise ConfigError(f"row {row.name!r} is compared with {other!r}, which is no other row of the table")
    return rows


def _row(table: Any, number: int) -> AblationRow:
    where = f"rows[{number}]"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must be a table, got {table!r}")
    heads = ("name", "above", "below")
    head = part_from_tables(_RowHead, {key: table[key] for key in heads if key in table}, f"{where}.")
    if not head.name:
        raise ConfigError(f'{where} has no name; expected name = "..."')
    options = {key: value for key, value in table.items() if key not in heads}
    return AblationRow(head.name, options, above=head.above, below=head.below)
