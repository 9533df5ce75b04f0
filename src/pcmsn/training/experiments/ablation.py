"""An ablation table over seeds: its rows as jobs on one set of features, and what they come to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.atomic import write_text_atomically
from pcmsn.device import pick_device
from pcmsn.errors import ConfigError, SemanticsError
from pcmsn.evaluation.scoring import SCORE_NAMES
from pcmsn.progress import Progress
from pcmsn.training.config import BackboneConfig, DataConfig, RunConfig, SemanticsConfig
from pcmsn.training.configuration import config_from_tables, config_to_tables, merge_tables
from pcmsn.training.experiments.ablation_tables import AblationRow, AblationTable
from pcmsn.training.experiments.inputs import ExperimentInputs, prepare_inputs, write_semantic
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.runner import Report, run_jobs
from pcmsn.training.experiments.tables import Order, Spread, order
from pcmsn.training.experiments.training_job import TrainingSettings, train_and_score
from pcmsn.training.preparation import open_class_vectors
from pcmsn.training.protocols import Protocol, protocol_classes
from pcmsn.training.split_dataset import SplitDataset, open_split_dataset
from pcmsn.training.tensor_file import write_rows

METRIC = "mAP@all"
"""The score that rows are compared by."""
VALIDATION = "validation"
"""Stands beside the protocols for the validation classes, on which each run's epoch was chosen."""


@dataclass(frozen=True, eq=False)
class RowResult:
    """One row's runs."""

    row: AblationRow
    runs: dict[int, dict[str, Any]]
    """What ``train_and_score`` gave, by seed; seeds whose run failed are missing."""
    order: Order | None
    """Whether it is above or below the row that it is said to be; None for the row that the others are built on."""

    def by_seed(self, protocol: str) -> dict[int, float]:
        """mAP@all of the real-valued embeddings of every run, by seed, under a protocol or ``VALIDATION``."""
        if protocol == VALIDATION:
            return {seed: run["validation_mAP@all"][run["best_epoch"] - 1] for seed, run in self.runs.items()}
        return {seed: run["scores"][protocol]["real"][METRIC] for seed, run in self.runs.items()}

    def spread(self, protocol: str) -> Spread | None:
        """What ``by_seed`` gives, with mean and spread; None where every run failed."""
        values = tuple(self.by_seed(protocol).values())
        return Spread(values) if values else None


@dataclass(frozen=True, eq=False)
class Ablation:
    """A whole table."""

    table: AblationTable
    inputs: ExperimentInputs
    config: RunConfig
    seeds: tuple[int, ...]
    protocols: tuple[Protocol, ...]
    """The reported one first."""
    rows: tuple[RowResult, ...]
    failures: dict[str, str]
    """Why a run has no result, by its name."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What the table shows, the one that the order of rows is judged on first."""
        return (VALIDATION, *self.protocols) if self.table.judged == "validation" else self.protocols

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "table": self.table.name,
            "dataset": self.inputs.dataset,
            "split": self.inputs.split.name,
            "backbone": self.inputs.backbone,
            "dimensions": self.config.model.dim,
            "preset": self.config.preset,
            "epochs": self.config.training.epochs,
            "seeds": list(self.seeds),
            "notes": list(self.inputs.notes),
            "failures": self.failures,
            "rows": [self._row_to_dict(result) for result in self.rows],
        }

    def _row_to_dict(self, result: RowResult) -> dict[str, Any]:
        paper, scores = result.row.paper, {}
        for protocol in (VALIDATION, *self.protocols):
            spread = result.spread(protocol)
            if spread is not None:
                scores[protocol] = {"mean": spread.mean, "deviation": spread.deviation, "values": list(spread.values)}
        return {
            "row": result.row.name,
            METRIC: scores,
            "paper": paper and {"Sketchy": paper.sketchy, "TU-Berlin": paper.tu_berlin},
            "above": result.row.above or None,
            "below": result.row.below or None,
            "order": result.order,
            "runs": {str(seed): run for seed, run in result.runs.items()},
        }

    def run_rows(self) -> list[dict[str, Any]]:
        """One flat row a run, for CSV: every score of every protocol, real-valued and binary."""
        return [
            {
                "row": result.row.name,
                "seed": seed,
                "best_epoch": run["best_epoch"],
                f"{VALIDATION} real {METRIC}": result.by_seed(VALIDATION)[seed],
                "epochs": run["epochs"],
                "seconds_per_epoch": round(run["seconds_per_epoch"], 3),
                **{
                    f"{protocol} {kind} {name}": scores[name]
                    for protocol, kinds in run["scores"].items()
                    for kind, scores in kinds.items()
                    for name in SCORE_NAMES
                },
            }
            for result in self.rows
            for seed, run in result.runs.items()
        ]

    def write(self, out: Path) -> tuple[Path, Path]:
        """Write ``<table>.json`` (``to_dict``) and ``<table>.csv`` (``run_rows``) to a folder, and give their paths."""
        as_json, as_csv = out / f"{self.table.name}.json", out / f"{self.table.name}.csv"
        write_text_atomically(as_json, json.dumps(self.to_dict(), indent=1) + "\n")
        write_rows(as_csv, self.run_rows())
        return as_json, as_csv


def run_ablation(
    config: RunConfig,
    table: AblationTable,
    seeds: Sequence[int],
    out: Path,
    *,
    family: str = "sem-pcyc",
    cache: Path,
    device: str = "auto",
    processes: int | None = None,
    progress: Progress | None = None,
    report: Callable[[Report], None] = lambda report: None,
) -> Ablation:
    """Every row trained with every seed, and the order of the rows judged; runs that ``out`` holds are not repeated.

    ``family`` names the metrics. Raises subclasses of PcmsnError before any row is trained; SemanticsError names every
    missing file of side information. A run that fails leaves a hole and its reason in ``failures``.
    """
    device = pick_device(device)
    configs = {row.name: with_options(config, row) for row in table.rows}
    split_dataset = open_split_dataset(config, progress)
    vectors = _class_vectors(configs, split_dataset)
    inputs = prepare_inputs(config, out, split_dataset=split_dataset, cache=cache, device=device, progress=progress)
    jobs = {
        (row.name, seed): Job(
            name=f"{row.name}, seed {seed}",
            settings=TrainingSettings(
                config=_without_places(configs[row.name]),
                semantic=write_semantic(inputs.folder, vectors[row.name]),
                family=family,
                device=device,
            ),
            seed=seed,
            folder=inputs.folder,
        )
        for seed in seeds
        for row in table.rows
    }
    outcome = run_jobs(
        list(jobs.values()),
        train_and_score,
        folder=out,
        inputs=inputs.fingerprint,
        processes=processes,
        progress=report,
    )
    runs = {
        row.name: {
            seed: outcome.results[job.name] for seed in seeds if (job := jobs[row.name, seed]).name in outcome.results
        }
        for row in table.rows
    }
    return _collected(config, table, tuple(seeds), inputs, runs, outcome.failures)


def with_options(config: RunConfig, row: AblationRow) -> RunConfig:
    """The configuration of a row: its named options win.

    Raises ConfigError for options that are none, and for those that all rows have in common.
    """
    try:
        changed = config_from_tables(merge_tables(config_to_tables(config), row.options))
    except ConfigError as error:
        raise ConfigError(f"row {row.name!r}: {error}") from error
    if _common(changed) != _common(config):
        raise ConfigError(
            f"row {row.name!r} changes what all rows have in common: data, features or the seed. Pass it to the whole "
            "table instead, as an option or in --config, with an --out of its own"
        )
    return changed


def _common(config: RunConfig) -> tuple[object, ...]:
    """What decides the inputs that rows share."""
    backbone = replace(config.backbone, standardise=BackboneConfig().standardise)
    return config.data, config.semantics.root, backbone, config.training.seed


def _class_vectors(configs: dict[str, RunConfig], split_dataset: SplitDataset) -> dict[str, NDArray[np.float32]]:
    """The (seen classes, S) vectors of every row, by its name; SemanticsError says everything that is missing."""
    dataset, seen = split_dataset.dataset.name, split_dataset.split.train
    settings = {config.semantics.sources: config.semantics for config in configs.values()}
    problems: list[str] = []
    for semantics in settings.values():
        # Each source by itself, so that all that are missing are named; no sources at all are a problem of their own.
        each = [replace(semantics, sources=(source,)) for source in semantics.sources] or [semantics]
        for alone in each:
            try:
                open_class_vectors(alone, dataset).of(seen)
            except SemanticsError as error:
                problems.append(str(error))
    if problems:
        raise SemanticsError("\n".join(dict.fromkeys(problems)))
    vectors = {sources: open_class_vectors(semantics, dataset).of(seen) for sources, semantics in settings.items()}
    return {row: vectors[config.semantics.sources] for row, config in configs.items()}


def _collected(
    config: RunConfig,
    table: AblationTable,
    seeds: tuple[int, ...],
    inputs: ExperimentInputs,
    runs: dict[str, dict[int, dict[str, Any]]],
    failures: dict[str, str],
) -> Ablation:
    protocols = tuple(protocol_classes(inputs.split))
    plain = {row.name: RowResult(row, runs[row.name], None) for row in table.rows}
    judged = VALIDATION if table.judged == "validation" else protocols[0]
    rows = tuple(replace(plain[row.name], order=_order(plain, row, judged)) for row in table.rows)
    return Ablation(table, inputs, config, seeds, protocols, rows, failures)


def _order(results: Mapping[str, RowResult], row: AblationRow, protocol: str) -> Order | None:
    """Whether a row is above, or below, the row that it is said to be; None where it is said to be neither."""
    other = row.above or row.below
    if not other:
        return None
    own, others = results[row.name].by_seed(protocol), results[other].by_seed(protocol)
    return order(own, others) if row.above else order(others, own)


def _without_places(config: RunConfig) -> RunConfig:
    """The configuration without what says where things are, and the seed, which a job has: they decide no result."""
    return replace(
        config,
        data=DataConfig(),
        semantics=SemanticsConfig(sources=tuple(sorted(config.semantics.sources))),
        backbone=BackboneConfig(standardise=config.backbone.standardise),
        training=replace(config.training, seed=0),
    )
