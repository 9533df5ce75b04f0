"""Methods to compare: each file of this folder is one, found by its name; what they share stands in ``fitting``.

A file ``my_method.py`` makes the method ``my-method``. It sets ``METHOD`` to a frozen dataclass whose fields are the
method's settings and that fits ``pcmsn.training.methods.fitting.task.Method``. Nothing else has to know of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pcmsn.errors import ConfigError, did_you_mean, enumerate_names

if TYPE_CHECKING:
    from pcmsn.training.methods.fitting.task import Method


def method_names() -> tuple[str, ...]:
    """The names of all methods, sorted; imports none of them."""
    return tuple(sorted(_name(found.name) for found in pkgutil.iter_modules(__path__) if not found.ispkg))


def load_method(name: str) -> Method:
    """The method of that name with its default settings. Raises ConfigError that lists the known ones."""
    check_methods([name])
    method: Method = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").METHOD
    return method


def check_methods(names: Iterable[str]) -> None:
    """Raise ConfigError for a name that no method has, with the known ones."""
    known = method_names()
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise ConfigError(f"no method {name!r}{hint}; the methods are {enumerate_names(known, limit=20)}")


def _name(module: str) -> str:
    return module.replace("_", "-")
