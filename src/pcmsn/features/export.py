"""Features of any number of pictures to disk, in parts that are kept when the work is stopped.

A part holds the features of a fixed number of consecutive files. With a folder as target the numbered parts are the
result; a single ``.npz`` is put together from parts, which stand in ``<file>.parts`` until then. Only the part that is
being filled is in memory.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pcmsn.data.atomic import atomic_path, write_text_atomically
from pcmsn.data.picture_files import PictureFile
from pcmsn.errors import ConfigError, DataError
from pcmsn.features.backbones.base import Backbone
from pcmsn.features.backbones.composite import networks_below
from pcmsn.features.backbones.finetuned import FinetunedBackbone
from pcmsn.features.extraction import batches_of, stream_features
from pcmsn.features.extraction_steps import FeatureBatch
from pcmsn.features.feature_file import FORMAT, FeatureFile, InMemory, write_feature_file
from pcmsn.features.forward import Computation
from pcmsn.features.store import FeatureCache
from pcmsn.progress import Progress, silent

ROWS_PER_FILE = 8192
"""Pictures a part, where nothing else is asked for."""

MANIFEST = "features.json"
"""In a folder of parts, written last: what they hold together."""

UNREADABLE = "unreadable.txt"
"""The list of skipped pictures; the name of a single file stands before it."""

_PART = re.compile(r"features-\d{6}\.npz")
_SHOWN_UNREADABLE = 100
_FILES_AT_A_TIME = 1024


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an extraction wrote."""

    target: Path
    files: int
    """Feature files at the target: 1, or the number of parts."""
    feature_dim: int
    source: str
    """What computed the features."""
    rows: int = 0
    """Pictures with a feature."""
    computed: int = 0
    """Pictures that went through the network now; copies in a batch count once."""
    from_cache: int = 0
    """Pictures whose feature the cache had."""
    from_parts: int = 0
    """Pictures of parts that were finished before."""
    unreadable: int = 0
    """Pictures that were skipped."""
    unreadable_file: Path | None = None
    """Lists them all, one a line: name, tab, reason."""
    first_unreadable: tuple[tuple[str, str], ...] = ()
    """(name, reason) of at most 100 of them."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        paths = {
            "target": str(self.target),
            "unreadable_file": str(self.unreadable_file) if self.unreadable_file else None,
        }
        return {**asdict(self), **paths, "first_unreadable": [list(entry) for entry in self.first_unreadable]}


def export_features(
    backbone: Backbone,
    files: Iterable[PictureFile],
    target: Path,
    *,
    cache: FeatureCache | None = None,
    computation: Computation | None = None,
    rows_per_file: int = ROWS_PER_FILE,
    overwrite: bool = False,
    progress: Progress = silent,
    stage: str = "features",
    total: int | None = None,
) -> Exported:
    """Write the features of files, in their order, to ``target``: one file if it ends in ``.npz``, else a folder.

    Parts that were finished for the same files and the same extractor are kept; files are the same when their names,
    sizes and times are. Pictures that cannot be read are skipped and listed in ``unreadable.txt`` in the folder, or in
    ``<name>.unreadable.txt`` beside the file. ``stage`` and ``total`` are what ``progress`` is told of the work.
    Raises ConfigError for ``rows_per_file`` below 1; DataError where no picture can be read, for a target that holds
    something else, and without space on disk; otherwise as ``stream_features`` does.
    """
    if rows_per_file < 1:
        raise ConfigError(f"--rows-per-file must be at least 1, got {rows_per_file}")
    computation = computation or Computation()
    single = target.suffix == ".npz"
    folder = target.with_name(f"{target.name}.parts") if single else target
    source = _describe_source(backbone, computation)
    if single and target.exists() and not overwrite:
        return _kept(target, source, files)
    _make_room(folder, source, overwrite)
    writer = _PartWriter(backbone, folder, source, rows_per_file)
    with closing(writer.run(files, cache, computation)) as steps:  # what is computed is kept, whatever stops the rest
        for done in steps:
            progress(stage, done, total)
    written = part_files(folder)
    parts = [FeatureFile(path) for path in written[: writer.parts]]
    result = _summed_up(parts, writer, target, source, backbone.feature_dim)
    for path in written[writer.parts :]:  # of a longer list of files, before
        path.unlink()
    if single:
        classes = seen_classes(backbone)
        write_feature_file(target, parts, source=source, seen_classes=classes, inputs=writer.inputs)
        _remove_parts(folder)
    else:
        _write_manifest(folder, result)
    return result


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


@dataclass(eq=False)
class _Part:
    """A part that is being filled with the features of ``size`` files."""

    path: Path
    size: int
    inputs: str
    batches: list[FeatureBatch] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether all files of the part were tried."""
        return sum(len(batch.files) for batch in self.batches) == self.size

    def write(self, source: str, seen_classes: Sequence[str]) -> None:
        """Write the part whole."""
        write_feature_file(
            self.path,
            [InMemory([one.files[position].name for position in one.kept], one.values) for one in self.batches],
            source=source,
            seen_classes=seen_classes,
            inputs=self.inputs,
            unreadable=[(one.files[at].name, reason) for one in self.batches for at, reason in one.unreadable],
        )


class _PartWriter:
    """Cuts a list of files into parts, and writes those that are not there yet."""

    def __init__(self, backbone: Backbone, folder: Path, source: str, rows_per_file: int) -> None:
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
        self._rows_per_file = rows_per_file
        self._inputs = hashlib.sha256()
        self._waiting: deque[_Part] = deque()

    def run(
        self, files: Iterable[PictureFile], cache: FeatureCache | None, computation: Computation
    ) -> Generator[int, None, None]:
        """Write every part that is missing; gives the number of pictures done, again and again.

        Raises as ``stream_features`` and ``write_feature_file`` do.
        """
        seen, done = seen_classes(self._backbone), 0
        batches = self._missing_batches(iter(files), computation.chosen_batch_size())
        with closing(stream_features(self._backbone, batches, cache=cache, computation=computation)) as stream:
            for batch in stream:
                part = self._waiting[0]
                part.batches.append(batch)
                self.computed += batch.computed
                self.from_cache += batch.from_cache
                done += len(batch.files)
                if part.is_full:
                    self._waiting.popleft().write(self._source, seen)
                yield done + self.from_parts
        yield done + self.from_parts

    @property
    def inputs(self) -> str:
        """Hash of all files, as ``describe_inputs`` describes them."""
        return self._inputs.hexdigest()

    def _missing_batches(self, files: Iterator[PictureFile], size: int) -> Iterator[tuple[PictureFile, ...]]:
        """Batches of the parts that are not finished, as the files come; no batch reaches into the next part."""
        while portion := tuple(islice(files, self._rows_per_file)):
            path = self._folder / f"features-{self.parts:06d}.npz"
            inputs = describe_inputs(portion)
            part = _Part(path, len(portion), hashlib.sha256(inputs).hexdigest())
            self._inputs.update(inputs)
            self.parts += 1
            if self._is_finished(part):
                self.from_parts += len(portion)
            else:
                self._waiting.append(part)
                yield from batches_of(portion, size)

    def _is_finished(self, part: _Part) -> bool:
        """Whether a part is there with the features of these files; a damaged one does not count."""
        try:
            found = FeatureFile(part.path)
            return (found.inputs, found.source) == (part.inputs, self._source)
        except DataError:
            return False


def _describe_source(backbone: Backbone, computation: Computation) -> str:
    """What computed the features, in words that change with anything that changes their values."""
    bits = {"32": "float32", "bf16": "bfloat16", "16": "float16"}[computation.precision]
    return f"{backbone.name}, extractor {backbone.fingerprint[:16]}, transform {backbone.transform.key}, {bits}"


def _make_room(folder: Path, source: str, overwrite: bool) -> None:
    """Raise DataError if the folder holds parts of other features; remove them if that is what is asked for."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file; for one file of features pass a name that ends in .npz: --out FILE.npz")
    found = _source_of(part_files(folder))
    if found not in (source, ""):
        if not overwrite:
            raise DataError(
                f"{folder} holds features of {found}, not of {source}; pass --overwrite to replace them, or another "
                "--out"
            )
        _remove_parts(folder)
    (folder / MANIFEST).unlink(missing_ok=True)


def _source_of(parts: Sequence[Path]) -> str:
    """What computed the first part; empty where there is none that can be read."""
    try:
        return FeatureFile(parts[0]).source if parts else ""
    except DataError:
        return ""


def _remove_parts(folder: Path) -> None:
    """Remove the parts and their manifest, and the folder where nothing else is in it."""
    for path in (*part_files(folder), folder / MANIFEST):
        path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _summed_up(
    parts: Sequence[FeatureFile], writer: _PartWriter, target: Path, source: str, feature_dim: int
) -> Exported:
    """What the parts hold together, with the skipped files listed. Raises DataError where there is no feature."""
    rows = unreadable = 0
    first: list[tuple[str, str]] = []
    for part in parts:
        skipped = part.unreadable
        rows, unreadable = rows + part.shape[0], unreadable + len(skipped)
        first += skipped[: _SHOWN_UNREADABLE - len(first)]
    if not rows:
        tried = "; ".join(f"{name} ({reason})" for name, reason in first[:5])
        raise DataError(
            f"none of {unreadable} pictures can be read: {tried}; pass other files"
            if unreadable
            else "there are no pictures to extract features of; pass other files"
        )
    return Exported(
        target=target,
        files=1 if target.suffix == ".npz" else len(parts),
        feature_dim=feature_dim,
        source=source,
        rows=rows,
        computed=writer.computed,
        from_cache=writer.from_cache,
        from_parts=writer.from_parts,
        unreadable=unreadable,
        unreadable_file=_list_unreadable(parts, target, unreadable),
        first_unreadable=tuple(first),
    )


def _kept(target: Path, source: str, files: Iterable[PictureFile]) -> Exported:
    """A finished file as it is, if it is of these files and this extractor. Raises DataError if it is not."""
    inputs, tried = hashlib.sha256(), 0
    for batch in batches_of(files, _FILES_AT_A_TIME):
        inputs.update(describe_inputs(batch))
        tried += len(batch)
    there = FeatureFile(target)
    if (there.source, there.inputs) != (source, inputs.hexdigest()):
        raise DataError(
            f"{target} is already there, of other pictures or another extractor ({there.source}); pass --overwrite to "
            "replace it, or another --out"
        )
    rows, dim = there.shape
    listed = _unreadable_path(target)
    return Exported(
        target=target,
        files=1,
        feature_dim=dim,
        source=source,
        rows=rows,
        from_parts=tried,
        unreadable=tried - rows,
        unreadable_file=listed if listed.is_file() else None,
        first_unreadable=_first_listed(listed) if listed.is_file() else (),
    )


def _unreadable_path(target: Path) -> Path:
    """Where the skipped pictures of a target are listed: in the folder, or beside the file."""
    return target / UNREADABLE if target.suffix != ".npz" else target.with_name(f"{target.stem}.{UNREADABLE}")


def _first_listed(path: Path) -> tuple[tuple[str, str], ...]:
    """(name, reason) of the first pictures in a list of skipped ones."""
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        entries = (line.rstrip("\n").partition("\t") for line in islice(file, _SHOWN_UNREADABLE))
        return tuple((name, reason) for name, _, reason in entries)


def _list_unreadable(parts: Sequence[FeatureFile], target: Path, total: int) -> Path | None:
    """Write the list of skipped files; without any there is none."""
    path = _unreadable_path(target)
    if not total:
        path.unlink(missing_ok=True)
        return None
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", errors="surrogateescape") as file:
        for part in parts:
            file.writelines(f"{name}\t{reason}\n" for name, reason in part.unreadable)
    return path


def _write_manifest(folder: Path, result: Exported) -> None:
    about = {"rows": result.rows, "feature_dim": result.feature_dim, "unreadable": result.unreadable}
    files = [path.name for path in part_files(folder)]
    manifest = {"format": FORMAT, "source": result.source, **about, "files": files}
    write_text_atomically(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
