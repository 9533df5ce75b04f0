"""The numbered parts of a large extraction: which are finished, and filling the others."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import count, islice
from pathlib import Path

from pcmsn.backbones.base import Backbone
from pcmsn.backbones.cache import FeatureCache
from pcmsn.backbones.composite import networks_below
from pcmsn.backbones.extraction import batches_of, stream_features
from pcmsn.backbones.extraction_steps import FeatureBatch
from pcmsn.backbones.feature_file import FeatureFile, InMemory, write_feature_file
from pcmsn.backbones.finetuned import FinetunedBackbone
from pcmsn.backbones.forward import Computation
from pcmsn.data.picture_files import PictureFile
from pcmsn.errors import DataError

Progress = Callable[[int], None]
"""Called with the number of pictures done."""

_PART = re.compile(r"features-\d{6}\.npz")


def part_files(folder: Path) -> list[Path]:
    """The numbered parts in a folder, in order."""
    return sorted(path for path in folder.glob("features-*.npz") if _PART.fullmatch(path.name))


def seen_classes(backbone: Backbone) -> tuple[str, ...]:
    """The classes that fine-tuned extractors in it learned from; none for any other."""
    tuned = [network for network in networks_below(backbone) if isinstance(network, FinetunedBackbone)]
    return tuple(sorted({name for network in tuned for name in network.trained_on.classes}))


class _Part:
    """A part that is being filled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tried = 0
        self._inputs = InputsHash()
        self._rows: list[InMemory] = []
        self._unreadable: list[tuple[str, str]] = []

    def expect(self, inputs: bytes) -> None:
        """Note files whose features will be added, as ``describe_inputs`` does."""
        self._inputs.update(inputs)

    def add(self, batch: FeatureBatch) -> None:
        """Take the features of files that were expected."""
        self.tried += len(batch.files)
        self._rows.append(InMemory([batch.files[position].name for position in batch.kept], batch.values))
        self._unreadable += [(batch.files[position].name, reason) for position, reason in batch.unreadable]

    def write(self, source: str, seen_classes: Sequence[str]) -> None:
        """Write the part whole."""
        write_feature_file(
            self.path,
            self._rows,
            source=source,
            seen_classes=seen_classes,
            inputs=self._inputs.digest(),
            unreadable=self._unreadable,
        )


class InputsHash:
    """A hash of described files, which shows whether features are of these files as they are now."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, inputs: bytes) -> None:
        """Go on with more files."""
        self._hash.update(inputs)

    def digest(self) -> str:
        """64 hexadecimal digits."""
        return self._hash.hexdigest()


def describe_inputs(files: Iterable[PictureFile]) -> bytes:
    """The name, size and time of each file, in order."""
    lines = []
    for file in files:
        try:
            status = file.path.stat()
            state = f"{status.st_size} {status.st_mtime_ns}"
        except (OSError, ValueError):
            state = "missing"
        lines.append(f"{file.name}\x1f{state}\x1f")
    return "".join(lines).encode("utf-8", "surrogatepass")


class PartWriter:
    """Cuts the files into parts, and fills those that are not there yet."""

    def __init__(self, backbone: Backbone, folder: Path, source: str, rows_per_file: int, progress: Progress) -> None:
        self.parts = 0
        """Parts that there are in all, as far as the files have been looked at."""
        self.computed = self.from_cache = self.from_parts = 0
        self._seen_classes = seen_classes(backbone)
        self._folder = folder
        self._source = source
        self._rows_per_file = rows_per_file
        self._progress = progress
        self._inputs = InputsHash()
        self._waiting: deque[_Part] = deque()
        self._done = 0

    def run(
        self, backbone: Backbone, files: Iterable[PictureFile], cache: FeatureCache | None, computation: Computation
    ) -> None:
        """Write every part that is missing."""
        batches = self._missing_batches(iter(files), computation.chosen_batch_size())
        with closing(stream_features(backbone, batches, cache=cache, computation=computation)) as stream:
            for batch in stream:
                self._add(batch)
        if self._waiting:
            self._write_first()
        self._progress(self._done + self.from_parts)

    @property
    def inputs(self) -> str:
        """Hash of all files."""
        return self._inputs.digest()

    def _missing_batches(self, files: Iterator[PictureFile], size: int) -> Iterator[tuple[PictureFile, ...]]:
        """Batches of the parts that are not finished, as the files come; no batch reaches into the next part."""
        for number in count():
            path = self._folder / f"features-{number:06d}.npz"
            portion: Iterator[PictureFile] = islice(files, self._rows_per_file)
            if path.exists():
                listed = tuple(portion)
                inputs = describe_inputs(listed)
                if listed and self._is_finished(path, inputs):
                    self._inputs.update(inputs)
                    self.parts, self.from_parts = number + 1, self.from_parts + len(listed)
                    continue
                portion = iter(listed)
            part = _Part(path)
            for batch in batches_of(portion, size):
                if self.parts == number:
                    self.parts = number + 1
                    self._waiting.append(part)
                inputs = describe_inputs(batch)
                self._inputs.update(inputs)
                part.expect(inputs)
                yield batch
            if self.parts == number:  # there were no more files
                return

    def _is_finished(self, path: Path, inputs: bytes) -> bool:
        """Whether a part holds the features of these files; a damaged one does not."""
        expected = InputsHash()
        expected.update(inputs)
        try:
            found = FeatureFile(path)
            return found.inputs == expected.digest() and found.source == self._source
        except DataError:
            return False

    def _add(self, batch: FeatureBatch) -> None:
        part = self._waiting[0]
        part.add(batch)
        self.computed += batch.computed
        self.from_cache += batch.from_cache
        self._done += len(batch.files)
        if part.tried == self._rows_per_file:
            self._write_first()
        self._progress(self._done + self.from_parts)

    def _write_first(self) -> None:
        self._waiting.popleft().write(self._source, self._seen_classes)
