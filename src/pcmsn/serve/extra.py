"""Whether what serving needs beyond the package's own dependencies is installed."""

from __future__ import annotations

from importlib.util import find_spec

from pcmsn.errors import ServerError

NEEDED = ("faiss", "fastapi", "uvicorn")
"""Modules of the extra ``search``."""

HINT = "install it with: pip install 'pcmsn[search]'"


def has_search_extra() -> bool:
    """Whether the page can be served with what is installed."""
    return not _missing()


def require_search_extra() -> None:
    """Raise ServerError, with the command to run, where something is missing."""
    if missing := _missing():
        raise ServerError(f"serving needs the extra 'search' (not installed: {', '.join(missing)}); {HINT}")


def _missing() -> list[str]:
    return [name for name in NEEDED if find_spec(name) is None]
