"""One method from one seed, from feature tables to the scores of every protocol: the job of a comparison."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pcmsn.hashing.itq import ITQ
from pcmsn.seeding import numpy_generator
from pcmsn.training.config import RunConfig
from pcmsn.training.experiments.inputs import ExperimentInputs, open_inputs, read_semantic
from pcmsn.training.experiments.results import Job
from pcmsn.training.experiments.scores import score_unseen
from pcmsn.training.loop import fit_itq
from pcmsn.training.methods.fitting.task import Embeddings, Method, Task

BITS = 64
"""Of the codes that methods are compared by."""


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """All that decides a method's result beside the seed and the features."""

    name: str
    method: Method
    config: RunConfig
    """Its seed is the job's."""
    semantic: str
    """Fingerprint of the seen classes' vectors, which ``write_semantic`` gave; empty for a method that uses none."""
    family: str
    """The metric family that scores follow."""
    out: Path
    """The folder of the comparison; below it, a method may leave files in a folder of its own."""
    device: str = "cpu"


def fit_and_score(job: Job) -> dict[str, Any]:
    """The scores of one method and seed by protocol, real-valued and binary, with what it took to get them."""
    settings: MethodSettings = job.settings
    inputs = open_inputs(job.folder)
    task = method_task(settings, inputs, job.seed)
    start = time.perf_counter()
    fitted = settings.method.fit(task)
    seconds = time.perf_counter() - start
    sketches, photos = fitted.embed(inputs.unseen)
    itq = fit_codes(fitted.embed(inputs.train), job.seed)
    return {
        "dim": sketches.shape[1],
        "bits": itq.bits if itq else None,
        "seconds": seconds,
        "best_epoch": fitted.best_epoch,
        "epochs": fitted.epochs_done,
        "validation_mAP@all": fitted.validation_map,
        "scores": score_unseen(inputs, sketches, photos, family=settings.family, itq=itq),
    }


def method_task(settings: MethodSettings, inputs: ExperimentInputs, seed: int) -> Task:
    """What the method is given: the seen and the validation classes of the inputs."""
    if settings.semantic:
        semantic = read_semantic(inputs.folder, settings.semantic)
    else:
        semantic = np.zeros((len(inputs.train.classes), 0), np.float32)
    data = inputs.training_data(semantic)
    return Task(
        data=data,
        config=replace(settings.config, training=replace(settings.config.training, seed=seed)),
        record=inputs.run_record(data, settings.config.semantics.sources),
        folder=settings.out / f"{settings.name}-seed{seed}",
        device=settings.device,
    )


def fit_codes(embeddings: Embeddings, seed: int) -> ITQ | None:
    """64-bit codes as in a run folder of PCMSN, learned from (Q, D) and (N, D) embeddings of the training classes.

    None where D is below 64.
    """
    if embeddings[0].shape[1] < BITS:
        return None
    return fit_itq(embeddings, BITS, numpy_generator(seed, "itq"))
