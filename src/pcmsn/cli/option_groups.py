"""Options that several commands take together, as one parameter of their functions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer reads it: in place of each parameter whose type is a dataclass, that class's fields.

    Typer knows no groups, so the signature that it sees is made here. A field is written as a parameter would be, with
    ``typer.Option`` in its annotation and the option's default as its value.
    """
    signature = inspect.signature(command, eval_str=True)
    groups = {name: part.annotation for name, part in signature.parameters.items() if _is_group(part)}

    @functools.wraps(command)
    def run(**options: Any) -> None:
        for name, group in groups.items():
            fields = inspect.signature(group).parameters
            options[name] = group(**{field: options.pop(field) for field in fields})
        command(**options)

    parameters = [part.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in _spread(signature)]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {}  # Typer reads the signature's, which are evaluated
    return run


def _is_group(parameter: inspect.Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def _spread(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    for part in signature.parameters.values():
        if _is_group(part):
            yield from inspect.signature(part.annotation, eval_str=True).parameters.values()
        else:
            yield part
