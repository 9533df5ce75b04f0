"""Tensors with facts beside them in one safetensors file, and rows as CSV; a file is written whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pcmsn.data.atomic import atomic_path, write_text_atomically
from pcmsn.errors import CheckpointError
from pcmsn.version import __version__


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any], version: int) -> None:
    """Write tensors, plain JSON facts and a format version to a safetensors file."""
    metadata = {"format_version": str(version), "facts": json.dumps(dict(facts))}
    with atomic_path(path) as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary, metadata)


def read_tensors(path: Path, version: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What ``write_tensors`` wrote; raises CheckpointError for a damaged file and for another version."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in list(file.keys())}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); train again or take it from a copy") from error
    check_version(metadata.get("format_version"), path, version)
    return tensors, json.loads(metadata["facts"])


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, all with the same keys, as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["epoch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text_atomically(path, text.getvalue())


def optimizer_tensors(prefix: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers of each parameter, under names that begin with ``prefix``."""
    state = optimizer.state_dict()["state"]
    return {
        f"{prefix}{index}.{key}": value
        for index, values in state.items()
        for key, value in values.items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimizer back what ``optimizer_tensors`` took from it, under names without the prefix."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def check_version(found: object, path: Path, version: int) -> None:
    """Raise CheckpointError unless a file has the format version that is read here."""
    if str(found) != str(version):
        raise CheckpointError(
            f"{path} has the format version {found}, this pcmsn ({__version__}) reads {version}; "
            "train again, or use the version that wrote it"
        )


@contextmanager
def explaining_disk_errors(path: Path, command: str) -> Iterator[None]:
    """Turn errors of writing below ``path`` into a CheckpointError that names the ``command`` to continue with."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        reason = "no space is left on the disk" if full else str(error)
        raise CheckpointError(
            f"{path} cannot be written: {reason}. The last whole epoch is kept; make room and continue with {command}"
        ) from error
