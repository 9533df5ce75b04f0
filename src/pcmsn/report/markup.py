"""HTML and SVG elements in which every text is escaped, so that a class or a file may be named anything."""

from __future__ import annotations

from html import escape
from typing import TypeAlias

VOID = frozenset({"br", "hr", "img", "meta", "link", "col"})
Attribute: TypeAlias = str | int | float | bool | None


class Markup(str):
    """Text that is markup already; all other text is escaped where it is put in."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: Attribute) -> Markup:
    """An element; children that are no ``Markup`` are escaped, so are all attribute values.

    ``class_`` is written ``class``, ``data_score`` ``data-score``. None and False leave an attribute out, True writes
    it without a value; floats have two decimals.
    """
    shown = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if name in VOID:
        return Markup(f"<{name}{shown}>")
    return Markup(f"<{name}{shown}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Elements and texts one after the other; texts are escaped."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))


def _attribute(key: str, value: str | int | float | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {name}="{escape(text)}"'
