"""Where data sets can be downloaded: the packaged ``locations.toml``, or a user's file of the same form."""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from pcmsn.data.datasets import exact_name
from pcmsn.errors import DataError, did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGED = Path(__file__).with_name("locations.toml")
_PLAIN_FILE_NAME = re.compile(r"\w[\w.+-]*")
_MIRROR = re.compile(r"https?://\S+|drive:[\w-]+")
_DIGITS = {"sha256": 64, "md5": 32}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a data set, and where it may be had."""

    dataset: str
    name: str
    contents: str
    """What is in it, for a reader."""
    file: str
    """The plain name that it gets in the folder of the downloads."""
    mirrors: tuple[str, ...]
    """http(s) addresses and ``drive:<id>``, the first choice first; may be empty."""
    page: str
    """Where a person finds it with a browser."""
    by_hand: str
    """What to do on that page."""
    prepare: str
    """The next command, with ``{folder}`` for the folder of the downloads; empty where there is none."""
    licence: str = ""
    """As its owners state it; empty where they state none."""
    size: int | None = None
    """In bytes; None where not known."""
    sha256: str | None = None
    md5: str | None = None
    optional: bool = False
    """Whether it is only downloaded when it is named."""

    def __post_init__(self) -> None:
        where = f"{self.dataset}.parts.{self.name}"
        if not _PLAIN_FILE_NAME.fullmatch(self.file):
            raise DataError(f"{where}: file must be a plain file name, got {self.file!r}")
        for mirror in self.mirrors:
            if not _MIRROR.fullmatch(mirror):
                raise DataError(f"{where}: a mirror must be an http(s) address or drive:<id>, got {mirror!r}")
        if self.size is not None and self.size <= 0:
            raise DataError(f"{where}: size must be above 0 bytes, got {self.size}")
        for kind, digits in _DIGITS.items():
            value = getattr(self, kind)
            if value is not None and not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
                raise DataError(f"{where}: {kind} must be {digits} hexadecimal digits in lower case, got {value!r}")


@dataclass(frozen=True)
class Location:
    """A data set and its files."""

    name: str
    title: str
    citation: str
    parts: tuple[Part, ...]

    def choose(self, names: tuple[str, ...]) -> tuple[Part, ...]:
        """The named parts, in the order of the file; without names all that are not optional.

        Raises DataError, which proposes the nearest name, for a part that the data set does not have.
        """
        known = [part.name for part in self.parts]
        for name in names:
            if name not in known:
                raise DataError(
                    f"{self.name} has no part {name!r}{did_you_mean(name, known)}; expected {', '.join(known)}"
                )
        return tuple(part for part in self.parts if (part.name in names if names else not part.optional))


def read_locations(path: Path = PACKAGED) -> dict[str, Location]:
    """The data sets of a locations file by name, in its order.

    Raises DataError, which starts with the path, for an unreadable file, unknown keys and values of a wrong form.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: not readable as TOML: {error}") from error
    try:
        return {name: _location(name, table) for name, table in tables.items()}
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def find_location(name: str, locations: dict[str, Location]) -> Location:
    """The location of a data set, named in any case; raises DataError with the nearest names for an unknown one."""
    name = exact_name(name, locations)
    if name not in locations:
        raise DataError(
            f"no known location of {name!r}{did_you_mean(name, locations)}; expected {', '.join(locations)}, "
            "or pass a file with more: --locations FILE"
        )
    return locations[name]


def _location(name: str, table: Any) -> Location:
    if not isinstance(table, dict):
        raise DataError(f"expected tables such as [{name}], got the value {table!r}")
    _check_keys(name, table, required=("title", "citation", "prepare", "parts"))
    for key in ("title", "citation", "prepare"):
        _check_type(f"{name}.{key}", table[key], str)
    _check_type(f"{name}.parts", table["parts"], dict)
    parts = tuple(_part(name, part, values, table["prepare"]) for part, values in table["parts"].items())
    return Location(name, table["title"], table["citation"], parts)


def _part(dataset: str, name: str, values: Any, prepare: str) -> Part:
    where = f"{dataset}.parts.{name}"
    _check_type(where, values, dict)
    settings = [field for field in fields(Part) if field.name not in ("dataset", "name")]
    required = tuple(field.name for field in settings if field.default is MISSING and field.name != "prepare")
    _check_keys(where, values, required, tuple(field.name for field in settings))
    kinds = {"mirrors": list, "size": int, "optional": bool}
    for key, value in values.items():
        _check_type(f"{where}.{key}", value, kinds.get(key, str))
    for mirror in values["mirrors"]:
        _check_type(f"{where}.mirrors", mirror, str)
    given = {"prepare": prepare, **values, "mirrors": tuple(values["mirrors"]), "by_hand": values["by_hand"].strip()}
    return Part(dataset=dataset, name=name, **given)


def _check_keys(where: str, table: dict[str, Any], required: tuple[str, ...], known: tuple[str, ...] = ()) -> None:
    known = known or required
    for key in table:
        if key not in known:
            raise DataError(f"{where}: unknown key {key!r}{did_you_mean(key, known)}; expected {', '.join(known)}")
    missing = [key for key in required if key not in table]
    if missing:
        raise DataError(f"{where}: missing {', '.join(missing)}")


def _check_type(where: str, value: Any, kind: type) -> None:
    if type(value) is not kind:
        raise DataError(f"{where} must be of type {kind.__name__}, got {value!r}")
