"""Text and filter expressions as a Milvus server takes them, whatever is in a label or a path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_NOT_UTF8 = re.compile("[\0\ud800-\udfff]")
_ESCAPED = re.compile("\0([0-9a-f]{4})")


def to_stored(text: str) -> str:
    """A text that the server can keep: what UTF-8 has no bytes for (in names of files) is escaped by a NUL."""
    return _NOT_UTF8.sub(lambda found: f"\0{ord(found[0]):04x}", text)


def from_stored(text: str) -> str:
    """The text that ``to_stored`` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def quoted(text: str) -> str:
    """A text as a literal of the filter language: no text can end it, and every text stands for itself."""
    return json.dumps(to_stored(text), ensure_ascii=False)


def label_is(label: str | None) -> str:
    """The photos with exactly this label; None for all photos."""
    return "" if label is None else f"label == {quoted(label)}"


def id_in(photo_ids: Iterable[str]) -> str:
    """The photos with these ids."""
    return f"photo_id in [{', '.join(quoted(photo_id) for photo_id in photo_ids)}]"


def after(photo_id: str, condition: str) -> str:
    """The photos with greater ids that meet a condition; an empty condition is met by all."""
    greater = f"photo_id > {quoted(photo_id)}"
    return f"{greater} and {condition}" if condition else greater
