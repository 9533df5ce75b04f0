"""Making a ``RunConfig`` from a preset, a TOML file and the command line, and writing it as TOML.

Later sources win: preset, the preset's table for the data set, file, command line. Each is a nested dict with the
names of ``RunConfig``'s parts and fields; an unknown name is an error that proposes the nearest known one.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from pcmsn.errors import ConfigError, did_you_mean, enumerate_names
from pcmsn.training.config import RunConfig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PRESETS = Path(__file__).parent / "presets"
Tables = dict[str, Any]
Part = typing.TypeVar("Part")


def preset_names() -> tuple[str, ...]:
    """The presets that come with the package."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.toml")))


def build_config(
    *, preset: str | None = None, file: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> RunConfig:
    """The configuration of a run; ``overrides`` holds tables like ``{"training": {"epochs": 5}}``.

    Raises ConfigError for an unknown preset, table or key, a value of the wrong type, or one out of range.
    """
    from_file = read_toml(file) if file else {}
    overrides = dict(overrides or {})
    chosen = preset or _text(from_file.get("preset", RunConfig().preset), "preset")
    dataset = RunConfig().data.dataset
    for tables in (from_file, overrides):
        data = tables.get("data", {})
        if isinstance(data, Mapping):
            dataset = _text(data.get("dataset", dataset), "data.dataset")
    merged: Tables = {}
    for tables in (*_preset_tables(chosen, dataset), from_file, overrides):
        merged = merge_tables(merged, tables)
    return config_from_tables(merged | {"preset": chosen})


def _preset_tables(name: str, dataset: str) -> tuple[Tables, Tables]:
    if name not in preset_names():
        raise ConfigError(
            f"no preset {name!r}{did_you_mean(name, preset_names())}; there are {enumerate_names(preset_names())}"
        )
    tables = read_toml(PRESETS / f"{name}.toml")
    for_data_set = tables.pop("data_sets", {})
    return tables, for_data_set.get(dataset, {"semantics": {"sources": ()}})


def read_toml(path: Path) -> Tables:
    """The tables of a TOML file; raises ConfigError when it can not be read as one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"no configuration file {path}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} can not be read as TOML: {error}") from error


def merge_tables(base: Mapping[str, Any], tables: Mapping[str, Any]) -> Tables:
    """Nested tables in which the values of ``tables`` win over those of ``base``."""
    merged = dict(base)
    for name, value in tables.items():
        old = merged.get(name)
        merged[name] = merge_tables(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def config_from_tables(tables: Mapping[str, Any]) -> RunConfig:
    """A ``RunConfig`` from complete or partial tables; strict about names and types."""
    return part_from_tables(RunConfig, tables)


def config_to_tables(config: RunConfig) -> Tables:
    """The nested dict that ``config_from_tables`` reads back to an equal configuration."""
    return dataclasses.asdict(config)


def config_to_toml(config: RunConfig) -> str:
    """The whole configuration as TOML text that ``--config`` reads back."""
    return tables_to_toml(config_to_tables(config))


def tables_to_toml(tables: Mapping[str, Any]) -> str:
    """Nested tables as TOML text; tuples become lists."""
    return tomli_w.dumps(_lists(tables))


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _lists(item) for name, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def part_from_tables(kind: type[Part], tables: Any, where: str = "") -> Part:
    """A value of a configuration's dataclass from nested tables; strict about names and types.

    ``where`` is what names in errors begin with, for example ``training.``. Raises ConfigError.
    """
    if not isinstance(tables, Mapping):
        raise ConfigError(f"{where.rstrip('.')} must be a table, got {tables!r}")
    hints = typing.get_type_hints(kind)
    for name in tables:
        if name not in hints:
            raise ConfigError(
                f"unknown setting {where}{name}{did_you_mean(name, hints)}; "
                f"{where.rstrip('.') or 'the configuration'} has {', '.join(hints)}"
            )
    return kind(**{name: _value(hints[name], value, f"{where}{name}") for name, value in tables.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return part_from_tables(typing.cast(type, hint), value, f"{where}.")
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        if value not in arguments:
            near = did_you_mean(value, arguments) if isinstance(value, str) else ""
            raise ConfigError(f"{where} must be {' or '.join(map(repr, arguments))}, got {value!r}{near}")
        return value
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where} must be a list, got {value!r}")
        return tuple(_value(arguments[0], item, f"{where}[{place}]") for place, item in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ConfigError(f"{where} must be {_noun(hint)}, got {value!r}")
    return value


def _noun(kind: type | types.UnionType) -> str:
    nouns: dict[Any, str] = {int: "an integer", float: "a number", str: "a text", bool: "true or false"}
    return nouns.get(kind, str(kind))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{where} must be a text, got {value!r}")
    return value
