"""Jobs and the files of their results, found again by everything that decides a result."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pcmsn
from pcmsn.data.atomic import write_text_atomically
from pcmsn.errors import ConfigError
from pcmsn.version import __version__

_CODE = ("evaluation", "hashing", "losses", "model", "training")
"""Parts whose code decides a result; what data, semantics and backbones give is in the fingerprint of the inputs."""
_NOT_COUNTED = (
    "training/experiments/ablation.py",
    "training/experiments/ablation_files.py",
    "training/experiments/ablation_tables.py",
    "training/experiments/tables.py",
    "training/finetune/",
)
"""Files, and a folder, of these parts whose changes leave stored results valid: they make settings, which are in a
job's key, or features, which are in the fingerprint of the inputs, or tables from results."""
_KEY_IN_NAME = 16
"""Digits of a job's key in the name of its file."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One thing to compute. It is sent to another process, so all of it must be possible to pickle."""

    name: str
    """For people to read; unique among the jobs of a call."""
    settings: Any
    """All that decides the result beside the seed and the inputs: frozen dataclasses, or plain values."""
    seed: int = 0
    folder: Path = Path()
    """Where the job finds its inputs (``ExperimentInputs.folder``); their fingerprint, not this, decides the result."""


class ResultFiles:
    """The stored results of one function on one set of inputs, one JSON file a job.

    Two jobs that differ in their names alone share a result.
    """

    def __init__(self, folder: Path, function: Callable[..., Any], inputs: str) -> None:
        self.folder = folder / "results"
        self._basis = {
            "function": f"{function.__module__}.{function.__qualname__}",
            "inputs": inputs,
            "version": __version__,
            "code": code_fingerprint(),
        }

    def key(self, job: Job) -> str:
        """64 hexadecimal digits that change with anything that decides the job's result; its name does not."""
        content = {**self._basis, "settings": plain_values(job.settings), "seed": job.seed}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def path(self, job: Job) -> Path:
        """Where the job's result is, or will be."""
        key = self.key(job)[:_KEY_IN_NAME]
        for stored in sorted(self.folder.glob(f"*-{key}.json")):
            return stored
        readable = re.sub(r"[^A-Za-z0-9]+", "-", job.name).strip("-")[:80]
        return self.folder / f"{readable}-{key}.json"

    def read(self, job: Job) -> dict[str, Any] | None:
        """The stored result; None where there is none for exactly this job."""
        try:
            content = json.loads(self.path(job).read_text(encoding="utf-8"))
            return dict(content["result"]) if content["key"] == self.key(job) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, job: Job, result: str) -> None:
        """Store a result, given as JSON text."""
        content = {
            "key": self.key(job),
            "job": job.name,
            "seed": job.seed,
            "settings": plain_values(job.settings),
            **self._basis,
            "result": json.loads(result),
        }
        write_text_atomically(self.path(job), json.dumps(content, indent=1) + "\n")


def plain_values(value: Any) -> Any:
    """Dataclasses, mappings and sequences as values that JSON can hold, a dataclass with its type's name.

    Raises ConfigError for what has no such form, for example an array.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: plain_values(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"type": f"{type(value).__module__}.{type(value).__qualname__}", **fields}
    if isinstance(value, Mapping):
        return {str(name): plain_values(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise ConfigError(
        f"a job's settings must be dataclasses and plain values, got {type(value).__name__}; "
        "pass arrays through the inputs"
    )


@functools.cache
def code_fingerprint() -> str:
    """64 hexadecimal digits that change with the source files that decide a result."""
    root = Path(pcmsn.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for part in _CODE for path in (root / part).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(_NOT_COUNTED):
            digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
