"""Methods over seeds on one set of features: run, gathered, and made into rows that say what they rest on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcmsn.data.atomic import write_text_atomically
from pcmsn.device import pick_device
from pcmsn.errors import ConfigError
from pcmsn.evaluation.families import metric_family
from pcmsn.evaluation.scoring import SCORE_NAMES
from pcmsn.progress import Progress
from pcmsn.training.config import RunConfig
from pcmsn.training.experiments.inputs import ExperimentInputs, prepare_inputs, write_semantic
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.runner import Outcome, Report, run_jobs
from pcmsn.training.experiments.tables import Spread
from pcmsn.training.methods import check_methods, load_method
from pcmsn.training.methods.comparing.job import MethodSettings, fit_and_score
from pcmsn.training.preparation import open_class_vectors, own_spec
from pcmsn.training.split_dataset import SplitDataset, open_split_dataset, resolved

COMPARISON = "comparison.json"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method under one protocol, real-valued or binary."""

    method: str
    title: str
    backbone: str
    dim: int
    """Elements of an embedding."""
    bits: int | None
    """Of a binary code; None for real-valued embeddings."""
    protocol: str
    scores: Mapping[str, Spread]
    """By metric: mAP@all, mAP@200, P@100, P@200, each in 0..1."""
    seconds: Spread
    """Time to fit the method: with validation, without features and scoring, on the threads that its process had."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in ("method", "title", "backbone", "dim", "bits", "protocol")},
            **{name: _plain(spread) for name, spread in self.scores.items()},
            "seconds": _plain(self.seconds),
        }


@dataclass(frozen=True)
class Comparison:
    """The table of all methods."""

    dataset: str
    split: str
    backbone: str
    family: str
    """The metric family that scores follow."""
    seeds: tuple[int, ...]
    rows: tuple[Row, ...]
    """By protocol, the reported one first, then by method in the order asked for, real-valued before binary."""
    failures: Mapping[str, str]
    """Why a method has no figures from a seed, by ``method, seed N``; that method has no rows."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "dataset": self.dataset,
            "split": self.split,
            "backbone": self.backbone,
            "metrics": self.family,
            "seeds": list(self.seeds),
            "rows": [row.to_dict() for row in self.rows],
            "failures": dict(self.failures),
            "notes": list(self.notes),
        }


def compare_methods(
    config: RunConfig,
    methods: Sequence[str],
    seeds: Sequence[int],
    folder: Path,
    *,
    family: str,
    cache: Path,
    device: str = "auto",
    processes: int | None = None,
    progress: Progress | None = None,
    report: Callable[[Report], None] = lambda report: None,
) -> Comparison:
    """Every method from every seed on the configuration's data, in parallel processes; what is stored is not run again.

    ``folder`` gets the features, the result of each method and seed, PCMSN's run folders and ``comparison.json``;
    ``family`` names the metrics. Raises subclasses of PcmsnError for what does not fit, before anything is extracted.
    """
    _check_request(methods, seeds)
    metric_family(family)
    device = pick_device(device)
    config = resolved(config)
    config_of_jobs = with_extractors_of(config, folder)
    loaded = {name: load_method(name) for name in methods}
    split_dataset = open_split_dataset(config, progress)
    vectors = _class_vectors(config, split_dataset) if any(m.uses_class_vectors for m in loaded.values()) else None
    inputs = prepare_inputs(config, folder, split_dataset=split_dataset, cache=cache, device=device, progress=progress)
    settings = partial(
        MethodSettings,
        config=config_of_jobs,
        family=family,
        out=folder.resolve(),
        device=device,
    )
    semantic = "" if vectors is None else write_semantic(inputs.folder, vectors)
    jobs = [
        Job(
            name=job_name(name, seed),
            settings=settings(name=name, method=method, semantic=semantic if method.uses_class_vectors else ""),
            seed=seed,
            folder=inputs.folder,
        )
        for name, method in loaded.items()
        for seed in seeds
    ]
    outcome = run_jobs(
        jobs, fit_and_score, folder=folder, inputs=inputs.fingerprint, processes=processes, progress=report
    )
    comparison = gather(inputs, {name: method.title for name, method in loaded.items()}, seeds, outcome, family)
    write_text_atomically(folder / COMPARISON, json.dumps(comparison.to_dict(), indent=1) + "\n")
    return comparison


def with_extractors_of(config: RunConfig, folder: Path) -> RunConfig:
    """The configuration that finds extractors where the preparation of the inputs trains them.

    Raises ConfigError where the extractors would be fine-tuned.
    """
    if config.backbone.finetune:
        raise ConfigError(
            "methods are compared on extractors that are there; fine-tune first (pcmsn finetune --out FOLDER), then "
            "pass --backbone finetuned:FOLDER"
        )
    spec = own_spec(config.backbone, folder.resolve())
    return replace(config, backbone=replace(config.backbone, spec=spec))


def job_name(method: str, seed: int) -> str:
    """The name of one method's run from one seed, for progress and failures."""
    return f"{method}, seed {seed}"


def gather(
    inputs: ExperimentInputs, titles: Mapping[str, str], seeds: Sequence[int], outcome: Outcome, family: str
) -> Comparison:
    """The rows of all methods that have a result from every seed; ``titles`` are by method."""
    rows: list[Row] = []
    notes: dict[str, None] = dict.fromkeys(inputs.notes)
    for name, title in titles.items():
        results = [outcome.results.get(job_name(name, seed)) for seed in seeds]
        found = [result for result in results if result is not None]
        if len(found) == len(seeds):
            rows += _rows(name, title, inputs.backbone, found)
            notes.update(dict.fromkeys(_notes(found)))
    protocols = list(dict.fromkeys(row.protocol for row in rows))
    rows.sort(key=lambda row: protocols.index(row.protocol))
    return Comparison(
        dataset=inputs.dataset,
        split=inputs.split.name,
        backbone=inputs.backbone,
        family=family,
        seeds=tuple(seeds),
        rows=tuple(rows),
        failures=dict(outcome.failures),
        notes=tuple(notes),
    )


def _rows(name: str, title: str, backbone: str, results: Sequence[Mapping[str, Any]]) -> list[Row]:
    first = results[0]
    return [
        Row(
            method=name,
            title=title,
            backbone=backbone,
            dim=first["dim"],
            bits=first["bits"] if kind == "binary" else None,
            protocol=protocol,
            scores={
                metric: Spread(tuple(result["scores"][protocol][kind][metric] for result in results))
                for metric in SCORE_NAMES
            },
            seconds=Spread(tuple(result["seconds"] for result in results)),
        )
        for protocol, kinds in first["scores"].items()
        for kind in kinds
    ]


def _notes(results: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"{protocol}: {note}"
        for result in results
        for protocol, kinds in result["scores"].items()
        for scores in kinds.values()
        for note in scores["notes"]
    ]


def _check_request(methods: Sequence[str], seeds: Sequence[int]) -> None:
    check_methods(methods)
    for what, values in (("method", methods), ("seed", seeds)):
        twice = sorted({str(value) for value in values if list(values).count(value) > 1})
        if twice:
            raise ConfigError(f"the {what} {twice[0]} is given more than once; name each {what} once")
        if not values:
            raise ConfigError(f"no {what} is given; expected at least one")


def _class_vectors(config: RunConfig, split_dataset: SplitDataset) -> NDArray[np.float32]:
    """The (seen classes, S) vectors. Raises SemanticsError where one is missing."""
    return open_class_vectors(config.semantics, split_dataset.dataset.name).of(split_dataset.split.train)


def _plain(spread: Spread) -> dict[str, Any]:
    return {"mean": spread.mean, "deviation": spread.deviation, "values": list(spread.values)}
