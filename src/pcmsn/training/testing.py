"""Testing a trained model on unseen classes: embeddings, codes, and the scores of both protocols."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pcmsn.device import pick_device
from pcmsn.errors import EvaluationError
from pcmsn.evaluation.embeddings_file import Embeddings, write_embeddings
from pcmsn.evaluation.examples import choose_queries, query_results
from pcmsn.evaluation.families import MetricFamily, metric_family
from pcmsn.evaluation.grid import retrieval_grid
from pcmsn.evaluation.intervals import Resampled
from pcmsn.evaluation.ranking import nearest_photos
from pcmsn.evaluation.scoring import Scores
from pcmsn.features.backbones.base import Source, Sources
from pcmsn.features.store import FeatureCache
from pcmsn.features.tables import ExtractionSettings, FeatureTables, feature_tables
from pcmsn.hashing.itq import ITQ
from pcmsn.model.retrieval_model import RetrievalModel
from pcmsn.progress import Progress
from pcmsn.seeding import numpy_generator
from pcmsn.training.configuration import build_config
from pcmsn.training.loop import embed, fit_itq
from pcmsn.training.preparation import open_extractors
from pcmsn.training.protocols import (
    EmbeddedPictures,
    FittedOn,
    Generalized,
    Protocol,
    check_generalized,
    generalize,
    protocol_classes,
)
from pcmsn.training.released import load_released_model, read_released_path
from pcmsn.training.run_folder import RunFolder
from pcmsn.training.split_dataset import SplitDataset, open_split_dataset
from pcmsn.training.trained_run import Moved, embedded, open_trained_run


@dataclass(frozen=True, kw_only=True)
class Measures:
    """How embeddings are scored."""

    family: MetricFamily
    generalized: tuple[Generalized, ...] = ()
    """Protocols beside those of the split, in which seen classes compete with the reported unseen ones."""
    itq_fitted_on: FittedOn = "training"
    """``released`` fits the codes of each protocol on its own queries instead of using the model's ITQ."""
    intervals: Resampled | None = None
    """What is resampled for confidence intervals; None makes none."""
    expand: int | None = None
    """So many photos expand each query in another row of scores; None leaves the row out."""


@dataclass(frozen=True, eq=False)
class ProtocolScores:
    """The scores under one protocol: what is queried and what makes up the gallery."""

    protocol: Protocol
    classes: int
    """Number of unseen classes among those queried."""
    chance: float
    """About what a random order of the gallery scores in mAP@all, in 0..1."""
    real: Scores
    binary: Scores
    binary_neutral: Scores
    """The binary codes by the family ``NEUTRAL``: ties, which are many among codes, count as in random order."""
    expanded: Scores | None = None
    """The real-valued scores of expanded queries, which look at the gallery; None where they were not asked for."""

    def with_intervals(self, resample: Resampled) -> ProtocolScores:
        """The same scores with bootstrap intervals; all runs draw the same resamples, so that they can be compared."""

        def with_own(scores: Scores) -> Scores:
            return scores.with_intervals(numpy_generator(0, "intervals", self.protocol), resample)

        return replace(
            self,
            real=with_own(self.real),
            binary=with_own(self.binary),
            binary_neutral=with_own(self.binary_neutral),
            expanded=None if self.expanded is None else with_own(self.expanded),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "classes": self.classes,
            "chance": self.chance,
            "real": self.real.to_dict(),
            "binary": self.binary.to_dict(),
            "binary_neutral": self.binary_neutral.to_dict(),
            **({"expanded": self.expanded.to_dict()} if self.expanded else {}),
        }


def unseen_tables(
    split_dataset: SplitDataset, extractors: Sources[Source], settings: ExtractionSettings
) -> FeatureTables:
    """Features of the pictures of the reported protocol's classes, which contain those of every other protocol."""
    reported = next(iter(protocol_classes(split_dataset.split).values()))
    return feature_tables(split_dataset.dataset, reported, extractors, settings)


@dataclass(frozen=True, eq=False)
class Assessment:
    """Everything that a test run found."""

    title: str
    family: MetricFamily
    bits: int
    protocols: tuple[ProtocolScores, ...]
    """The reported one first."""
    unseen: EmbeddedPictures
    """What the first protocol asks and searches."""
    notes: tuple[str, ...] = ()
    itq: FittedOn = "training"
    """What the binary codes were fitted on."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the protocols by name."""
        return {
            "run": self.title,
            "metrics": self.family.name,
            "bits": self.bits,
            "itq": self.itq,
            "notes": list(self.notes),
            **{scores.protocol: scores.to_dict() for scores in self.protocols},
        }

    def write_embeddings(self, target: Path) -> None:
        """Write the embeddings of the first protocol with class names as labels, for ``pcmsn score``."""
        sketches, photos = self.unseen.sketch_pictures, self.unseen.photo_pictures
        write_embeddings(
            target,
            Embeddings(
                sketch_embedding=self.unseen.sketches,
                sketch_label=np.array(sketches.classes)[sketches.labels],
                photo_embedding=self.unseen.photos,
                photo_label=np.array(photos.classes)[photos.labels],
            ),
        )

    def write_grid(self, target: Path, title: str, *, caption: str = "", rows: int = 8, columns: int = 10) -> None:
        """Write a picture of query sketches with their nearest photos; no query is chosen for its looks.

        Raises EvaluationError where none of these pictures is on disk, which can happen with ready-made features.
        """
        unseen, scores = self.unseen, self.protocols[0].real
        queries = choose_queries(scores.average_precision, unseen.sketch_pictures.labels, rows)
        nearest = nearest_photos(unseen.sketches[queries], unseen.photos, columns, self.family.distance)
        results = query_results(unseen.sketch_pictures, unseen.photo_pictures, queries, nearest)
        if not any(result.sketch.is_file() for result in results):
            raise EvaluationError(
                f"{target} cannot be drawn: no picture is on disk, for example {results[0].sketch}; leave out --grid, "
                "or say where the pictures of these features are: --data-root"
            )
        how = "Of each class the query with median average precision, classes from the best to the worst."
        retrieval_grid(results, title=title, caption=f"{caption} {how}".strip(), target=target)


def assess(
    model: RetrievalModel,
    itq: ITQ,
    split_dataset: SplitDataset,
    extractors: Sources[Source],
    settings: ExtractionSettings,
    measures: Measures,
    *,
    title: str,
    notes: tuple[str, ...] = (),
) -> Assessment:
    """Embed the unseen classes once and score their protocols, real-valued and binary."""
    tables = unseen_tables(split_dataset, extractors, settings)
    unreadable = len(tables.unreadable)
    unseen = embedded(model, tables)
    parts = {protocol: unseen.of_classes(names) for protocol, names in protocol_classes(split_dataset.split).items()}
    reported = next(iter(parts.values()))
    if measures.generalized:
        seen_tables = feature_tables(split_dataset.dataset, split_dataset.split.train, extractors, settings)
        unreadable += len(seen_tables.unreadable)
        seen = embedded(model, seen_tables)
        parts |= {form: generalize(form, reported, seen) for form in measures.generalized}
    protocols = []
    for protocol, part in parts.items():
        queried = reported if protocol in measures.generalized else part
        protocols.append(_protocol_scores(protocol, len(queried.classes), part, itq, measures))
    notes = (*split_dataset.notes, *notes)
    if unreadable:
        notes = (*notes, f"{unreadable} unreadable pictures were left out.")
    return Assessment(
        title=title,
        family=measures.family,
        bits=itq.bits,
        protocols=tuple(protocols),
        unseen=reported,
        notes=notes,
        itq=measures.itq_fitted_on,
    )


def _protocol_scores(
    protocol: Protocol, classes: int, part: EmbeddedPictures, itq: ITQ, measures: Measures
) -> ProtocolScores:
    """The scores of one protocol's queries and gallery, which ``part`` holds."""
    family, expand = measures.family, measures.expand
    binary, binary_neutral = part.score_codes_and_neutral(itq, family, measures.itq_fitted_on)
    scores = ProtocolScores(
        protocol=protocol,
        classes=classes,
        chance=part.chance,
        real=part.score(family),
        binary=binary,
        binary_neutral=binary_neutral,
        expanded=None if expand is None else part.score_expanded(family, expand),
    )
    return scores if measures.intervals is None else scores.with_intervals(measures.intervals)


def assess_run(
    run: Path,
    *,
    family: str,
    data_root: str | None = None,
    backbone: str | None = None,
    model_root: str | None = None,
    generalized: tuple[str, ...] = (),
    itq_fitted_on: FittedOn = "training",
    intervals: Resampled | None = None,
    expand: int | None = None,
    cache: Path,
    device: str = "auto",
    progress: Progress | None = None,
) -> Assessment:
    """Test a run folder or a released ``model_best.pth``.

    ``family`` and ``generalized`` are names; they, ``itq_fitted_on``, ``intervals`` and ``expand`` are explained in
    ``Measures``. ``data_root``, ``backbone`` and ``model_root`` say where things are now, if that changed since
    training. Raises EvaluationError for an unknown name, CheckpointError when the extractor is not the one that the run
    was trained on.
    """
    device = pick_device(device)
    settings = ExtractionSettings(FeatureCache(cache), device=device, progress=progress)
    moved = Moved(data_root, backbone, model_root)
    measures = Measures(
        family=metric_family(family),
        generalized=check_generalized(generalized),
        itq_fitted_on=itq_fitted_on,
        intervals=intervals,
        expand=expand,
    )
    if run.suffix == ".pth":
        return _assess_released(run, moved, settings, measures, progress)
    trained = RunFolder(run).load_trained()
    opened = open_trained_run(run, trained, moved, settings, progress)
    config = opened.config
    title = (
        f"{trained.record.dataset}, split {opened.split_dataset.split.name}, preset {config.preset}, "
        f"seed {config.training.seed}, {opened.extractors.photo.name}"
    )
    unfinished = f"training is not finished: {trained.record.epochs_done} of {config.training.epochs} epochs."
    return assess(
        trained.model.to(device),
        trained.itq,
        opened.split_dataset,
        opened.extractors,
        settings,
        measures,
        title=title,
        notes=() if trained.record.finished else (unfinished,),
    )


def _assess_released(
    path: Path, moved: Moved, settings: ExtractionSettings, measures: Measures, progress: Progress | None
) -> Assessment:
    """Test a released checkpoint; ITQ is fitted here on the training classes, as the checkpoint has none."""
    released = read_released_path(path)
    overrides = {
        "data": {"dataset": released.dataset, "photos": released.photos},
        "semantics": {"sources": released.sources},
    }
    config = moved.applied_to(build_config(preset="released", overrides=overrides))
    split_dataset = open_split_dataset(config, progress)
    extractors = open_extractors(config, split_dataset, path.parent, progress)
    sketch, photo = extractors.feature_dims
    model = load_released_model(path, sketch_dim=sketch, photo_dim=photo, dim=released.dim).to(settings.device)
    train = feature_tables(split_dataset.dataset, split_dataset.split.train, extractors, settings)
    itq = fit_itq(embed(model, train), model.config.dim, numpy_generator(0, "itq"))
    title = f"{path.parent.name}, {extractors.photo.name}"
    return assess(model, itq, split_dataset, extractors, settings, measures, title=title)
