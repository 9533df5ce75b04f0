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

from pcmsn.data.datasets import exact_dataset_name
from pcmsn.errors import ConfigError, did_you_mean, enumerate_names
from pcmsn.files import read_text
from pcmsn.training.config import RunConfig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PRESETS = Path(__file__).parent / "presets"
Tables = dict[str, Any]
"""Nested tables as a TOML file has them: names to values and to further tables."""
Part = typing.TypeVar("Part")


def preset_names(folder: Path = PRESETS) -> tuple[str, ...]:
    """The presets in a folder of TOML files, by default those of training."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def read_preset(name: str, folder: Path = PRESETS) -> Tables:
    """The tables of a preset. Raises ConfigError, with the names that there are, for an unknown one."""
    known = preset_names(folder)
    if name not in known:
        raise ConfigError(f"no preset {name!r}{did_you_mean(name, known)}; there are {enumerate_names(known)}")
    return read_toml(folder / f"{name}.toml")


def chosen_preset(given: str | None, from_file: Tables, default: str) -> str:
    """The name of the preset to start from: the one given, else a configuration file's, else the default."""
    return given or _text(from_file.get("preset", default), "preset")


def build_config(
    *, preset: str | None = None, file: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> RunConfig:
    """The configuration of a run; ``overrides`` holds tables like ``{"training": {"epochs": 5}}``.

    Raises ConfigError for an unknown preset, table or key, a value of the wrong type, or one out of range.
    """
    from_file = read_toml(file) if file else {}
    chosen = chosen_preset(preset, from_file, RunConfig().preset)
    given = with_exact_dataset(merge_tables(from_file, overrides or {}))
    merged = merge_tables(_preset_tables(chosen, _dataset_in(given)), given)
    return config_from_tables(merged | {"preset": chosen})


def with_exact_dataset(tables: Tables) -> Tables:
    """The tables with ``data.dataset``, which a user may write in any case, as ``exact_dataset_name`` has it."""
    data = tables.get("data")
    name = data.get("dataset") if isinstance(data, Mapping) else None
    return merge_tables(tables, {"data": {"dataset": exact_dataset_name(name)}}) if isinstance(name, str) else tables


def _dataset_in(tables: Tables) -> str:
    """The data set that tables name, or the default one."""
    default, data = RunConfig().data.dataset, tables.get("data", {})
    return _text(data.get("dataset", default), "data.dataset") if isinstance(data, Mapping) else default


def _preset_tables(name: str, dataset: str) -> Tables:
    """A preset's values, with its own ones for the data set; of other data sets no class vectors are known."""
    tables = read_preset(name)
    for_data_sets = tables.pop("data_sets", {})
    return merge_tables(tables, for_data_sets.get(dataset, {"semantics": {"sources": ()}}))


def read_toml(path: Path) -> Tables:
    """The tables of a TOML file; raises ConfigError when it cannot be read as one."""
    try:
        return tomllib.loads(read_text(path))
    except FileNotFoundError as error:
        raise ConfigError(f"no configuration file {path}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error


def merge_tables(base: Mapping[str, Any], tables: Mapping[str, Any]) -> Tables:
    """Nested tables in which the values of ``tables`` win over those of ``base``."""
    merged = dict(base)
    for name, value in tables.items():
        old = merged.get(name)
        merged[name] = merge_tables(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def config_from_tables(tables: Mapping[str, Any]) -> RunConfig:
    """A ``RunConfig`` from complete or partial tables. Raises ConfigError as ``part_from_tables`` does."""
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
    """A configuration's dataclass from nested tables; a field without a value takes its default.

    ``where`` is what names in errors begin with, for example ``training.``. Raises ConfigError for an unknown name, a
    value of the wrong type, and one out of range.
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
