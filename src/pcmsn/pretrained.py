"""Pretrained models in Hugging Face's format: their files on this machine, and what loading them needs.

Pictures' and texts' models share these steps; each side words its own errors.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def downloaded_model(name: str, *, patterns: Sequence[str], needed: Sequence[str]) -> Path:
    """The folder on this machine with a hub model's files that match ``patterns``.

    The network is asked only where the folder lacks a file that matches one of ``needed``. Raises whatever the hub, the
    network and the disk raise, which depends on versions and cause.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=list(patterns), local_files_only=True))
        if all(any(folder.glob(pattern)) for pattern in needed):
            return folder
    except Exception:  # not downloaded yet, or a name that the hub does not allow: the second call says which
        pass
    return Path(snapshot_download(name, allow_patterns=list(patterns)))


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' progress bars and its reports on unused heads, then restore the user's settings."""
    from transformers.utils import logging as reports

    level, bar = reports.get_verbosity(), reports.is_progress_bar_enabled()
    reports.set_verbosity(logging.ERROR)
    reports.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        reports.set_verbosity(level)
        if bar:
            reports.enable_progress_bar()  # type: ignore[no-untyped-call]


def load_from_folder(loader: str, folder: Path, **options: Any) -> Any:
    """What a ``transformers`` Auto class loads from a folder, by the library's own code and never by the folder's.

    A folder may name code of its own (``auto_map``); such code could do anything, so it is neither run nor asked about.
    Raises whatever the library raises, which depends on version and cause, and ValueError for a model that is nothing
    without its own code.
    """
    import transformers

    options["trust_remote_code"] = False
    return getattr(transformers, loader).from_pretrained(folder, local_files_only=True, **options)


def needs_own_code(error: Exception) -> bool:
    """Whether loading failed because a model consists of code in its folder, which is never run."""
    return "trust_remote_code" in str(error)


def untrained_weights(report: Mapping[str, Any]) -> list[str]:
    """The weights that a file lacks or has in another shape, sorted, from ``from_pretrained``'s loading report."""
    mismatched = (entry[0] if isinstance(entry, (tuple, list)) else entry for entry in report["mismatched_keys"])
    return sorted({*report["missing_keys"], *mismatched})


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its type's name where it has no text."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
