"""``pcmsn features extract``: from what a user names (a data set, a folder, a list) to feature files."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data.datasets import open_dataset
from pcmsn.data.layouts import PhotoVariant
from pcmsn.data.picture_files import PictureFile, files_below, files_in_list, files_of
from pcmsn.data.records import Modality
from pcmsn.errors import ConfigError, DataError
from pcmsn.features.backbones.base import Extractors
from pcmsn.features.backbones.load import load_extractors
from pcmsn.features.config import Layers, Resize
from pcmsn.features.export import ROWS_PER_FILE, Exported, export_features
from pcmsn.features.forward import Computation
from pcmsn.features.store import FeatureCache
from pcmsn.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class ExtractionRequest:
    """Which pictures, through which network, into which files. Raises ConfigError for what does not go together."""

    backbone: str
    """In one of the forms of ``load_extractors``."""
    out: Path
    """A file ``.npz``, or a folder: for ``sketch.npz`` and ``photo.npz`` of a data set, else for numbered parts."""
    dataset: str | None = None
    """As for ``open_dataset``. With a folder or a list only ``vgg16`` needs it, whose networks are of a data set."""
    data_root: Path = Path("./ZS-SBIR")
    photos: PhotoVariant = "extended"
    folder: Path | None = None
    """All pictures below it."""
    lines: Iterable[str] | None = None
    """Lines with one path each, read as they come, for example from standard input."""
    list_file: Path | None = None
    """A text file with one path a line."""
    modality: Modality | None = None
    """Of a data set, the side whose features are wanted; of other pictures, the network that they go through."""
    model_root: Path = Path("./model")
    resize: Resize = "squash"
    layers: Layers = "last"
    rows_per_file: int = ROWS_PER_FILE
    overwrite: bool = False

    def __post_init__(self) -> None:
        given = {
            "--dataset": self.dataset is not None and (self.of_dataset or self.backbone != "vgg16"),
            "--folder": self.folder is not None,
            "--list": self.list_file is not None or self.lines is not None,
        }
        if sum(given.values()) != 1:
            named = " and ".join(name for name, is_given in given.items() if is_given)
            raise ConfigError(f"expected one of --dataset, --folder and --list, got {named or 'none of them'}")
        if self.backbone == "vgg16" and self.dataset is None:
            raise ConfigError(
                "--backbone vgg16 is a pair of networks for each data set; say whose: --dataset, for example Sketchy"
            )
        if self.of_dataset and self.modality is None and self.out.suffix == ".npz":
            raise ConfigError(
                f"both sides of a data set make two files, got --out {self.out}; pass a folder, or --modality sketch "
                "or photo"
            )

    @property
    def of_dataset(self) -> bool:
        """Whether the pictures are a data set's."""
        return self.folder is None and self.list_file is None and self.lines is None


@dataclass(frozen=True)
class _Task:
    """Pictures whose features go to one place."""

    name: str
    modality: Modality | None
    files: Iterable[PictureFile]
    total: int | None
    target: Path


def extract_to_files(
    request: ExtractionRequest,
    *,
    computation: Computation,
    cache: FeatureCache | None = None,
    progress: Progress = silent,
) -> tuple[Exported, ...]:
    """Write the features that were asked for and say what was written, one entry for each target.

    Features that an earlier call wrote are kept, see ``export_features``. Raises PcmsnError's subclasses.
    """
    with ExitStack() as stack:
        tasks = _tasks(request, stack, progress)
        extractors = load_extractors(
            request.backbone,
            dataset_name=_dataset_name(request),
            model_root=request.model_root,
            resize=request.resize,
            layers=request.layers,
        )
        return tuple(_run(task, extractors, request, computation, cache, progress) for task in tasks)


def _run(
    task: _Task,
    extractors: Extractors,
    request: ExtractionRequest,
    computation: Computation,
    cache: FeatureCache | None,
    report: Progress,
) -> Exported:
    if task.modality is None and extractors.sketch is not extractors.photo:
        raise ConfigError(
            f"--backbone {request.backbone} is a network for each modality; say whose these pictures are: --modality "
            "sketch or photo"
        )
    return export_features(
        extractors.sketch if task.modality == "sketch" else extractors.photo,
        task.files,
        task.target,
        cache=cache,
        computation=computation,
        rows_per_file=request.rows_per_file,
        overwrite=request.overwrite,
        progress=report,
        stage=task.name,
        total=task.total,
    )


def _dataset_name(request: ExtractionRequest) -> str:
    name = request.dataset or ""
    return Path(name).resolve().name if Path(name).is_dir() else name


def _tasks(request: ExtractionRequest, stack: ExitStack, report: Progress) -> list[_Task]:
    if request.of_dataset:
        return _tasks_of_dataset(request, report)
    if request.folder is not None:
        total = sum(1 for _ in files_below(request.folder))
        return [_Task("features", request.modality, files_below(request.folder), total, request.out)]
    if request.list_file is None:
        return [_Task("features", request.modality, files_in_list(request.lines or ()), None, request.out)]
    total = sum(1 for _ in files_in_list(_lines(request.list_file, stack)))
    lines = _lines(request.list_file, stack)
    return [_Task("features", request.modality, files_in_list(lines), total, request.out)]


def _tasks_of_dataset(request: ExtractionRequest, report: Progress) -> list[_Task]:
    dataset = open_dataset(
        request.dataset or "",
        request.data_root,
        photos=request.photos,
        progress=lambda done, total: report("drawing the toy world", done, total),
    )
    chosen = [
        pictures for pictures in (dataset.sketches, dataset.photos) if request.modality in (None, pictures.modality)
    ]
    return [
        _Task(
            f"{pictures.modality} features",
            pictures.modality,
            files_of(pictures),
            len(pictures),
            request.out if request.modality else request.out / f"{pictures.modality}.npz",
        )
        for pictures in chosen
    ]


def _lines(path: Path, stack: ExitStack) -> Iterable[str]:
    try:
        return stack.enter_context(path.open(encoding="utf-8-sig", errors="surrogateescape"))
    except OSError as error:
        raise DataError(f"{path} cannot be read as a list of files: {error.strerror or error}") from error
