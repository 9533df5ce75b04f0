"""Features on disk, found again by what they were computed from: network, transform and the picture file's content.

Where each content's feature is takes 24 bytes of memory, so that the index of millions fits.
"""

from __future__ import annotations

import hashlib
import time
import warnings
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pcmsn.data.atomic import atomic_path
from pcmsn.errors import CacheError, PcmsnWarning
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.config import Precision

CACHE_VERSION = 1
"""Written into every block; a block of another version is refused."""

CONTENT_HASH_BYTES = 32
"""Length of the SHA-256 that stands for a picture file's content."""

_SUFFIX = ".safetensors"
_PARTIAL_SUFFIX = ".partial"
_DAMAGED_SUFFIX = ".damaged"
_ABANDONED_AFTER_SECONDS = 3600.0
_ROW_BITS = np.uint64(32)
_Words = NDArray[np.uint64]


def content_hash(content: bytes) -> bytes:
    """The 32 bytes that a picture file's content goes by in the cache."""
    return hashlib.sha256(content).digest()


@dataclass(frozen=True)
class FeatureCache:
    """A folder of features of any number of networks; every (network, transform, precision) has a folder of its own."""

    root: Path
    """Made when the first feature is written."""

    def open(self, backbone: Backbone, precision: Precision = "32") -> FeatureRows:
        """The rows of one network and its transform, computed in one precision.

        Blocks that are truncated or damaged are set aside under another name, with a PcmsnWarning, and their rows count
        as missing. Raises CacheError for blocks of another version, network, transform or feature length.
        """
        description = {
            "version": str(CACHE_VERSION),
            "fingerprint": backbone.fingerprint,
            "transform": backbone.transform.key,
        }
        name = f"{backbone.fingerprint[:16]}-{backbone.transform.key}"
        if precision != "32":
            description["precision"] = precision
            name += f"-{precision}"
        folder = self.root / name
        return FeatureRows(folder, description, backbone.feature_dim)


class FeatureRows:
    """The cached features of one network and transform, by content hash; 24 bytes a feature are held in memory.

    One thread may append while others look up and read.
    """

    def __init__(self, folder: Path, description: Mapping[str, str], feature_dim: int) -> None:
        self.folder = folder
        self.feature_dim = feature_dim
        self.damaged_blocks = 0
        """Blocks that were set aside on opening."""
        self._description = dict(description)
        self._blocks: list[Path] = []
        self._place = ContentIndex()
        self._read_folder()

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, content: bytes) -> bool:
        return content in self._place

    def read(self, contents: list[bytes]) -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
        """(k of the given content hashes, their (k, D) features), block by block, so that one is in memory at a time.

        Raises KeyError for a hash that the cache lacks and CacheError if a block has vanished since the opening.
        """
        wanted: dict[int, list[tuple[bytes, int]]] = {}
        for content in contents:
            place = self._place.find(content)
            if place is None:
                raise KeyError(content.hex())
            wanted.setdefault(place[0], []).append((content, place[1]))
        for block in sorted(wanted):
            rows = [row for _, row in wanted[block]]
            features = self._features(self._blocks[block], min(rows), max(rows) + 1)
            yield [content for content, _ in wanted[block]], features[[row - min(rows) for row in rows]]

    def append(self, contents: list[bytes], values: NDArray[np.float32]) -> None:
        """Write (n, D) features under their n content hashes as one new block; nothing for n = 0.

        The block is complete on disk before it gets its name, so that neither a kill nor another process that writes at
        the same time can leave half of one. Raises CacheError for values of another shape or type, and where the disk
        does not take the block.
        """
        if not contents:
            return
        if values.shape != (len(contents), self.feature_dim) or values.dtype != np.float32:
            raise CacheError(
                f"{len(contents)} rows of {self.feature_dim} float32 values were expected, got {values.shape} of "
                f"{values.dtype}"
            )
        hashes = np.frombuffer(b"".join(contents), dtype=np.uint8).reshape(-1, CONTENT_HASH_BYTES)
        values = np.ascontiguousarray(values)
        metadata = {**self._description, "checksum": _checksum(hashes, values)}
        path = self.folder / f"{hashlib.sha256(hashes.tobytes()).hexdigest()[:32]}{_SUFFIX}"
        _write_whole(path, save({"contents": hashes, "features": values}, metadata))
        self._register(path, hashes)

    def _read_folder(self) -> None:
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.iterdir()):
            if path.suffix == _PARTIAL_SUFFIX:
                _remove_if_abandoned(path)
            if path.suffix != _SUFFIX:
                continue
            hashes = self._checked_hashes(path)
            if hashes is None:
                self.damaged_blocks += 1
                _set_aside(path)
            else:
                self._register(path, hashes)
        if self.damaged_blocks:
            warnings.warn(
                f"{self.damaged_blocks} damaged files in the feature cache {self.folder} were set aside (*"
                f"{_DAMAGED_SUFFIX}); their features are computed again",
                PcmsnWarning,
                stacklevel=3,
            )

    def _checked_hashes(self, path: Path) -> NDArray[np.uint8] | None:
        """The (n, 32) content hashes of a block; None if it is damaged. Raises CacheError if it is of another kind."""
        try:
            with safe_open(path, framework="numpy") as block:
                metadata = block.metadata() or {}
                hashes: NDArray[np.uint8] = block.get_tensor("contents")
                features: NDArray[np.float32] = block.get_tensor("features")
        except (SafetensorError, OSError):
            return None
        self._refuse_another_kind(path, metadata)
        if metadata.get("checksum") != _checksum(hashes, features):
            return None
        if features.shape != (len(hashes), self.feature_dim):
            raise CacheError(
                f"{path} holds features of shape {features.shape}, expected ({len(hashes)}, {self.feature_dim}); "
                f"remove the folder {self.folder} or pass another one: --cache FOLDER"
            )
        return hashes

    def _refuse_another_kind(self, path: Path, metadata: Mapping[str, str]) -> None:
        for field, expected in self._description.items():
            if metadata.get(field) != expected:
                raise CacheError(
                    f"{path} is not of this cache: its {field} is {metadata.get(field, 'missing')}, expected {expected}"
                    f"; remove the folder {self.folder} or pass another one: --cache FOLDER"
                )

    def _register(self, path: Path, hashes: NDArray[np.uint8]) -> None:
        self._blocks.append(path)
        self._place.add(hashes, len(self._blocks) - 1)

    def _features(self, path: Path, start: int, stop: int) -> NDArray[np.float32]:
        """The (stop - start, D) features of some rows of a block."""
        try:
            with safe_open(path, framework="numpy") as block:
                features: NDArray[np.float32] = block.get_slice("features")[start:stop]
        except (SafetensorError, OSError) as error:
            raise CacheError(f"{path} cannot be read any more: {error}; start the command again") from error
        return features


class _Run(NamedTuple):
    """Contents in the order of their first 8 bytes."""

    first: _Words
    """(n,) first 8 bytes of each hash, ascending."""
    second: _Words
    """(n,) the next 8 bytes: 16 together tell any two contents apart."""
    place: _Words
    """(n,) block and row, 32 bits each."""


class ContentIndex:
    """Finds block and row by content hash. One thread may add while others look up."""

    def __init__(self) -> None:
        self._runs: tuple[_Run, ...] = ()  # ever shorter ones; replaced, never changed

    def __len__(self) -> int:
        return sum(len(run.first) for run in self._runs)

    def __contains__(self, content: bytes) -> bool:
        return self.find(content) is not None

    def find(self, content: bytes) -> tuple[int, int] | None:
        """(block, row) of a content; None for one that was not added."""
        first, second = np.frombuffer(content[:16], dtype=">u8").astype(np.uint64)
        for run in self._runs:
            position = int(np.searchsorted(run.first, first))
            if position < len(run.first) and run.first[position] == first and run.second[position] == second:
                place = int(run.place[position])
                return place >> 32, place & 0xFFFFFFFF
        return None

    def add(self, hashes: NDArray[np.uint8], block: int) -> None:
        """Note the rows of a block by their (n, 32) content hashes; a content that is known stays where it is."""
        words = np.ascontiguousarray(hashes[:, :16]).view(">u8").astype(np.uint64).reshape(-1, 2)
        rows = np.arange(len(words), dtype=np.uint64) | (np.uint64(block) << _ROW_BITS)
        _, distinct = np.unique(words, axis=0, return_index=True)
        new = distinct[~self._known(words[distinct])]
        if len(new):
            order = new[np.argsort(words[new, 0], kind="stable")]
            self._append(_Run(words[order, 0].copy(), words[order, 1].copy(), rows[order]))

    def _known(self, words: _Words) -> NDArray[np.bool_]:
        """(n,) whether each of (n, 2) first words is there."""
        known = np.zeros(len(words), dtype=bool)
        for run in self._runs:
            position = np.minimum(np.searchsorted(run.first, words[:, 0]), len(run.first) - 1)
            known |= (run.first[position] == words[:, 0]) & (run.second[position] == words[:, 1])
        return known

    def _append(self, run: _Run) -> None:
        """Add a run; runs of like length become one, so that there are few."""
        runs = [*self._runs, run]
        while len(runs) > 1 and 2 * len(runs[-1].first) >= len(runs[-2].first):
            last, before = runs.pop(), runs.pop()
            joined = [np.concatenate(pair) for pair in zip(before, last, strict=True)]
            order = np.argsort(joined[0], kind="stable")
            runs.append(_Run(*(words[order] for words in joined)))
        self._runs = tuple(runs)


def _checksum(hashes: NDArray[np.uint8], features: NDArray[np.float32]) -> str:
    """CRC-32 of a block's content: what the file system or a copy has damaged, safetensors alone does not notice."""
    return f"{zlib.crc32(features.data, zlib.crc32(hashes.data)):08x}"


def _set_aside(path: Path) -> None:
    """Rename a damaged block; another process may have done it already, and a read-only cache stays as it is."""
    try:
        path.rename(path.with_suffix(_DAMAGED_SUFFIX))
    except OSError:
        return


def _remove_if_abandoned(path: Path) -> None:
    """Remove what a killed process left half-written; a younger file may still be being written."""
    try:
        if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_SECONDS:
            path.unlink()
    except OSError:
        return


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, sync it, and rename it. Raises CacheError and leaves nothing behind."""
    try:
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise CacheError(
            f"the feature cache could not write {len(content):,} bytes to {path.parent}: "
            f"{error.strerror or error}; free some space or pass another folder: --cache FOLDER"
        ) from error
