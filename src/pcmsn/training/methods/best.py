"""Preset ``best``, on the features, epochs and batches that all methods of a comparison get."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from pcmsn.training.configuration import build_config
from pcmsn.training.methods.fitting.own_run import fit_run
from pcmsn.training.methods.fitting.task import Fitted, Task


@dataclass(frozen=True, kw_only=True)
class Best:
    """Model, losses, optimisation and batches of the preset; data, features, length and seed of the comparison."""

    title: ClassVar[str] = "preset best"
    uses_class_vectors: ClassVar[bool] = True

    def fit(self, task: Task) -> Fitted:
        """A run with the preset's own parts."""
        best = build_config(preset="best")
        config = replace(
            task.config,
            preset="best",
            model=replace(best.model, dim=task.config.model.dim),
            loss=best.loss,
            optimisation=best.optimisation,
            training=replace(task.config.training, pairs_per_class=best.training.pairs_per_class),
        )
        return fit_run(config, task)


METHOD = Best()
