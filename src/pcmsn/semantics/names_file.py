"""A ``names.toml``: what a data set's classes are called elsewhere.

Its table ``[synsets]`` maps class names to WordNet's synsets, ``[spellings]`` to the words to look up in word vectors.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from pcmsn.errors import SemanticsError, did_you_mean
from pcmsn.files import read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = ("synsets", "spellings")


def read_names_table(path: Path, table: Literal["synsets", "spellings"], *, example: str) -> object:
    """What stands under the name of a table, unchecked; None where the file has no such table.

    ``example`` is a line of the table, for the error's text. Raises SemanticsError for a file that cannot be read and
    for anything in it beside the two tables.
    """
    expected = f"expected TOML: [{table}], then {example}"
    try:
        content = tomllib.loads(read_text(path))
    except FileNotFoundError as error:
        raise SemanticsError(f"no file {path}; {expected}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SemanticsError(f"{path} cannot be read as names ({error}); {expected}") from error
    for key in content:
        if key not in TABLES:
            raise SemanticsError(
                f"{path}: unknown key {key!r}{did_you_mean(key, TABLES)}; expected the tables [synsets] and [spellings]"
            )
    return content.get(table)
