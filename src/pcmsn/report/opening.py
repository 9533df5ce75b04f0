"""What a report is asked for, and those of its contents that stand in the run folder."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pcmsn.data.records import Dataset, Pictures
from pcmsn.errors import ReportError, did_you_mean, enumerate_names
from pcmsn.evaluation.families import FAMILIES, MetricFamily
from pcmsn.evaluation.intervals import Resampled
from pcmsn.report.contents import DataPart, Training
from pcmsn.training.run_folder import HISTORY, RunFolder, TrainedModel
from pcmsn.training.trained_run import Moved


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """Which run to report on, what to measure, and where its data is now."""

    run: Path
    """The run folder."""
    families: tuple[str, ...] = tuple(FAMILIES)
    """Names of metric families; the first decides on rankings, bars and examples."""
    generalized: tuple[str, ...] = ()
    """Names of generalised protocols."""
    intervals: Resampled | None = None
    """What bootstrap intervals resample; None leaves them out."""
    pictures: bool = True
    """Whether to show example queries."""
    data_root: str | None = None
    """Where the data sets are now; None is where they were in training."""
    backbone: str | None = None
    """The backbone's text now, as for ``pcmsn train``; None is that of training."""
    model_root: str | None = None
    """Where the released VGG16 files are now; None is where they were in training."""
    cache: Path
    """Folder of the feature cache."""
    device: str = "auto"
    seed: int = 0
    """Of the t-SNE."""
    command: str = ""
    """As typed, to be repeated."""

    @property
    def moved(self) -> Moved:
        """Where data and extractors are now."""
        return Moved(self.data_root, self.backbone, self.model_root)


def chosen_families(names: Sequence[str]) -> tuple[MetricFamily, ...]:
    """The families of these names, each once. Raises ReportError for an unknown one, and for none."""
    if not names:
        raise ReportError(f"no metric family was named; expected some of {enumerate_names(FAMILIES)}")
    for name in names:
        if name not in FAMILIES:
            hint = did_you_mean(name, FAMILIES)
            raise ReportError(f"no metric family {name!r}{hint}; --metrics-families takes {enumerate_names(FAMILIES)}")
    return tuple(FAMILIES[name] for name in dict.fromkeys(names))


def load_run(run: Path) -> TrainedModel:
    """The best epoch of a run folder. Raises ReportError for a released checkpoint, which has no record of its run."""
    if run.suffix == ".pth":
        raise ReportError(
            f"{run} is a released checkpoint: it does not say what it was trained on, how, or how it went; expected a "
            f"folder that pcmsn train --out wrote. For its scores alone: pcmsn test --run {run}"
        )
    return RunFolder(run).load_trained()


def read_history(run: Path, best_epoch: int) -> Training:
    """The rows of a run's ``history.csv``, none where it is missing. Raises ReportError for one that is damaged."""
    path = run / HISTORY
    if not path.exists():
        return Training((), best_epoch)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = tuple({name: float(value) for name, value in row.items()} for row in csv.DictReader(file))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ReportError(
            f"{path} cannot be read as a table of numbers ({error}); delete it to make the report without its curves"
        ) from error
    if any("epoch" not in row for row in rows):
        raise ReportError(f"{path} has no column 'epoch'; delete it to make the report without its curves")
    return Training(rows, best_epoch)


def data_parts(trained: TrainedModel, dataset: Dataset | None, unreadable: dict[str, int]) -> tuple[DataPart, ...]:
    """How many pictures each part of the split has; ``unreadable`` has counts for the parts that were read.

    ``dataset`` is None where the pictures are gone.
    """
    split = trained.record.split
    parts = []
    for name, classes in (("train", split.train), ("val", split.val), ("test", split.test)):
        part = dataset.of_classes(classes) if dataset else None
        sketches, photos = (_extent(part.sketches), _extent(part.photos)) if part else (None, None)
        parts.append(DataPart(name, classes, sketches, photos, unreadable.get(name)))
    return tuple(parts)


def _extent(pictures: Pictures) -> tuple[int, int, int]:
    """All pictures, those of the smallest class, and those of the largest."""
    counts = pictures.counts().values()
    return sum(counts), min(counts), max(counts)
