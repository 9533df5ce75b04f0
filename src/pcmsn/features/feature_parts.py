"""The numbered parts of a large extraction: which of them are finished, and how the others are filled."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from pcmsn.data.picture_files import PictureFile
from pcmsn.errors import DataError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.composite import networks_below
from pcmsn.features.backbones.finetuned import FinetunedBackbone
from pcmsn.features.cache import FeatureCache
from pcmsn.features.extraction import batches_of, stream_features
from pcmsn.features.extraction_steps import FeatureBatch
from pcmsn.features.feature_file import FeatureFile, InMemory, write_feature_file
from pcmsn.features.forward import Computation

Progress = Callable[[int], None]
"""Called with the number of pictures done."""

_PART = re.compile(r"features-\d{6}\.npz")


def part_files(folder: Path) -> list[Path]:
    """The numbered parts in a folder, in order."""
    return sorted(path for path in folder.glob("features-*.npz") if _PART.fullmatch(path.name))


def seen_classes(backbone: Backbone) -> tuple[str, ...]:
    """The classes that the fine-tuned networks in a backbone learned from, sorted; none where there are no such."""
    tuned = [network for network in networks_below(backbone) if isinstance(network, FinetunedBackbone)]
    return tuple(sorted({name for network in tuned for name in network.trained_on.classes}))


def describe_inputs(files: Iterable[PictureFile]) -> bytes:
    """The name, size and time of each file, in order; a hash of them tells whether features are of these files."""
    lines = []
    for file in files:
        try:
            status = file.path.stat()
            state = f"{status.st_size} {status.st_mtime_ns}"
        except (OSError, ValueError):
            state = "missing"
        lines.append(f"{file.name}\x1f{state}\x1f")
    return "".join(lines).encode("utf-8", "surrogatepass")


class _Part:
    """A part that is being filled with the features of ``size`` files."""

    def __init__(self, path: Path, size: int, inputs: bytes) -> None:
        self._path = path
        self._size = size
        self._inputs = inputs
        self._tried = 0
        self._rows: list[InMemory] = []
        self._unreadable: list[tuple[str, str]] = []

    @property
    def is_full(self) -> bool:
        """Whether all files of the part were tried."""
        return self._tried == self._size

    def add(self, batch: FeatureBatch) -> None:
        """Take the features of the part's next files."""
        self._tried += len(batch.files)
        self._rows.append(InMemory([batch.files[position].name for position in batch.kept], batch.values))
        self._unreadable += [(batch.files[position].name, reason) for position, reason in batch.unreadable]

    def write(self, source: str, seen_classes: Sequence[str]) -> None:
        """Write the part whole."""
        write_feature_file(
            self._path,
            self._rows,
            source=source,
            seen_classes=seen_classes,
            inputs=hashlib.sha256(self._inputs).hexdigest(),
            unreadable=self._unreadable,
        )


class PartWriter:
    """Cuts a list of files into parts, and writes those that are not there yet."""

    def __init__(self, backbone: Backbone, folder: Path, source: str, rows_per_file: int, progress: Progress) -> None:
        self.parts = 0
        """Parts that there are in all, as far as the files have been looked at."""
        self.from_parts = 0
        """Pictures of parts that were finished before."""
        self.computed = 0
        """Pictures that went through the network; copies in a batch count once."""
        self.from_cache = 0
        """Pictures whose feature the cache had."""
        self._backbone = backbone
        self._folder = folder
        self._source = source
        self._seen_classes = seen_classes(backbone)
        self._rows_per_file = rows_per_file
        self._progress = progress
        self._inputs = hashlib.sha256()
        self._waiting: deque[_Part] = deque()
        self._done = 0

    def run(self, files: Iterable[PictureFile], cache: FeatureCache | None, computation: Computation) -> None:
        """Write every part that is missing. Raises as ``stream_features`` and ``write_feature_file`` do."""
        batches = self._missing_batches(iter(files), computation.chosen_batch_size())
        with closing(stream_features(self._backbone, batches, cache=cache, computation=computation)) as stream:
            for batch in stream:
                self._add(batch)
        self._progress(self._done + self.from_parts)

    @property
    def inputs(self) -> str:
        """Hash of all files, as ``describe_inputs`` describes them."""
        return self._inputs.hexdigest()

    def _missing_batches(self, files: Iterator[PictureFile], size: int) -> Iterator[tuple[PictureFile, ...]]:
        """Batches of the parts that are not finished, as the files come; no batch reaches into the next part."""
        while portion := tuple(islice(files, self._rows_per_file)):
            path = self._folder / f"features-{self.parts:06d}.npz"
            inputs = describe_inputs(portion)
            self._inputs.update(inputs)
            self.parts += 1
            if self._is_finished(path, inputs):
                self.from_parts += len(portion)
            else:
                self._waiting.append(_Part(path, len(portion), inputs))
                yield from batches_of(portion, size)

    def _is_finished(self, path: Path, inputs: bytes) -> bool:
        """Whether a part is there with the features of these files; a damaged one does not count."""
        try:
            found = FeatureFile(path)
            return found.inputs == hashlib.sha256(inputs).hexdigest() and found.source == self._source
        except DataError:
            return False

    def _add(self, batch: FeatureBatch) -> None:
        part = self._waiting[0]
        part.add(batch)
        self.computed += batch.computed
        self.from_cache += batch.from_cache
        self._done += len(batch.files)
        if part.is_full:
            self._waiting.popleft().write(self._source, self._seen_classes)
        self._progress(self._done + self.from_parts)
